# SPDX-License-Identifier: GPL-3.0-or-later
"""The upscale stage: the film enlarged."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from ..models.registry import model_path
from ..models.upscaler import SCALE, Upscaler
from ..schema.upscale import FOLDER, MODELS, UpscaleSettings
from .context import StageContext

Image = npt.NDArray[np.float32]
Enlarge = Callable[[Image], Image]


def run(context: StageContext) -> None:
    """Enlarge every frame that is not finished."""
    settings: UpscaleSettings = context.settings
    pending = context.pending()
    if not pending:
        return
    enlarge = enlarger(context, settings.engine, settings.scale)
    source = context.picture()
    for done, frame in enumerate(pending, 1):
        context.write_rgb(FOLDER, frame, enlarge(context.read_rgb(source, frame)))
        context.step("enlarging", done, len(pending))


def enlarger(context: StageContext, engine: str, scale: int) -> Enlarge:
    """What enlarges a picture, float32 (H, W, 3), 0..1, sRGB; told to the artist and kept with the stage.

    Args:
        context: Of the stage.
        engine: lanczos or realesrgan.
        scale: How many times larger each side becomes, 2 or 4.
    """
    if engine == "lanczos":
        context.record(engine="lanczos")
        return lambda image: lanczos(image, scale)
    structure, weights = (model_path(name) for name in MODELS)
    upscaler = Upscaler(structure, weights)
    context.note(f"Real-ESRGAN runs on: {upscaler.device}")
    context.record(engine="realesrgan", device=upscaler.device)
    return lambda image: reduced(upscaler.enlarge(image), SCALE // scale)


def lanczos(image: Image, scale: int) -> Image:
    """A picture enlarged by a windowed sinc of 8 taps, float32 (H, W, 3), 0..1, sRGB.

    In sRGB, not in linear light: drawn looks have dark lines on light ground, which ring and thicken in linear light.
    """
    size = (image.shape[1] * scale, image.shape[0] * scale)
    return np.clip(cast(Image, cv2.resize(image, size, interpolation=cv2.INTER_LANCZOS4)), 0, 1)


def reduced(image: Image, factor: int) -> Image:
    """A picture reduced by a whole factor, each pixel the mean of its square."""
    if factor == 1:
        return image
    size = (image.shape[1] // factor, image.shape[0] // factor)
    return cast(Image, cv2.resize(image, size, interpolation=cv2.INTER_AREA))
