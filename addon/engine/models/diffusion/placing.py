# SPDX-License-Identifier: GPL-3.0-or-later
"""A model's parts on their device, in the way that was chosen.

When memory runs out, while the parts are placed or in mid-picture, the next way is taken and the picture begun again.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...errors import EngineError
from .memory import DRAWING_BYTES_A_PIXEL, RESERVE, WAYS, Need, Way, chosen, free_bytes, give_back, said
from .request import Family

# What diffusers leaves out by itself, and the entrance of an IP-Adapter, which asks its weights for their type.
_KEPT_WIDE = ("pos_embed", "patch_embed", "norm", "^proj_in$", "^proj_out$", "encoder_hid_proj")
_IN_8_BITS, _BY_LAYERS = 2, 3


class Placed:
    """The parts of a model on their device.

    Args:
        device: cuda, mps or cpu. Only cuda has memory of its own: the others keep everything where it is.
        drawing: The drawing network and its ControlNets.
        encoders: Networks that are needed at the start of a picture only.
        vae: AutoencoderKL.
        family: What the parts belong to.
    """

    def __init__(self, device: str, drawing: list[Any], encoders: list[Any], vae: Any, family: Family) -> None:
        self._device, self._drawing, self._encoders, self._vae = device, drawing, encoders, vae
        # As they were loaded: in 8 bits they have half the size.
        self._size, self._size_of_encoders = (sum(map(size_of, parts)) for parts in (drawing, encoders))
        self._working = DRAWING_BYTES_A_PIXEL[family]
        self._room: int | None = None
        self._largest = 0
        self._wanted: Way | None = Way()
        self._is_in_8_bits = self._is_by_layers = False
        self.way = Way()
        # Apple's memory is one with the computer's, so nothing can wait elsewhere, and it has no numbers of 8 bits.
        self._last_step = 0 if device == "mps" else len(WAYS) - 1

    def choose(self, pixels: int) -> str:
        """Choose a way for pictures so large; what is told of it, "" where nothing changes.

        A way once taken is never left for a larger one: that would take loading anew.
        """
        if pixels <= self._largest:
            return ""
        if not self._largest and self._wanted is not None:
            self._room = free_bytes(self._device)
        is_first, self._largest = not self._largest, pixels
        if self._room is None:
            return ""
        need = self.need(pixels)
        before = self._wanted or self.way
        way = chosen(need, self._room).with_less(before)
        if way == before and not is_first:
            return ""
        self._wanted = way
        return said(way, self._room, need)

    def shrink(self) -> str:
        """Choose a way with less memory, since it ran out; what is told of it.

        Raises:
            EngineError: There is no way with less.
        """
        give_back(self._device)
        smaller = (self._wanted or self.way).smaller(self._last_step)
        whose = "The computer's" if self._device == "cpu" else "The card's"
        if smaller is None:
            raise EngineError(
                f"{whose.lower()} memory is too small for this picture", remedy="Lower diffuse.grid_long_side."
            )
        self._wanted = smaller
        return f"{whose} memory ran out; the picture is begun again: {smaller.sentence()}."

    def settle(self) -> None:
        """Take the way that was chosen; memory may run out meanwhile."""
        if self._wanted is not None:
            self.place(self._wanted)

    def takes_loras(self) -> bool:
        """Whether LoRAs can be exchanged: not any more in 8 bits, in which nothing can be reckoned."""
        return not self._is_in_8_bits

    def need(self, pixels: int) -> Need:
        """What these parts take."""
        vae = size_of(self._vae), pixels, self._vae.dtype.itemsize
        return Need(self._size, self._size_of_encoders, *vae, self._working)

    def place(self, way: Way) -> None:
        """Go on in another way; from a smaller one there is no way back but loading anew."""
        if way.tiles:
            self._vae.enable_tiling()
        self._vae.to(self._device)
        for part in self._encoders:
            part.to("cpu" if way.step else self._device)
        if way.step >= _IN_8_BITS and not self._is_in_8_bits:
            self._narrow()
        if way.step >= _BY_LAYERS:
            self._bring_by_layers()
        else:
            for part in self._drawing:
                part.to(self._device)
        self.way, self._wanted = way, None

    def _narrow(self) -> None:
        import torch

        for part in self._each_alone():
            part.enable_layerwise_casting(
                storage_dtype=torch.float8_e4m3fn, compute_dtype=part.dtype, skip_modules_pattern=_KEPT_WIDE
            )
        self._is_in_8_bits = True

    def bind(self, pipeline: Any) -> Any:
        """The pipeline with its work on the device, wherever parts of it wait; it would ask the first part."""
        import torch

        kind, device = type(pipeline), torch.device(self._device)
        pipeline.__class__ = type(kind.__name__, (kind,), {"_execution_device": property(lambda _: device)})
        return pipeline

    def _bring_by_layers(self) -> None:
        import torch

        if self._is_by_layers:
            return
        self._is_by_layers = True
        for part in self._each_alone():
            part.to("cpu")
            part.enable_group_offload(
                onload_device=torch.device(self._device), offload_device=torch.device("cpu"), offload_type="leaf_level",
                use_stream=self._device == "cuda",
            )
        for part in self._drawing:
            for child in filter(_looks_past_layers, part.children()):
                child.to(self._device)

    def _each_alone(self) -> Iterator[Any]:
        """The drawing networks one after the other, each without layers that must be left alone.

        Z-Image's ControlNet has layers of the network it steers, and what is done to a layer twice is refused.
        """
        seen: set[int] = set()
        for part in self._drawing:
            children = dict(part.named_children())
            aside = {name: child for name, child in children.items() if id(child) in seen or _looks_past_layers(child)}
            part._modules.update(dict.fromkeys(aside))
            try:
                yield part
            finally:
                part._modules.update(aside)
            seen |= {id(child) for child in part.modules()}

    @contextmanager
    def reading(self) -> Iterator[None]:
        """While this is entered the encoders are on the device."""
        if not self.way.step:
            yield
            return
        # Both may be too much at once: the drawing networks make room.
        aside = self._drawing if self.way.step < _BY_LAYERS and self._device == "cuda" and self._is_tight() else []
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
        return sum(map(size_of, self._encoders)) > (free_bytes(self._device) or 0) * RESERVE


def size_of(part: Any) -> int:
    """Bytes of a network's weights."""
    return sum(tensor.numel() * tensor.element_size() for tensor in part.parameters())


def _looks_past_layers(child: Any) -> bool:
    """Whether a part of a network takes its layers' weights without asking the layers, as the small one of SDXL's union
    does: in 8 bits or in main memory it would not find them as it needs them.
    """
    import torch

    return any(isinstance(layer, torch.nn.MultiheadAttention) for layer in child.modules())
