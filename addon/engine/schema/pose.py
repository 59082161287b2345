# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the pose stage: body, hands and face of the people in the footage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ..errors import SettingError
from ..models.registry import identity as weights
from ..settings import option
from .base import StageSpec

FILE = "pose/landmarks.npz"
MODELS = (
    "pose_detection",
    "pose_landmark_full",
    "hand_recrop",
    "hand_landmark_full",
    "face_detection_short_range",
    "face_landmark",
    "iris_landmark",
)
RUNTIME = "ai-edge-litert 2.3.0"

_BOX = re.compile(r"^\s*(-?[\d.]+)\s*,\s*(-?[\d.]+)\s*,\s*([\d.]+)\s*,\s*([\d.]+)\s*@\s*(\d+)\s*$")


@dataclass(frozen=True)
class PoseSettings:
    """Where the bodies, hands and faces are."""

    engine: Literal["auto", "landmarks", "off"] = option(
        "auto",
        "What finds people; auto takes landmarks, the small person networks. off: depth and matte do without.",
    )
    people: int = option(
        0, "How many people to follow at most; 0 follows everybody who is found, up to 4.", minimum=0, maximum=4
    )
    boxes: tuple[str, ...] = option(
        (),
        'Boxes around the people to follow, in pixels of the frames: "left,top,width,height@frame". In a scene that '
        "has one, nobody else is followed. For people the detector misses or confuses.",
    )
    confidence: float = option(
        0.5,
        "How sure the person detector must be. Lower finds people that are small or half hidden, and things that are "
        "no people.",
        minimum=0.2,
        maximum=0.95,
    )


@dataclass(frozen=True)
class PersonBox:
    """A box the artist drew around a person.

    Attributes:
        left: Pixels.
        top: Pixels.
        width: Pixels.
        height: Pixels.
        frame: From 1.
    """

    left: float
    top: float
    width: float
    height: float
    frame: int


def parse_box(text: str, *, name: str = "pose.boxes") -> PersonBox:
    """A box from its text.

    >>> parse_box("10, 20, 100, 200 @ 7")
    PersonBox(left=10.0, top=20.0, width=100.0, height=200.0, frame=7)

    Raises:
        SettingError: Not a box, empty, or before frame 1.
    """
    match = _BOX.match(text)
    remedy = 'Write it like "120,40,200,380@1": left, top, width and height in pixels, then the frame.'
    if match is None:
        raise SettingError(f'"{text}" in {name} is not a box', remedy=remedy)
    try:
        left, top, width, height = (float(match.group(index)) for index in range(1, 5))
    except ValueError:
        raise SettingError(f'"{text}" in {name} is not a box', remedy=remedy) from None
    frame = int(match.group(5))
    if width < 1 or height < 1 or frame < 1:
        raise SettingError(f'"{text}" in {name} is an empty box or has no frame', remedy=remedy)
    return PersonBox(left, top, width, height, frame)


def _identity(settings: PoseSettings) -> dict[str, str]:
    return {"litert": RUNTIME, **weights(MODELS)}


def _enabled(settings: PoseSettings) -> bool:
    return settings.engine != "off"


SPEC = StageSpec(
    name="pose",
    version=1,
    settings=PoseSettings,
    inputs=("footage",),
    folders=(),
    doc="Where the bodies, hands and faces are.",
    identity=_identity,
    enabled=_enabled,
    extra_outputs=(FILE,),
)
