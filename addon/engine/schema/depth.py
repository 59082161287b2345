# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the depth stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..settings import option
from .base import StageSpec

FOLDER = "depth"
FILE = "depth/depth.json"


@dataclass(frozen=True)
class DepthSettings:
    """How near each pixel is. The embedded engine makes a layout depth: good for relief, light and blur."""

    engine: Literal["auto", "relief", "flat"] = option(
        "auto",
        "relief: people from the landmarks of body, hands and face, anything else swollen from its matte's shape. "
        "flat: the character is a card. auto takes relief.",
    )
    strength: float = option(1.0, "How deep the relief is; 1 is life-size.", minimum=0.0, maximum=3.0)
    face: bool = option(True, "A modelled face where one is seen from the front.")
    hands: bool = option(True, "Modelled hands where they are seen.")
    steadiness: float = option(
        1.0, "How far landmarks are smoothed in time; 1 is as measured best, 0 not at all.", minimum=0.0, maximum=4.0
    )
    field_of_view: float = option(
        60.0,
        "Horizontal field of view of the camera, of the picture's long side: phones have 60 to 70.",
        minimum=10.0,
        maximum=130.0,
        unit="degrees",
    )
    height_metres: float = option(
        1.7,
        "How tall the character is when no landmarks tell: from it follows how far away it stands.",
        minimum=0.05,
        maximum=20.0,
        unit="m",
    )
    wall_metres: float = option(
        2.0, "How far behind the character the background's wall is put.", minimum=0.2, maximum=100.0, unit="m"
    )


SPEC = StageSpec(
    name="depth",
    version=1,
    settings=DepthSettings,
    inputs=("footage", "flow", "pose", "matte"),
    folders=(FOLDER,),
    doc="How near each pixel is: a layout depth of the character on its ground, the background behind.",
    extra_outputs=(FILE,),
)
