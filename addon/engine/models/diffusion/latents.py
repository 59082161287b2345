# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures to latents and back, and quick looks at latents."""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, cast

import cv2
import numpy as np

from ...errors import EngineError
from .request import Image8

_PATCH, _PATCHES = 16, 16
_RIDGE = 1e-3


def encode(vae: Any, picture: Image8) -> Any:
    """A picture as latents, (1, C, H / 8, W / 8), as the drawing network takes them.

    It is the middle of what the VAE would draw: the same picture gives the same latents whatever the seed.

    Args:
        vae: AutoencoderKL.
        picture: (H, W, 3), both sizes multiples of 8.
    """
    image = to_tensor(picture) * 2 - 1
    mean = _finite(vae, lambda: vae.encode(image.to(vae.device, vae.dtype)).latent_dist.mode())
    shift, scale = _range(vae, mean)
    return (mean - shift) * scale


def decode(vae: Any, latents: Any) -> Image8:
    """Latents as a picture, (H, W, 3).

    Raises:
        EngineError: The latents are not numbers any more.
    """
    import torch

    shift, scale = _range(vae, latents)
    image = _finite(vae, lambda: vae.decode((latents / scale + shift).to(vae.device, vae.dtype)).sample)
    if not bool(torch.isfinite(image).all()):
        raise EngineError(
            "the model drew nothing that can be seen (its numbers overflowed)",
            remedy="Choose another VAE in diffuse.vae, or another checkpoint.",
        )
    return to_picture(image)


def _finite(vae: Any, work: Callable[[], Any]) -> Any:
    """What a VAE makes. Many overflow in half precision: the wider type costs a little time and memory, once."""
    import torch

    with torch.no_grad():
        made = work()
        if vae.dtype == torch.float16 and not bool(torch.isfinite(made).all()):
            vae.to(torch.float32)
            made = work()
    return made


def to_tensor(picture: Image8) -> Any:
    """A picture as a float32 tensor (1, 3, H, W), 0..1."""
    import torch

    # A copy always: the last bits of a product may depend on where NumPy laid an array.
    values = np.array(picture, np.float32).transpose(2, 0, 1)[None] / 255
    return torch.from_numpy(np.ascontiguousarray(values))


def to_picture(image: Any) -> Image8:
    """A tensor (1, 3, H, W), -1..1, as a picture (H, W, 3)."""
    values = (image[0].float() * 0.5 + 0.5).clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return cast(Image8, np.rint(values * 255).astype(np.uint8))


class QuickLook:
    """Shows latents without the work of a VAE.

    Colours are nearly linear in the latents: which way is learnt once from a chart that the VAE itself encodes.

    Args:
        vae: AutoencoderKL of the model.
        small_vae: AutoencoderTiny for a better look; None for the linear one.
    """

    def __init__(self, vae: Any, small_vae: Any = None) -> None:
        self._vae = vae
        self._small = small_vae
        self._colours: Any = None

    def __call__(self, latents: Any) -> Image8:
        """A picture of latents (1, C, h, w): (h, w, 3), or eight times that with a small VAE."""
        import torch

        if self._small is not None:
            with torch.no_grad():
                return to_picture(self._small.decode(latents.to(self._small.device, self._small.dtype)).sample)
        if self._colours is None:
            self._colours = self._learnt()
        seen = _with_one(latents) @ self._colours
        return cast(Image8, np.rint(np.clip(seen, 0, 1) * 255).astype(np.uint8))

    def _learnt(self) -> Any:
        """(C + 1, 3): colours of latents and of 1, by least squares."""
        draws = np.random.default_rng(8)
        chart = draws.integers(0, 256, (_PATCHES, _PATCHES, 3), np.uint8)
        chart = cv2.resize(chart, None, fx=_PATCH, fy=_PATCH, interpolation=cv2.INTER_LINEAR)
        latents = _with_one(encode(self._vae, cast(Image8, chart)))
        height, width, count = latents.shape
        colours = cv2.resize(chart, (width, height), interpolation=cv2.INTER_AREA).reshape(-1, 3) / 255
        known = latents.reshape(-1, count)
        weight = _RIDGE * len(known) * np.eye(count)
        return np.linalg.solve(known.T @ known + weight, known.T @ colours)


class Predictions:
    """Remembers what a scheduler takes the finished picture to be, which shows more than the noisy latents.

    Args:
        scheduler: Its `step` is watched from now on.
    """

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._last: Any = None
        step = scheduler.step

        # With the signature of the real one: pipelines look there whether it takes their random numbers.
        @functools.wraps(step)
        def watched(*words: Any, **named: Any) -> Any:
            told = step(*words, **named)
            parts = told if isinstance(told, tuple) else tuple(told.values())
            self._last = parts[1] if len(parts) > 1 else None
            if hasattr(scheduler, "scale_noise"):
                # A flow is straight: what is predicted lies as far ahead as there is noise.
                self._last = words[2] - scheduler.sigmas[scheduler.step_index - 1] * words[0]
            return told

        scheduler.step = watched

    def best(self, latents: Any) -> Any:
        """The finished picture's latents as predicted, or else the latents as they are."""
        if self._last is not None and self._last.shape == latents.shape:
            return self._last
        outputs = [output for output in getattr(self._scheduler, "model_outputs", None) or [] if output is not None]
        return outputs[-1] if outputs else latents


def _with_one(latents: Any) -> Any:
    """Latents (1, C, h, w) as float64 (h, w, C + 1), the last being 1."""
    values = latents[0].float().cpu().numpy().transpose(1, 2, 0).astype(np.float64)
    return np.concatenate([values, np.ones((*values.shape[:2], 1))], axis=2)


def _range(vae: Any, like: Any) -> tuple[Any, Any]:
    """What is taken from a VAE's numbers, and what they are then multiplied by."""
    import torch

    config = vae.config
    scale = config.scaling_factor
    mean, deviation = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
    if mean is None or deviation is None:
        return getattr(config, "shift_factor", None) or 0.0, scale
    shape = (1, -1, 1, 1)
    mean = torch.tensor(mean, device=like.device, dtype=like.dtype).view(shape)
    return mean, scale / torch.tensor(deviation, device=like.device, dtype=like.dtype).view(shape)
