# SPDX-License-Identifier: GPL-3.0-or-later
"""What a picture takes: memory beside the weights, and work. Networks of full size, run without their numbers.

PyTorch's fake tensors have shapes and types but no memory, so this runs anywhere in seconds. Needs the packages of
diffusion. Prints a table for docs/benchmarks.md; `models/diffusion/memory.py` holds the figures with a margin.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import diffusers
import torch
from lineboil.addon.engine.models.diffusion.attention import _OWN, _Seen, _Shared
from lineboil.addon.engine.models.diffusion.shapes import _SD15, _SDXL
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

# Of the processor's attention, which fake tensors of half precision go by, PyTorch's counter knows nothing.
ATTENTION = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: lambda query, key, value, *_, **__: sdpa_flop_count(
        query, key, value
    )
}
SIZES = ((768, 768), (1024, 1024), (1344, 1536))
TYPE = torch.float16


class Live(TorchDispatchMode):
    """Counts the bytes that live at once."""

    def __init__(self, parts: list[Any]) -> None:
        super().__init__()
        self.now = self.peak = 0
        weights = [tensor for part in parts for tensor in [*part.parameters(), *part.buffers()]]
        self._seen = {tensor.untyped_storage()._cdata: 0 for tensor in weights}

    def __torch_dispatch__(self, called: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = called(*args, **(kwargs or {}))
        tree_map_only(torch.Tensor, self._count, made)
        return made

    def _count(self, tensor: Any) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata in self._seen:
            return
        self._seen[storage._cdata] = storage.nbytes()
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._gone, storage._cdata)

    def _gone(self, which: int) -> None:
        self.now -= self._seen.pop(which, 0)


class Networks:
    """A family's networks, of fake numbers.

    Args:
        family: sd15 or sdxl.
        nets: How many ControlNets.
    """

    def __init__(self, family: str, nets: int) -> None:
        shapes = {"sd15": _SD15, "sdxl": _SDXL}[family]
        self._is_xl, self._count = family == "sdxl", nets
        self.unet: Any = diffusers.UNet2DConditionModel(**_said(shapes["unet/config.json"])).eval()
        self.vae: Any = diffusers.AutoencoderKL(**_said(shapes["vae/config.json"])).eval()
        self.net: Any = diffusers.ControlNetModel.from_unet(self.unet, load_weights_from_unet=False).eval()

    def takes(self, height: int, width: int) -> dict[str, tuple[float, float]]:
        """Bytes a pixel, and TFLOP, of each kind of work."""
        latents, words, drawing = self._inputs(height, width)
        picture = torch.empty(1, 3, height, width, dtype=TYPE)
        hints = picture.repeat(2, 1, 1, 1)
        work: dict[str, Callable[[], object]] = {
            "drawing": lambda: self.unet(latents, *drawing, **words),
            "with ControlNets": lambda: self._controlled(latents, drawing, words, hints),
            "with shared attention": lambda: self._sharing(latents, drawing, words),
            "decoding": lambda: self.vae.decode(latents[:1]),
            "encoding": lambda: self.vae.encode(picture),
        }
        parts = [self.unet, self.vae, self.net]
        return {name: (_peak(parts, call) / (height * width), _flops(call) / 1e12) for name, call in work.items()}

    def _inputs(self, height: int, width: int) -> tuple[Any, dict[str, Any], tuple[Any, Any]]:
        # Two of each: guidance draws with the prompt and with its negative.
        latents = torch.empty(2, 4, height // 8, width // 8, dtype=TYPE)
        text = torch.empty(2, 77, 2048 if self._is_xl else 768, dtype=TYPE)
        more = {"text_embeds": torch.empty(2, 1280, dtype=TYPE), "time_ids": torch.empty(2, 6, dtype=TYPE)}
        return latents, {"added_cond_kwargs": more} if self._is_xl else {}, (torch.tensor(500), text)

    def _controlled(self, latents: Any, drawing: tuple[Any, Any], words: dict[str, Any], hints: Any) -> None:
        told = [self.net(latents, *drawing, hints, return_dict=False, **words) for _ in range(1)]
        for _ in range(self._count - 1):
            down, middle = self.net(latents, *drawing, hints, return_dict=False, **words)
            told = [([a + b for a, b in zip(told[0][0], down, strict=True)], told[0][1] + middle)]
        self.unet(
            latents, *drawing, down_block_additional_residuals=told[0][0],
            mid_block_additional_residual=told[0][1], **words,
        )  # fmt: skip

    def _sharing(self, latents: Any, drawing: tuple[Any, Any], words: dict[str, Any]) -> None:
        seen, before = _Seen(), self.unet.attn_processors
        self.unet.set_attn_processor({
            name: _Shared(name, seen, 1.0) if name.endswith(_OWN) else kept for name, kept in before.items()
        })
        for is_writing in (True, False):
            seen.is_writing = is_writing
            self.unet(latents, *drawing, **words)
        self.unet.set_attn_processor(before)


class ZImage:
    """Z-Image and its ControlNet for all kinds, of fake numbers."""

    def __init__(self) -> None:
        self.drawing: Any = diffusers.ZImageTransformer2DModel().eval()
        net: Any = diffusers.ZImageControlNetModel(
            control_layers_places=list(range(0, 30, 2)), control_refiner_layers_places=[0, 1], control_in_dim=33,
            add_control_noise_refiner="control_layers",
        )
        self.net = diffusers.ZImageControlNetModel.from_transformer(net.eval(), self.drawing)

    def takes(self, height: int, width: int) -> dict[str, tuple[float, float]]:
        """Bytes a pixel, and TFLOP, of each kind of work; one picture, since Turbo knows no negative prompt."""
        latents, text = [torch.empty(16, 1, height // 8, width // 8)], [torch.empty(64, 2560)]
        context = torch.empty(1, 33, 1, height // 8, width // 8)

        def controlled() -> None:
            told = self.net(list(latents), torch.empty(1), list(text), context, conditioning_scale=1.0)
            self.drawing(latents, torch.empty(1), text, controlnet_block_samples=told)

        work: dict[str, Callable[[], object]] = {
            "drawing": lambda: self.drawing(latents, torch.empty(1), text), "with its ControlNet": controlled,
        }
        parts = [self.drawing, self.net]
        return {name: (_peak(parts, call) / (height * width), _flops(call) / 1e12) for name, call in work.items()}


def _peak(parts: list[Any], call: Callable[[], object]) -> int:
    with Live(parts) as live, torch.no_grad():
        call()
    return live.peak


def _flops(call: Callable[[], object]) -> int:
    """Floating-point operations."""
    with FlopCounterMode(display=False, custom_mapping=ATTENTION) as counter, torch.no_grad():
        call()
    return counter.get_total_flops()


def _said(config: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if not key.startswith("_")}


def main() -> None:
    """Print the table."""
    torch.set_default_dtype(TYPE)
    made: dict[str, Callable[[], Any]] = {
        "SD 1.5 with 3 ControlNets": lambda: Networks("sd15", 3), "SDXL with 1": lambda: Networks("sdxl", 1),
        "Z-Image": ZImage,
    }
    for name, make in made.items():
        with FakeTensorMode(allow_non_fake_inputs=True):
            networks = make()
            for height, width in SIZES:
                found = networks.takes(height, width).items()
                told = ", ".join(f"{kind} {peak:.0f} ({work:.1f})" for kind, (peak, work) in found)
                print(f"{name}, {width}x{height}, bytes a pixel (TFLOP): {told}", flush=True)


if __name__ == "__main__":
    main()
