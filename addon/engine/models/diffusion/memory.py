# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a model's parts shall wait and in which type, so that it fits the card: chosen by what is free, and told.

There are four ways, each smaller and slower than the one before. Sizes of weights are exact. What a picture takes
beside them was counted on networks of full size without their numbers (`benchmarks/diffuse_memory.py`), and a quarter
was added.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

import gc
from dataclasses import dataclass, replace
from typing import Any

from ...errors import MissingError
from ...image import torch_device
from .request import Family

WAYS = (
    "everything stays on the card",
    "the text encoders wait in main memory",
    "the text encoders wait in main memory, the drawing networks are kept in 8 bits",
    "the drawing networks are in 8 bits and brought to the card layer by layer, which is slow",
)
RESERVE = 0.92
"""The part of the free memory that is reckoned with."""
DRAWING_BYTES_A_PIXEL: dict[Family, int] = {"sd15": 1200, "sdxl": 1050, "zimage": 2100}
"""What drawing takes beside the weights: three ControlNets, or the family's union, and shared attention."""
DECODING_BYTES_A_PIXEL = 1900
"""What the VAE takes beside its weights, in a type of 2 bytes."""
_MANY_PIXELS = 2_000_000
_GIGABYTE = 1e9
# Of CUDA, ROCm and Apple; Apple's of a single piece larger than the card takes; NVIDIA's library of products; and of
# the computer's own memory on Linux and on Windows.
_OUT_OF_MEMORY = (
    "out of memory", "invalid buffer size", "status_alloc_failed", "can't allocate memory", "not enough memory",
)


@dataclass(frozen=True)
class Need:
    """What a model takes, in bytes at the chosen type, and how many pixels it shall draw.

    Attributes:
        drawing: The drawing network and its ControlNets.
        encoders: Of text and reference.
        vae: Between pictures and latents.
        pixels: Of one picture.
        vae_type_bytes: Of one number of the VAE: 4 where it would overflow in 2.
        working: Bytes a pixel that drawing takes beside the weights.
    """

    drawing: int
    encoders: int
    vae: int
    pixels: int
    vae_type_bytes: int = 2
    working: int = DRAWING_BYTES_A_PIXEL["sd15"]


@dataclass(frozen=True)
class Way:
    """How a model is placed.

    Attributes:
        step: Index into `WAYS`.
        tiles: Whether the VAE works by tiles.
    """

    step: int = 0
    tiles: bool = False

    def smaller(self, last: int = len(WAYS) - 1) -> Way | None:
        """The next way when memory ran out; None after the last.

        Args:
            last: The smallest step that the device can take.
        """
        if not self.tiles:
            return replace(self, tiles=True, step=min(self.step + 1, last))
        return replace(self, step=self.step + 1) if self.step < last else None

    def with_less(self, other: Way) -> Way:
        """The way that saves whatever either of both saves."""
        return Way(max(self.step, other.step), self.tiles or other.tiles)

    def sentence(self) -> str:
        """What was chosen, for the artist."""
        return WAYS[self.step] + ("; pictures are decoded by tiles" if self.tiles else "")


def chosen(need: Need, free: int) -> Way:
    """The quickest way that fits.

    Args:
        need: Of the model.
        free: Bytes free on the card before anything of the model is there.
    """
    room = free * RESERVE
    working = need.pixels * need.working
    resident = (
        need.drawing + need.encoders + need.vae,
        max(need.drawing + need.vae, need.encoders),
        max(need.drawing / 2 + need.vae, need.encoders),
        need.vae,
    )
    step = next((step for step, size in enumerate(resident) if size + working <= room), len(WAYS) - 1)
    decoding = need.pixels * DECODING_BYTES_A_PIXEL * need.vae_type_bytes / 2
    return Way(step, resident[step] + decoding > room or need.pixels > 2 * _MANY_PIXELS)


def free_bytes(device: str) -> int | None:
    """Free memory of the card, with what PyTorch keeps of it for later; None where it is the computer's own."""
    import torch

    if device != "cuda":
        return None
    return int(torch.cuda.mem_get_info()[0]) + torch.cuda.memory_reserved() - torch.cuda.memory_allocated()


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out."""
    import torch

    said = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or any(words in said for words in _OUT_OF_MEMORY)


def give_back(device: str) -> None:
    """Free what nothing holds any more, and what PyTorch keeps for later."""
    import torch

    gc.collect()
    if device == "cuda":
        torch.cuda.empty_cache()
    elif device == "mps":
        torch.mps.empty_cache()


def said(way: Way, free: int, need: Need) -> str:
    """The choice and its reason, with numbers."""
    total = (need.drawing + need.encoders + need.vae) / _GIGABYTE
    return f"The model has {total:.1f} GB, {free / _GIGABYTE:.1f} GB are free on the card: {way.sentence()}."


def chosen_device(name: str) -> str:
    """What PyTorch calls the device: cuda, mps or cpu.

    Raises:
        MissingError: There is no such device here.
    """
    best = torch_device.best_device().kind
    if name == "auto":
        return best
    if name not in ("cpu", best):
        raise MissingError(f"PyTorch finds no {name} device here", remedy="Set diffuse.device to auto.")
    return name


def chosen_type(family: Family, device: str) -> Any:
    """Half precision on a card; Z-Image's numbers need the wider range of bfloat16."""
    import torch

    if device == "cpu":
        return torch.float32
    return torch.bfloat16 if family == "zimage" else torch.float16
