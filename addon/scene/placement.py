# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things stand, as numbers: the floor under the figure, the wall behind it, the camera's frame. No Blender here.

World: metres, x right, y away from the filming camera (which stands over the origin), z up, floor at 0.
A tangent is an offset from the filming camera's axis divided by the distance along it; up is positive.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

_ASSUMED_HEIGHT_METRES = 1.7
_LEAST_CAMERA_METRES = 0.3
# Feet that wander more than this share of the figure's height over the floor follow it instead.
_WANDER = 0.06
_SINK = 0.004


@dataclass(frozen=True)
class Frame:
    """What the render camera sees, in tangents from its own height and straight ahead."""

    left: float
    right: float
    bottom: float
    top: float

    @property
    def width(self) -> float:
        """Of the frame."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Of the frame."""
        return self.top - self.bottom


@dataclass(frozen=True)
class Placement:
    """The stage of the shot.

    Attributes:
        camera_heights: Of the filming camera: one value, or one for each measured frame.
        height: Of the figure, in metres; the set's unit.
        pivot: Middle of the figure's places on the floor, x and y.
        camera_height: Of the render camera.
        wall: Distance of the wall.
        nearest: Nearest distance of the figure.
        frame: Of the render camera.
        side: 1 when the shadow falls to the right, -1 to the left.
        shadow_shift: How far to the side the shadow may fall on the wall to be seen, in metres.
    """

    camera_heights: list[float]
    height: float
    pivot: tuple[float, float]
    camera_height: float
    wall: float
    nearest: float
    frame: Frame
    side: int
    shadow_shift: float


def place(subject: dict[str, Any], aspect: float, gap: float, ground: str) -> Placement:
    """The stage for a measured figure.

    Args:
        subject: Per measured frame: `left`, `right`, `bottom`, `top` (tangents), `distance`, `feet_distance` (metres);
            `cropped`: edges of the picture that cut the figure off, with their tangents.
        aspect: Width of the rendered picture over its height.
        gap: From the figure to the wall, in heights of the figure.
        ground: "auto", "fixed" or "follow".
    """
    heights = camera_heights(subject, ground)
    level = median(heights)
    metres = figure_height(subject)
    lefts, rights = (
        [tangent * far for tangent, far in zip(subject[name], subject["distance"], strict=True)]
        for name in ("left", "right")
    )
    pivot = ((percentile(lefts, 5) + percentile(rights, 95)) / 2, median(subject["distance"]))
    wall = percentile(subject["distance"], 98) + gap * metres
    frame = frame_of(subject, heights, level, aspect)
    body = median([right - left for left, right in zip(lefts, rights, strict=True)])
    side, shift = _shadow(frame, pivot, wall, body)
    return Placement(heights, metres, pivot, level, wall, percentile(subject["distance"], 2), frame, side, shift)


def figure_height(subject: dict[str, Any]) -> float:
    """Height of the figure in metres; assumed where the picture cuts it off below."""
    spans = [
        (top - bottom) * far
        for top, bottom, far in zip(subject["top"], subject["bottom"], subject["distance"], strict=True)
    ]
    seen = percentile(spans, 80)
    return max(seen, _ASSUMED_HEIGHT_METRES) if "bottom" in subject["cropped"] else max(seen, 0.1)


def camera_heights(subject: dict[str, Any], ground: str) -> list[float]:
    """Height of the filming camera over the floor, so that the figure stands on it."""
    if "bottom" in subject["cropped"]:
        tops = [top * far for top, far in zip(subject["top"], subject["distance"], strict=True)]
        return [max(_LEAST_CAMERA_METRES, _ASSUMED_HEIGHT_METRES - median(tops))]
    raw = [-bottom * far for bottom, far in zip(subject["bottom"], subject["feet_distance"], strict=True)]
    sink = _SINK * figure_height(subject)
    wander = percentile(raw, 90) - percentile(raw, 10)
    if ground == "fixed" or (ground == "auto" and wander <= _WANDER * figure_height(subject)):
        return [median(raw) - sink]
    return [height - sink for height in smooth(raw, max(1, round(subject["rate"] * 0.2)))]


def frame_of(subject: dict[str, Any], heights: list[float], level: float, aspect: float) -> Frame:
    """The frame round everything the figure does; edges that cut it off stay outside."""
    every = heights if len(heights) > 1 else heights * len(subject["distance"])
    rise = [(height - level) / far for height, far in zip(every, subject["distance"], strict=True)]
    bottom = percentile([value + up for value, up in zip(subject["bottom"], rise, strict=True)], 2)
    top = percentile([value + up for value, up in zip(subject["top"], rise, strict=True)], 98)
    left, right = percentile(subject["left"], 2), percentile(subject["right"], 98)
    tall = top - bottom
    cropped = subject["cropped"]
    low = cropped["bottom"] + 0.05 * tall if "bottom" in cropped else bottom - 0.11 * tall
    high = cropped["top"] - 0.03 * tall if "top" in cropped else top + 0.14 * tall
    height = max(high - low, (right - left + 0.24 * tall) / aspect)
    if "bottom" not in cropped:
        low -= 0.35 * (height - (high - low))
    width = height * aspect
    centre = (left + right) / 2
    first, last = centre - width / 2, centre + width / 2
    return _inside(Frame(first, last, low, low + height), cropped, tall)


def _inside(frame: Frame, cropped: dict[str, float], tall: float) -> Frame:
    """Shift, then shrink, a frame away from the edges that cut the figure."""
    left, right, low, high = frame.left, frame.right, frame.bottom, frame.top
    width, height = frame.width, frame.height
    least = cropped.get("left", -math.inf) + 0.05 * tall
    most = cropped.get("right", math.inf) - 0.05 * tall
    scale = min(1.0, (most - least) / width)
    width, height = width * scale, height * scale
    left = min(max((left + right - width) / 2, least), most - width)
    high = low + height
    return Frame(left, left + width, low, high)


def _shadow(frame: Frame, pivot: tuple[float, float], wall: float, body: float) -> tuple[int, float]:
    """The side with more room on the wall, and how far a shadow may fall there."""
    rooms = {1: frame.right * wall - pivot[0], -1: pivot[0] - frame.left * wall}
    side = 1 if rooms[1] >= rooms[-1] else -1
    return side, max(0.0, rooms[side] - 0.35 * body)


def percentile(values: Sequence[float], share: float) -> float:
    """A percentile, linear between neighbours."""
    ordered = sorted(values)
    at = (len(ordered) - 1) * share / 100
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def smooth(values: Sequence[float], sigma: float) -> list[float]:
    """A Gaussian mean along the list, with the ends repeated."""
    reach = max(1, math.ceil(2.5 * sigma))
    weights = [math.exp(-0.5 * (step / sigma) ** 2) for step in range(-reach, reach + 1)]
    total = sum(weights)
    last = len(values) - 1
    return [
        sum(
            weight * values[min(max(at + step, 0), last)]
            for step, weight in zip(range(-reach, reach + 1), weights, strict=True)
        )
        / total
        for at in range(len(values))
    ]
