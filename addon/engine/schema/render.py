# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the render stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..settings import option
from .base import StageSpec
from .build import blend_of

FOLDER = "render"


@dataclass(frozen=True)
class RenderSettings:
    """How the Blender scene becomes a film."""

    quality: Literal["preview", "final"] = option(
        "preview", "Preview is small with few samples; final takes size and samples from the .blend as you set them."
    )
    engine: Literal["auto", "cycles", "eevee"] = option(
        "auto", "Auto renders with the engine the .blend is set to (Cycles, unless you changed it)."
    )
    device: Literal["auto", "cpu", "gpu"] = option(
        "auto", "What Cycles computes on: auto takes a GPU where Blender finds one.", affects=False
    )
    preview_long_side: int = option(480, "Long side of a preview.", minimum=64, maximum=4096, unit="px")
    preview_samples: int = option(
        8, "Samples of a preview: with the denoiser 8 are enough to judge light and shadow.", minimum=1, maximum=4096
    )
    film_quality: int = option(
        16, "Constant rate factor of the film; lower is better and larger.", minimum=0, maximum=51, affects=False
    )
    sound: bool = option(True, "Put the clip's sound under the film.", affects=False)


def _files(settings: Mapping[str, Any], shot_root: Path) -> list[Path]:
    return [blend_of(settings["build"], shot_root)]


SPEC = StageSpec(
    name="render",
    version=1,
    settings=RenderSettings,
    inputs=("build",),
    folders=(FOLDER,),
    doc="The film of the Blender scene, frame by frame, with the clip's sound.",
    shot_files=_files,
    on_request=True,
    frame_local=True,
)
