# SPDX-License-Identifier: GPL-3.0-or-later
"""Stable Diffusion 1.5 with three ControlNets and SDXL with its union, of random weights, without any file.

The arithmetic is that of real ones: the classes and shapes are true, only the numbers mean nothing. `is_tiny` makes
networks of the same build that draw in a second on a processor.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import diffusers
import tiny_diffusion
import torch
from lineboil.addon.engine.models.diffusion.controlnets import Loaded, _ordered
from lineboil.addon.engine.models.diffusion.shapes import _SD15, _SDXL
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

_TINY: dict[str, dict[str, dict[str, Any]]] = {
    "sd15": {"unet": {"block_out_channels": [32, 32, 64, 64], "layers_per_block": 1}},
    "sdxl": {
        "unet": {
            "block_out_channels": [32, 64, 64], "attention_head_dim": [1, 2, 2],
            "transformer_layers_per_block": [1, 1, 2], "layers_per_block": 1,
        },
    },
}
_TINY_VAE = {"block_out_channels": [32, 32, 32, 32], "layers_per_block": 1}
_TINY_TEXT = {"num_hidden_layers": 2, "intermediate_size": 64}
_UNION = {"num_control_type": 8, "num_trans_channel": 320, "num_proj_channel": 320}


class Networks:
    """All parts of one family, in main memory.

    Args:
        family: sd15 or sdxl.
        dtype: Of the weights.
        device: Where random numbers are drawn; a card does so many times quicker.
        is_tiny: Whether they are small.
    """

    def __init__(self, family: str, dtype: torch.dtype, device: str, is_tiny: bool = False) -> None:
        self._shapes = {"sd15": _SD15, "sdxl": _SDXL}[family]
        self._family, self._dtype, self._device, self._is_tiny = family, dtype, device, is_tiny
        self.unet = self._made(lambda: diffusers.UNet2DConditionModel(**self._shape("unet")))

    def pipeline(self) -> Any:
        """The image-to-image pipeline, as it is loaded from a file."""
        scheduler = self._shape("scheduler", "scheduler_config")
        parts = {
            "unet": self.unet,
            "vae": self._made(lambda: diffusers.AutoencoderKL(**self._shape("vae"))),
            "text_encoder": self._text("text_encoder", CLIPTextModel),
            "tokenizer": _tokenizer(),
        }
        if self._family == "sd15":
            return diffusers.StableDiffusionImg2ImgPipeline(
                **parts, scheduler=diffusers.PNDMScheduler(**scheduler), safety_checker=None, feature_extractor=None,
                requires_safety_checker=False,
            )
        parts["vae"].float()
        return diffusers.StableDiffusionXLImg2ImgPipeline(
            **parts, scheduler=diffusers.EulerDiscreteScheduler(**scheduler), tokenizer_2=_tokenizer(),
            text_encoder_2=self._text("text_encoder_2", CLIPTextModelWithProjection),
        )

    def controlnets(self, kinds: tuple[str, ...]) -> Loaded:
        """One ControlNet a kind for SD 1.5, a union of all for SDXL."""
        if self._family == "sd15":
            return Loaded({kind: self._made(lambda: self._like(diffusers.ControlNetModel)) for kind in kinds})
        wide = _UNION | ({"num_trans_channel": 32, "num_proj_channel": 32} if self._is_tiny else {})
        shape = {name: value for name, value in self._like(diffusers.ControlNetUnionModel).config.items()}
        shape = {name: value for name, value in shape.items() if not name.startswith("_")}
        union = self._made(lambda: diffusers.ControlNetUnionModel(**{**shape, **wide}))
        return Loaded(dict.fromkeys(kinds, union), _ordered(union))

    def _like(self, kind: Any) -> Any:
        with torch.device("meta"):
            return kind.from_unet(self.unet, load_weights_from_unet=False)

    def _shape(self, part: str, name: str = "config") -> dict[str, Any]:
        config = {key: value for key, value in self._shapes[f"{part}/{name}.json"].items() if key[0] != "_"}
        if self._is_tiny:
            config |= _TINY[self._family].get(part, {})
            config |= {"vae": _TINY_VAE, "text_encoder": _TINY_TEXT, "text_encoder_2": _TINY_TEXT}.get(part, {})
        return config

    def _text(self, part: str, kind: Any) -> Any:
        return self._made(lambda: kind(CLIPTextConfig(**self._shape(part))))

    def _made(self, make: Callable[[], Any]) -> Any:
        """A network with small random weights, norms that do nothing, and no bias."""
        with torch.device("meta"):
            network = make().to(self._dtype)
        network = network.to_empty(device=self._device).eval()
        generator = torch.Generator(self._device).manual_seed(1)
        with torch.no_grad():
            for name, tensor in network.named_parameters():
                if tensor.dim() > 1:
                    tensor.normal_(0, 0.02, generator=generator)
                else:
                    tensor.fill_(0 if name.endswith("bias") else 1)
            for tensor in network.buffers():
                # The only ones are the numbers of a prompt's places.
                tensor.copy_(torch.arange(tensor.numel()).view(tensor.shape))
        return network.to("cpu")


def _tokenizer() -> Any:
    """Of few words; their numbers are among those of the real one."""
    tiny_diffusion._write_tokenizer(tiny_diffusion.root() / "tokenizer")
    return tiny_diffusion._tokenizer()
