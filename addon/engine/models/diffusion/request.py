# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a diffusion model: which files it is made of, and what one picture shall be.

Neither PyTorch nor diffusers is needed to write these down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy.typing as npt
from numpy import float32, uint8

Image8 = npt.NDArray[uint8]
"""A picture, uint8 (H, W, 3), 0..255, sRGB."""

Mask = npt.NDArray[float32]
"""Where something holds, float32 (H, W), 0..1."""

Family = Literal["sd15", "sdxl", "zimage"]
"""Models whose parts fit together."""

Step = Callable[[int, int, Callable[[], Image8]], None]
"""Told after every step: how many are done, of how many, and a function that gives a quick look at the picture so far
(an eighth of its size, or its whole size with a `preview_vae`). What it raises ends the drawing at once."""


@dataclass(frozen=True, eq=False)
class Control:
    """A picture that holds the drawing to the footage.

    Attributes:
        kind: What it shows, as the ControlNet of `Model.controlnets` is named: lineart, depth, openpose …
        image: (H, W, 3); of any size, brought to that of the picture.
        weight: How strongly it holds, 0..2.
        start: The share of the steps, 0..1, from which it holds.
        end: The share of the steps, 0..1, until which it holds.
    """

    kind: str
    image: Image8
    weight: float = 1.0
    start: float = 0.0
    end: float = 1.0


@dataclass(frozen=True, eq=False)
class Cell:
    """A part of a picture with wishes of its own; None takes the request's. Not with Z-Image.

    Attributes:
        mask: 1 where the part is, (H, W). Parts with words do not overlap, nor do those with a seed or a strength.
        prompt: What shall be seen there.
        seed: Of the noise laid over the start there.
        strength: Denoising strength there, at most the request's: the part stays as it is until its own start.
    """

    mask: Mask
    prompt: str | None = None
    seed: int | None = None
    strength: float | None = None


@dataclass(frozen=True)
class Lora:
    """A small file that bends a model, and how far it does.

    Attributes:
        path: A .safetensors file.
        weight: 0 nothing, 1 as trained; below 0 the opposite.
    """

    path: Path
    weight: float = 1.0


@dataclass(frozen=True)
class Embedding:
    """A word of the artist's own for prompts (textual inversion).

    Attributes:
        name: As prompts have it, in small letters.
        path: A .safetensors file.
    """

    name: str
    path: Path


@dataclass(frozen=True)
class Model:
    """What is loaded once and kept: with an equal one nothing is loaded again.

    Attributes:
        family: What the parts belong to.
        checkpoint: A .safetensors file, or a folder in diffusers' layout.
        controlnets: (kind, file or folder) of each. With a union ControlNet the same path stands behind every kind.
        loras: In the order they are added.
        embeddings: Words of the artist's own that prompts may name; not with Z-Image.
        vae: Turns pictures into latents and back; None for the checkpoint's own.
        ip_adapter: Lets a reference picture be followed; a .safetensors file.
        image_encoder: Folder of the network that sees the reference, for `ip_adapter`.
        clip_skip: How many of the last layers of the text encoder are left out, 0..11; 1 is what artists call 2.
        v_prediction: Whether the checkpoint was trained to tell velocity; None for what the file tells.
        config: Folder with the small files (shapes, words of the tokenizer) of a single-file checkpoint; None to look
            for a folder `<name>.config` beside it, and to take the family's usual ones otherwise.
        preview_vae: Folder of a small VAE (TAESD's class) for quick looks; None for a guess at an eighth of the size.
    """

    family: Family
    checkpoint: Path
    controlnets: tuple[tuple[str, Path], ...] = ()
    loras: tuple[Lora, ...] = ()
    embeddings: tuple[Embedding, ...] = ()
    vae: Path | None = None
    ip_adapter: Path | None = None
    image_encoder: Path | None = None
    clip_skip: int = 0
    v_prediction: bool | None = None
    config: Path | None = None
    preview_vae: Path | None = None


@dataclass(frozen=True, eq=False)
class Request:
    """One picture.

    Attributes:
        prompt: What shall be seen.
        image: What is redrawn, (H, W, 3). The result has its size.
        negative_prompt: What shall not be seen; without effect at a guidance of 1 or less.
        controls: Each of a kind that the model has a ControlNet for.
        strength: Denoising strength, 0..1; 1 leaves nothing of `image`.
        steps: How many steps a strength of 1 would have; `strength` of them are done. 0 takes what fits the model.
        guidance: How strictly the prompt is followed; 0 takes what fits the model.
        seed: Of all random numbers.
        scheduler: A name of `schedulers.NAMES`; empty for the one that the LoRAs were made for, or else the usual one.
        reference: A picture whose look is followed, by the model's IP-Adapter; (H, W, 3) of any size.
        reference_weight: How closely, 0..1.
        mask: 1 where the picture is redrawn, 0 where it stays exactly as in `kept`; None to redraw all.
        kept: The picture that stays, (H, W, 3); None for `image`.
        anchor: A finished picture whose attention is shared, (H, W, 3) of any size; not with Z-Image.
        anchor_weight: How much, 0..1.
        cells: Parts with words, noise or strength of their own.
    """

    prompt: str
    image: Image8
    negative_prompt: str = ""
    controls: tuple[Control, ...] = ()
    strength: float = 0.6
    steps: int = 20
    guidance: float = 7.0
    seed: int = 0
    scheduler: str = ""
    reference: Image8 | None = None
    reference_weight: float = 0.6
    mask: Mask | None = None
    kept: Image8 | None = None
    anchor: Image8 | None = None
    anchor_weight: float = 1.0
    cells: tuple[Cell, ...] = ()
