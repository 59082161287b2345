# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a model's parts wait and in which type, so that it fits the card: chosen by what is free, and told.

There are four ways, each smaller and slower than the one before. When memory runs out in mid-picture the next way is
taken and the picture begun again. Sizes of weights are exact. What a picture takes beside them was counted on networks
of full size without their numbers (`benchmarks/diffuse_memory.py`), and a quarter was added.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
# What diffusers leaves out by itself, and the entrance of an IP-Adapter, which asks its weights for their type.
_KEPT_WIDE = ("pos_embed", "patch_embed", "norm", "^proj_in$", "^proj_out$", "encoder_hid_proj")
_RESERVE = 0.92
_DRAWING_BYTES_A_PIXEL = 1200
_DECODING_BYTES_A_PIXEL = 1900
_MANY_PIXELS = 2_000_000
_GIGABYTE = 1e9
# The second is Apple's, of a single piece larger than the card takes.
_OUT_OF_MEMORY = ("out of memory", "invalid buffer size")


@dataclass(frozen=True)
class Need:
    """What a model takes, in bytes at the chosen type, and how many pixels it shall draw.

    Attributes:
        drawing: The drawing network and its ControlNets.
        encoders: Of text and reference.
        vae: Between pictures and latents.
        pixels: Of one picture.
        vae_type_bytes: Of one number of the VAE: 4 where it would overflow in 2.
    """

    drawing: int
    encoders: int
    vae: int
    pixels: int
    vae_type_bytes: int = 2


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

    def sentence(self) -> str:
        """What was chosen, for the artist."""
        return WAYS[self.step] + ("; pictures are decoded by tiles" if self.tiles else "")


def chosen(need: Need, free: int) -> Way:
    """The quickest way that fits.

    Args:
        need: Of the model.
        free: Bytes free on the card before anything of the model is there.
    """
    room = free * _RESERVE
    working = need.pixels * _DRAWING_BYTES_A_PIXEL
    resident = (
        need.drawing + need.encoders + need.vae,
        max(need.drawing + need.vae, need.encoders),
        max(need.drawing / 2 + need.vae, need.encoders),
        need.vae,
    )
    step = next((step for step, size in enumerate(resident) if size + working <= room), len(WAYS) - 1)
    decoding = need.pixels * _DECODING_BYTES_A_PIXEL * need.vae_type_bytes / 2
    return Way(step, resident[step] + decoding > room or need.pixels > 2 * _MANY_PIXELS)


class Placed:
    """The parts of a model on their device.

    Args:
        device: cuda, mps or cpu. Only cuda has memory of its own: the others keep everything where it is.
        drawing: The drawing network and its ControlNets.
        encoders: Networks that are needed at the start of a picture only.
        vae: AutoencoderKL.
    """

    def __init__(self, device: str, drawing: list[Any], encoders: list[Any], vae: Any) -> None:
        self._device, self._drawing, self._encoders, self._vae = device, drawing, encoders, vae
        self.way = Way()
        # Apple's memory is one with the computer's, so nothing can wait elsewhere, and it has no numbers of 8 bits.
        self.last_step = 0 if device == "mps" else len(WAYS) - 1

    def need(self, pixels: int) -> Need:
        """What these parts take."""
        drawing, encoders = (sum(map(size_of, parts)) for parts in (self._drawing, self._encoders))
        return Need(drawing, encoders, size_of(self._vae), pixels, self._vae.dtype.itemsize)

    def place(self, way: Way) -> None:
        """Go on in another way; from a smaller one there is no way back but loading anew."""
        import torch

        before, self.way = self.way, way
        if way.tiles:
            self._vae.enable_tiling()
        self._vae.to(self._device)
        for part in self._encoders:
            part.to("cpu" if way.step else self._device)
        if way.step >= 2 > before.step:
            for part in self._drawing:
                part.enable_layerwise_casting(
                    storage_dtype=torch.float8_e4m3fn, compute_dtype=part.dtype, skip_modules_pattern=_KEPT_WIDE
                )
        if way.step >= 3:
            self._bring_by_layers()
        else:
            for part in self._drawing:
                part.to(self._device)

    def bind(self, pipeline: Any) -> Any:
        """The pipeline with its work on the device, wherever parts of it wait; it would ask the first part."""
        import torch

        kind, device = type(pipeline), torch.device(self._device)
        pipeline.__class__ = type(kind.__name__, (kind,), {"_execution_device": property(lambda _: device)})
        return pipeline

    def _bring_by_layers(self) -> None:
        import torch

        for part in self._drawing:
            part.to("cpu")
            part.enable_group_offload(
                onload_device=torch.device(self._device), offload_device=torch.device("cpu"), offload_type="leaf_level",
                use_stream=self._device == "cuda",
            )

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While this is entered the encoders are on the device."""
        if not self.way.step:
            yield
            return
        # Both may be too much at once: the drawing networks make room.
        aside = self._drawing if self.way.step < 3 and self._device == "cuda" and self._is_tight() else []
        for part in aside:
            part.to("cpu")
        for part in self._encoders:
            part.to(self._device)
        try:
            yield
        finally:
            for part in self._encoders:
                part.to("cpu")
            for part in aside:
                part.to(self._device)

    def _is_tight(self) -> bool:
        return sum(map(size_of, self._encoders)) > (free_bytes(self._device) or 0) * _RESERVE


def size_of(part: Any) -> int:
    """Bytes of a network's weights."""
    return sum(tensor.numel() * tensor.element_size() for tensor in part.parameters())


def free_bytes(device: str) -> int | None:
    """Free memory of the card; None where it is the computer's own."""
    import torch

    return int(torch.cuda.mem_get_info()[0]) if device == "cuda" else None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the card's memory ran out."""
    import torch

    said = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or any(words in said for words in _OUT_OF_MEMORY)


def give_back(device: str) -> None:
    """Free what PyTorch keeps for later."""
    import torch

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
