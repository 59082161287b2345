# SPDX-License-Identifier: GPL-3.0-or-later
"""What stays of a picture while the rest is redrawn: a finished cell of a grid, all but a hand.

In every step the part that stays is set to the kept picture at that step's noise level, so that what is redrawn grows
to fit it (Lugmayr et al., "RePaint: Inpainting using Denoising Diffusion Probabilistic Models", 2022, without its
resampling). At the end its pixels are those of the kept picture.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np

from .request import Image8, Mask

_SEED_OF_NOISE = 0x6C62


class Held:
    """Holds a part of the latents.

    Args:
        latents: Of the kept picture, (1, C, h, w).
        mask: float32 (H, W), 1 is redrawn, 0 stays.
        seed: Of the noise.
    """

    def __init__(self, latents: Any, mask: Mask, seed: int) -> None:
        import torch

        height, width = latents.shape[-2:]
        # A latent that shows any of what is redrawn is redrawn; the pixels that stay are put back at the end.
        small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
        redrawn = torch.from_numpy(np.ascontiguousarray(np.clip(small * 2, 0, 1), np.float32))
        self._mask = redrawn.to(latents.device, latents.dtype)
        self._kept = latents
        generator = torch.Generator("cpu").manual_seed(seed ^ _SEED_OF_NOISE)
        noise = torch.randn(latents.shape, generator=generator, dtype=torch.float32)
        self._noise = noise.to(latents.device, latents.dtype)

    def hold(self, latents: Any, scheduler: Any, timestep: Any) -> Any:
        """The latents after a step, (1, C, h, w), with what stays at the noise level that the next step expects."""
        level, kept = next_level(scheduler, timestep), self._kept
        if level is not None:
            kept = scheduler.add_noise(kept, self._noise, level)
        # SDXL's VAE reckons in a wider type than the network that draws.
        mask = self._mask.to(latents.dtype)
        return latents * mask + kept.to(latents.dtype) * (1 - mask)


def next_level(scheduler: Any, timestep: Any) -> Any:
    """The timestep whose noise level the latents have after a step, a tensor of one; None after the last."""
    steps = scheduler.timesteps
    # Some schedulers ask the network twice at one step: they count by themselves.
    later = getattr(scheduler, "step_index", None)
    if later is None:
        later = (steps == timestep).nonzero()[-1].item() + 1
    return steps[later : later + 1] if later < len(steps) else None


def put_back(picture: Image8, kept: Image8, mask: Mask) -> Image8:
    """The picture with what stays exactly as it was, uint8 (H, W, 3); in between where the mask is."""
    share = mask[..., None]
    mixed = picture.astype(np.float32) * share + kept.astype(np.float32) * (1 - share)
    return cast(Image8, np.rint(mixed).astype(np.uint8))
