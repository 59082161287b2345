# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the upscale stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..models.registry import identity as weights
from ..settings import option
from .base import StageSpec

FOLDER = "upscaled"
MODELS = ("animevideo_x4", "animevideo_weights")
RUNTIME = "ncnn 1.0.20261020"


@dataclass(frozen=True)
class UpscaleSettings:
    """How the film is enlarged at the end."""

    engine: Literal["off", "lanczos", "realesrgan"] = option(
        "off",
        "off: the film keeps the working size. lanczos: enlarged as it is, quick. realesrgan: a network for drawn "
        "looks; it sharpens lines and wipes the texture of skin, and takes seconds a frame without a GPU.",
    )
    scale: Literal[2, 4] = option(2, "How many times larger each side becomes.")


def identity_of_engine(engine: str) -> dict[str, str]:
    """Versions and weights that an engine of upscaling uses."""
    return {"ncnn": RUNTIME, **weights(MODELS)} if engine == "realesrgan" else {}


SPEC = StageSpec(
    name="upscale",
    version=1,
    settings=UpscaleSettings,
    inputs=("footage", "matte", "propagate"),
    folders=(FOLDER,),
    doc="The film enlarged, when you want it larger than the working size.",
    picture=FOLDER,
    identity=lambda settings: identity_of_engine(settings.engine),
    enabled=lambda settings: settings.engine != "off",
    frame_local=True,
)
