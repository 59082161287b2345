# SPDX-License-Identifier: GPL-3.0-or-later
"""21 landmarks of each hand, found from the body's wrist and fingers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..litert import Network
from ..registry import model_path
from .body import Body
from .regions import Border, Points, Region, aligned, angle_to, around_rotated, cut, rotate_flat

LEFT, RIGHT = 0, 1
POINTS = 21

_SIZE = 224
_RECROP_SIZE = 256
# Wrist, little finger and index finger of the body.
_BODY_POINTS = ((15, 17, 19), (16, 18, 20))
_LEAST_VISIBILITY = 0.1
_PALM_AND_KNUCKLES = (0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18)
# The network gives z at 0.4 of its x and y scale.
_DEPTH_SCALE = 0.4


@dataclass(frozen=True)
class Hand:
    """A hand in a picture.

    Attributes:
        points: (21, 3) x, y, z in pixels; z towards the back, 0 at the wrist.
        world: (21, 3) metres about the hand's centre.
        score: 0..1; a hand above 0.5.
        next_region: Where to look in the next frame.
    """

    points: Points
    world: Points
    score: float
    next_region: Region


class HandNetwork:
    """The landmark network of hands and the one that places its region.

    Raises:
        MissingError: A model is not installed.
    """

    def __init__(self) -> None:
        self._landmarks = Network(model_path("hand_landmark_full"))
        self._recrop = Network(model_path("hand_recrop"))

    def __call__(self, picture: npt.NDArray[np.uint8], region: Region) -> Hand:
        """Landmarks of the hand in a region of a picture (H, W, 3) uint8 sRGB."""
        crop = cut(picture, region, (_SIZE, _SIZE), Border.REPLICATE)
        values, score, _handedness, world = self._landmarks(crop.image)
        flat = values.reshape(POINTS, 3).astype(np.float64)
        place = crop.to_picture(flat[:, :2])
        depth = flat[:, 2] / _SIZE * region.width / _DEPTH_SCALE
        return Hand(
            points=np.column_stack([place, depth]),
            world=rotate_flat(world.reshape(POINTS, 3), region.rotation),
            score=float(score.ravel()[0]),
            next_region=next_region(place),
        )

    def region_of_body(self, picture: npt.NDArray[np.uint8], body: Body, side: int) -> Region | None:
        """Where to look for a hand of a body; None where wrist and finger are not seen.

        Args:
            picture: (H, W, 3) uint8 sRGB.
            body: The body it belongs to.
            side: `LEFT` or `RIGHT`, of the person.
        """
        wrist, little, index = _BODY_POINTS[side]
        if max(body.visibility[wrist], body.visibility[index]) < _LEAST_VISIBILITY:
            return None
        rough = rough_region(*(body.points[item, :2] for item in (wrist, little, index)))
        height, width = picture.shape[:2]
        if not rough.is_usable(width, height):
            return None
        crop = cut(picture, rough, (_RECROP_SIZE, _RECROP_SIZE), Border.REPLICATE)
        ends = crop.to_picture(self._recrop(crop.image)[0].reshape(2, 2))
        return aligned(ends[0], ends[1], -90.0).moved(1.0, 0.0, -0.1)


def rough_region(wrist: Points, little: Points, index: Points) -> Region:
    """The region of a hand from three points (2,) of the body, pixels."""
    middle = (2 * index + little) / 3
    side = 2.0 * float(np.hypot(*(middle - wrist)))
    rotation = angle_to(wrist, middle, 90.0)
    return Region(float(middle[0]), float(middle[1]), side, side, rotation).moved(2.7, 0.0, -0.1)


def next_region(points: Points) -> Region:
    """Where a hand with these points (21, 2) is looked for in the next frame."""
    knuckles = ((points[5] + points[13]) / 2 + points[9]) / 2
    rotation = angle_to(points[0], knuckles, 90.0)
    return around_rotated(points[list(_PALM_AND_KNUCKLES)], rotation).moved(2.0, 0.0, -0.1)
