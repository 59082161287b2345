# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pipeline of diffusers is called with for one picture."""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from typing import Any

from .controlnets import UNION_MODES, Loaded
from .latents import to_tensor
from .prompts import Encoded
from .request import Control, Request


def words_of(request: Request, start: Any, told: Encoded) -> dict[str, Any]:
    """The words that every family takes.

    Args:
        request: What is asked.
        start: Latents of the picture that is redrawn.
        told: Both prompts.
    """
    import torch

    words: dict[str, Any] = {
        "image": start,
        "strength": request.strength,
        "num_inference_steps": request.steps,
        "guidance_scale": request.guidance,
        "prompt_embeds": told.prompt,
        "negative_prompt_embeds": told.negative,
        # The processor's random numbers are the same on every machine.
        "generator": torch.Generator("cpu").manual_seed(request.seed),
        "output_type": "latent",
    }
    if told.pooled is not None:
        words |= {"pooled_prompt_embeds": told.pooled, "negative_pooled_prompt_embeds": told.negative_pooled}
    return words


def control_words(controls: tuple[Control, ...], nets: Loaded) -> dict[str, Any]:
    """The words for controls; none without any."""
    if not controls:
        return {}
    words: dict[str, Any] = {
        "control_image": [to_tensor(control.image) for control in controls],
        "controlnet_conditioning_scale": [float(control.weight) for control in controls],
        "control_guidance_start": [float(control.start) for control in controls],
        "control_guidance_end": [float(control.end) for control in controls],
    }
    return words | ({"control_mode": [UNION_MODES[control.kind] for control in controls]} if nets.union else {})


def reference_words(pipeline: Any, request: Request, device: str) -> dict[str, Any]:
    """The words for an IP-Adapter that is loaded; it must always be shown a picture, at weight 0 it changes nothing."""
    from PIL import Image

    picture = request.reference if request.reference is not None else request.image
    pipeline.set_ip_adapter_scale(request.reference_weight if request.reference is not None else 0.0)
    seen = pipeline.prepare_ip_adapter_image_embeds([Image.fromarray(picture)], None, device, 1, request.guidance > 1)
    return {"ip_adapter_image_embeds": seen}
