# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the build stage."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..settings import option
from .base import StageSpec


@dataclass(frozen=True)
class BuildSettings:
    """How the shot becomes a Blender scene."""

    set: str = option(
        "studio",
        "The set the figure stands in: studio, or the path of a set file (.toml) of your own, relative to the shot.",
    )
    ground: Literal["auto", "fixed", "follow"] = option(
        "auto",
        "How the figure stands on the floor: fixed keeps one height, follow puts its feet down in every frame (for a "
        "moving camera). Auto follows when the feet would leave the floor otherwise.",
    )
    relief: float = option(
        1.0, "How much of the depth is used: 0 is a flat card, 1 the depth as it was found.", minimum=0.0, maximum=2.0
    )
    own_light: float = option(
        0.18,
        "How much the figure shines by itself, so that its drawing stays readable in the shade.",
        minimum=0.0,
        maximum=5.0,
    )
    camera_turn: float = option(
        8.0,
        "How far the camera turns about the figure over the shot, to show that it is not flat. From about 20 the "
        "back of the relief would be seen.",
        minimum=-40.0,
        maximum=40.0,
        unit="degrees",
    )
    columns: int = option(
        0, "Points of the relief across; 0 takes one for two pixels, 640 at most.", minimum=0, maximum=4096
    )
    long_side: int = option(
        0,
        "Long side of the final rendered picture; 0 takes the picture's own, 1920 at most.",
        minimum=0,
        maximum=8192,
        unit="px",
    )
    file: str = option(
        "",
        "The .blend the shot's scene is in, relative to the shot, when it is another than <shot>.blend: one .blend can "
        "hold the scenes of several shots.",
    )
    blender: str = option(
        "",
        "Blender's program, or a Python with the bpy module. Not given: LINEBOIL_BLENDER, .venv-blender, then PATH.",
        affects=False,
    )


def blend_of(settings: BuildSettings, shot_root: Path) -> Path:
    """The .blend the shot's scene is in."""
    if not settings.file:
        return shot_root / f"{shot_root.name}.blend"
    path = Path(settings.file).expanduser()
    return Path(os.path.abspath(path if path.is_absolute() else shot_root / path))


def _files(settings: BuildSettings, shot_root: Path) -> list[Path]:
    return [shot_root / settings.set] if settings.set.endswith(".toml") else []


SPEC = StageSpec(
    name="build",
    version=3,
    settings=BuildSettings,
    inputs=("footage", "matte", "depth", "cutout"),
    folders=(),
    doc="The Blender scene: the figure in relief on a small lit set. Built again it keeps what you changed.",
    files=_files,
    products=lambda settings, shot_root: [blend_of(settings, shot_root)],
    on_request=True,
)
