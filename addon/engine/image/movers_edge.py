# SPDX-License-Identifier: GPL-3.0-or-later
"""The silhouette of what moves by itself, between a sure inside and a sure outside.

Flow bleeds some pixels over a silhouette. Here each pixel near it is explained twice, by the motion of the inside and
by the motion of what is around, each extended to it; the better of the two says where it belongs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from .fill import fill
from .guided import guided_filter
from .warp import Flow, Image, Mask, inside, warp

Bytes = npt.NDArray[np.uint8]

_OUTSIDE_PIXELS = 3
_FILL_REDUCTION = 2
_CORE_SHARE, _CORE_WINDOW, _CORE_PIXELS = 0.6, 13, 1.5
_SOFT_PIXELS = 0.6
_MEAN = np.full((1, 3), 1 / 3, np.float32)
_LARGEST_LEVELS = 30.0
_FULL_LEVELS = 3.0
_RADIUS, _EPSILON = 3, 1e-3


def layered(
    frame: int, region: Bytes, picture: Callable[[int], Bytes], others: list[tuple[int, Flow]]
) -> Image:
    """A region with its edge laid anew.

    Args:
        frame: The frame.
        region: uint8 (H, W), 0 or 1, rough, rather too large than too small.
        picture: Frame → uint8 RGB (H, W, 3).
        others: Frames before and after with the motion to each, float32 (H, W, 2), pixels.

    Returns:
        float32 (H, W), 0..1.
    """
    core, around = _core(region), _around(region)
    if not core.any() or not around.any() or not others:
        return region.astype(np.float32)
    own = _soft(picture(frame))
    within = [_unlike(own, picture(other), flow, core) for other, flow in others]
    outside = [_unlike(own, picture(other), flow, around) for other, flow in others]
    # What is hidden in one direction shows in the other.
    gain = np.minimum.reduce(outside) - np.minimum.reduce(within)
    guide = picture(frame).astype(np.float32) * np.float32(1 / 255)
    share = np.clip(guided_filter(guide, gain, _RADIUS, _EPSILON) / _FULL_LEVELS + 0.5, 0, 1)
    return np.where(core, 1, np.where(around, 0, share)).astype(np.float32)


def _core(region: Bytes) -> Mask:
    """The inner part of each limb, however thin."""
    depth = cv2.distanceTransform(region, cv2.DIST_L2, 5)
    deepest = cv2.dilate(depth, np.ones((_CORE_WINDOW, _CORE_WINDOW), np.uint8))
    return np.asarray((depth > _CORE_SHARE * deepest) & (depth > _CORE_PIXELS))


def _around(region: Bytes) -> Mask:
    size = 2 * _OUTSIDE_PIXELS + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.dilate(region, disc) == 0)


def _soft(picture: Bytes) -> Image:
    return cast(Image, cv2.GaussianBlur(picture, (0, 0), _SOFT_PIXELS).astype(np.float32))


def _unlike(own: Image, other: Bytes, flow: Flow, known: Mask) -> Image:
    """How unlike the other frame is under the motion of the known part, in 8-bit levels."""
    extended = fill(flow, known, _FILL_REDUCTION)
    seen: npt.NDArray[Any] = warp(_soft(other), extended)
    difference = np.minimum(cv2.transform(cv2.absdiff(own, seen), _MEAN), np.float32(_LARGEST_LEVELS))
    return np.where(inside(extended, *known.shape), difference, np.float32(_LARGEST_LEVELS))
