# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of keys redrawn by a diffusion model: the part of the diffuse stage's settings that is its alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..settings import option

KINDS = ("lineart", "softedge", "canny", "depth", "openpose", "mlsd", "segmentation")
"""Kinds of control, in the order they are given to the model."""


def _weight(kind: str) -> Any:
    return option(
        1.0, f"diffusion: how strongly the {kind} control holds the drawing to the footage; 0 leaves it out.",
        minimum=0.0, maximum=2.0,
    )


def _start(kind: str) -> Any:
    return option(
        0.0, f"diffusion: the part of the steps at which the {kind} control begins to hold.", minimum=0.0, maximum=1.0
    )


def _end(kind: str) -> Any:
    return option(
        1.0, f"diffusion: the part of the steps at which the {kind} control lets go; earlier leaves details free.",
        minimum=0.0, maximum=1.0,
    )


@dataclass(frozen=True)
class EngineSettings:
    """Who redraws the keys."""

    engine: Literal["filter", "diffusion", "painted", "off"] = option(
        "filter",
        "filter: a drawn look made by a filter, with no weights. diffusion: a diffusion model follows your words, held "
        "to the footage by controls. painted: your own pictures, one a key. off: nothing is redrawn, the film stays "
        "as it was shot.",
    )


@dataclass(frozen=True)
class ModelSettings(EngineSettings):
    """What a diffusion model is asked for."""

    prompt: str = option("", "diffusion: what is to be seen, in words: who, wearing what, where.")
    background_prompt: str = option(
        "",
        "diffusion: what is to be seen outside the matte, in place of the prompt; empty takes the prompt there too. "
        "Not with Z-Image.",
    )
    style: str = option(
        "",
        "diffusion: the words of the look. {prompt} in it is where the prompt goes; without it they follow the prompt. "
        "Looks set this and leave your prompt alone.",
    )
    negative_prompt: str = option("", "diffusion: what is not to be seen.")
    strength: float = option(
        0.6,
        "diffusion: denoising strength, how much is drawn anew: 0.3 keeps the picture, 0.8 keeps its layout only.",
        minimum=0.0,
        maximum=1.0,
    )
    seed: int = option(
        1, "diffusion: the number all random choices follow; another one is another drawing.", minimum=0,
        maximum=2**31 - 1,
    )
    steps: int = option(
        0,
        "diffusion: steps of the whole schedule; strength times as many are done. 0 takes what fits the model: 20 with "
        "SD 1.5, 25 with SDXL, 9 with Z-Image, few with a few-step LoRA.",
        minimum=0,
        maximum=150,
    )
    guidance: float = option(
        0.0,
        "diffusion: how strictly the words are followed. 0 takes what fits the model: 7 with SD 1.5, 6 with SDXL, 1 "
        "(the prompt alone) with Z-Image and most few-step LoRAs.",
        minimum=0.0,
        maximum=30.0,
    )
    scheduler: Literal[
        "auto", "ddim", "euler", "euler_a", "heun", "dpmpp_2m", "dpmpp_2m_karras", "dpmpp_2m_sde_karras", "unipc",
        "lcm", "tcd",
    ] = option(
        "auto",
        "diffusion: how the steps are laid out; auto takes what a few-step LoRA was made for, or else DPM++ 2M Karras.",
    )
    model: str = option(
        "",
        "diffusion: the checkpoint: a name of `lineboil models list`, a .safetensors file, or a folder in diffusers' "
        "layout; empty takes the usual one of the family.",
    )
    family: Literal["auto", "sd15", "sdxl", "zimage"] = option(
        "auto", "diffusion: what the checkpoint is made for; auto looks into its file."
    )
    loras: str = option("", 'diffusion: LoRAs with their weights, like "ink:0.8, lcm:1"; names or files.')
    embeddings: str = option(
        "",
        "diffusion: embeddings (textual inversions) that lie in none of your folders, files between commas; a file's "
        "name is the word in the prompt.",
    )
    vae: str = option("", "diffusion: another VAE, by name or file; empty takes the checkpoint's own.")
    clip_skip: int = option(
        0, "diffusion: last layers of the text encoder that are left out; 1 is what is usually called 2.", minimum=0,
        maximum=11,
    )
    controlnets: str = option(
        "",
        'diffusion: other ControlNets than the usual ones, like "lineart=name, depth=file"; "all=name" is a union '
        "that stands for every kind.",
    )
    reference: str = option(
        "", "diffusion: a picture whose look is followed by an IP-Adapter; relative to the shot. Empty uses none."
    )
    reference_weight: float = option(
        0.5, "diffusion: how closely the reference is followed.", minimum=0.0, maximum=1.5
    )
    mode: Literal["grid", "single"] = option(
        "grid", "diffusion: grid draws several keys in one picture, so that they agree. single draws each alone."
    )
    grid_long_side: int = option(
        1536, "diffusion: grid: long side of a whole grid; larger needs more memory.", minimum=256, maximum=4096,
        multiple_of=8, unit="px",
    )
    grid_cells: int = option(
        0, "diffusion: grid: most keys in one grid; 0 takes as many as keep faces large enough.", minimum=0, maximum=64
    )
    cell_multiple: Literal[8, 64] = option(
        64, "diffusion: sides of what is drawn are multiples of this; 64 is safest, 8 follows the footage closest."
    )
    anchor: int = option(
        0, "diffusion: grid: frame of the key that stands in every grid, so that grids agree; 0 chooses one.", minimum=0
    )
    agree_anchor: bool = option(True, "diffusion: grid: the anchor's finished cell is held in every further grid.")
    agree_attention: bool = option(
        True, "diffusion: grid: every further grid looks at the first one while it is drawn; a third slower."
    )
    agree_reference: bool = option(
        False, "diffusion: grid: the anchor is the IP-Adapter's reference in every further grid."
    )
    agree_colour: bool = option(True, "diffusion: colours of every key are matched to the anchor's.")
    lineart_weight: float = _weight("lineart")
    lineart_start: float = _start("lineart")
    lineart_end: float = _end("lineart")
    softedge_weight: float = _weight("softedge")
    softedge_start: float = _start("softedge")
    softedge_end: float = _end("softedge")
    canny_weight: float = _weight("canny")
    canny_start: float = _start("canny")
    canny_end: float = _end("canny")
    depth_weight: float = _weight("depth")
    depth_start: float = _start("depth")
    depth_end: float = _end("depth")
    openpose_weight: float = _weight("openpose")
    openpose_start: float = _start("openpose")
    openpose_end: float = _end("openpose")
    mlsd_weight: float = _weight("mlsd")
    mlsd_start: float = _start("mlsd")
    mlsd_end: float = _end("mlsd")
    segmentation_weight: float = _weight("segmentation")
    segmentation_start: float = _start("segmentation")
    segmentation_end: float = _end("segmentation")
    device: Literal["auto", "cuda", "mps", "cpu"] = option(
        "auto", "diffusion: what draws; auto takes a graphics card if PyTorch finds one.", affects=False
    )


def whole_prompt(settings: ModelSettings, prompt: str | None = None) -> str:
    """The prompt with the words of the look around it.

    Args:
        settings: Of the stage.
        prompt: A key's own, in place of the settings'.
    """
    words = settings.prompt if prompt is None else prompt
    if "{prompt}" in settings.style:
        return _tidy(settings.style.replace("{prompt}", words))
    return _tidy(", ".join(part for part in (words, settings.style) if part.strip()))


def _tidy(text: str) -> str:
    """Without the empty places that missing words leave between commas.

    >>> _tidy("anime still, , cel  shading")
    'anime still, cel shading'
    """
    parts = [" ".join(part.split()) for part in text.split(",")]
    return ", ".join(part for part in parts if part)
