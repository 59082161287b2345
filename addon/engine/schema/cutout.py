# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the cutout stage."""

from __future__ import annotations

from dataclasses import dataclass

from ..settings import option
from .base import StageSpec

COLOUR_FOLDER = "cutout/colour"
DEPTH_FOLDER = "cutout/depth"


@dataclass(frozen=True)
class CutoutSettings:
    """The picture and the depth made ready for the 3D figure: extended outward from inside the matte."""

    colour_margin: float = option(
        2.0,
        "How far inside the matte's edge colour is taken from, at 540 lines. More hides a fringe of background, less "
        "keeps thin things.",
        minimum=0.0,
        maximum=20.0,
        unit="px",
    )
    depth_margin: float = option(
        4.0,
        "The same for depth: near the edge it is never sure, and taken as it is it would make a skirt.",
        minimum=0.0,
        maximum=40.0,
        unit="px",
    )


SPEC = StageSpec(
    name="cutout",
    version=1,
    settings=CutoutSettings,
    inputs=("footage", "matte", "depth", "propagate", "upscale"),
    folders=(COLOUR_FOLDER, DEPTH_FOLDER),
    doc="Picture and depth without the background: what the 3D figure is made of.",
    frame_local=True,
)
