# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the depth stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..settings import option
from .base import StageSpec

FOLDER = "depth"
FACTS_FILE = "depth/depth.json"


@dataclass(frozen=True)
class DepthSettings:
    """How near each pixel is: a layout depth, good for light, shadow and camera moves of about 15 degrees."""

    engine: Literal["auto", "relief", "flat"] = option(
        "auto",
        "auto shapes people by their body, hand and face landmarks and anything else by the matte's shape. relief: by "
        "the matte's shape only. flat: a card that stands where the character stands.",
    )
    strength: float = option(
        1.0, "How much relief: 1 is as deep as a person is, 0 is flat.", minimum=0.0, maximum=3.0
    )
    smoothness: float = option(
        0.5,
        "How far the relief is blurred, in centimetres on the person. More hides the joints between body parts.",
        minimum=0.0,
        maximum=10.0,
        unit="cm",
    )
    steadiness: Literal["off", "light", "normal"] = option(
        "normal", "How far the relief is calmed along the motion: normal is a weighted mean of 5 frames, light of 3."
    )
    face: bool = option(True, "Give the face its own shape.")
    hands: bool = option(True, "Give the hands and fingers their own shape.")
    background: Literal["room", "wall", "none"] = option(
        "room",
        "What is behind the character: room is a floor that meets the feet and a wall; wall leaves the floor out; none "
        "is as far as can be.",
    )
    background_distance: float = option(
        2.0, "How far behind the character the wall stands.", minimum=0.2, maximum=100.0, unit="m"
    )
    field_of_view: float = option(
        65.0,
        "Angle the footage's longer side sees. 65 is a phone's main lens while filming; a long lens sees 20 to 40.",
        minimum=5.0,
        maximum=140.0,
        unit="degrees",
    )
    camera_height: float = option(
        1.5, "Height of the camera that filmed over the floor; 1.5 is held before the chest.", minimum=0.05,
        maximum=100.0, unit="m"
    )
    subject_height: float = option(
        1.7,
        "Height of the character, used where no landmarks tell its size.",
        minimum=0.02,
        maximum=100.0,
        unit="m",
    )


SPEC = StageSpec(
    name="depth",
    version=1,
    settings=DepthSettings,
    inputs=("footage", "flow", "pose", "matte"),
    folders=(FOLDER,),
    doc="How near each pixel is: relief of the character, the floor and the wall, in one range for the shot.",
    extra_outputs=(FACTS_FILE,),
)
