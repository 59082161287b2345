# SPDX-License-Identifier: GPL-3.0-or-later
"""A region of a picture drawn again: where it is, cut out at a size a model draws well, and put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import InputError

Mask = npt.NDArray[np.float32]
Image8 = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]

_MULTIPLE = 8
_SURROUNDINGS = 0.5
"""How much around a region goes along on each side, in parts of its longer side: a face is drawn by its shoulders."""
_FEWEST_PIXELS = 12


@dataclass(frozen=True)
class Cut:
    """Where a region is cut out and at which size it is drawn.

    Attributes:
        box: left, top, right, bottom in pixels of the picture, ready for slicing.
        size: Width and height of the drawing, multiples of 8.
    """

    box: Box
    size: tuple[int, int]

    def out(self, picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The region of a picture (H, W) or (H, W, C) at the drawing's size."""
        left, top, right, bottom = self.box
        return resized(picture[top:bottom, left:right], self.size)

    def back(self, picture: Image8, drawn: Image8, mask: Mask) -> Image8:
        """The picture with the drawing where the mask is 1; where it is 0, not a bit is changed.

        Args:
            picture: (H, W, 3).
            drawn: (h, w, 3), of `size`.
            mask: (H, W), 0..1, of the picture's size.
        """
        left, top, right, bottom = self.box
        amount = mask[top:bottom, left:right, None]
        there = picture[top:bottom, left:right].astype(np.float32)
        small = resized(drawn, (right - left, bottom - top)).astype(np.float32)
        made = picture.copy()
        made[top:bottom, left:right] = np.rint(there + (small - there) * amount).clip(0, 255).astype(np.uint8)
        return made


def resized(picture: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    """A picture (H, W) or (H, W, C) at another width and height: averaged down, Lanczos up."""
    if picture.shape[1::-1] == size:
        return np.ascontiguousarray(picture)
    is_smaller = size[0] < picture.shape[1]
    made = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if is_smaller else cv2.INTER_LANCZOS4)
    return made if picture.dtype == np.uint8 else cast(npt.NDArray[Any], np.clip(made, 0, 1))


def cut_around(mask: Mask, long_side: int) -> Cut:
    """The cut that holds what a mask marks with some of its surroundings.

    Args:
        mask: (H, W), 0..1; 1 is drawn again.
        long_side: Of the drawing, in pixels; a multiple of 8.

    Raises:
        InputError: The mask marks nothing, or less than can be drawn.
    """
    rows, columns = np.flatnonzero(mask.max(axis=1) > 0.5), np.flatnonzero(mask.max(axis=0) > 0.5)
    if len(rows) < 2 or len(columns) < 2 or len(rows) * len(columns) < _FEWEST_PIXELS:
        raise InputError("the region marks nothing to draw again", remedy="Paint white what shall be drawn again.")
    left, right, top, bottom = int(columns[0]), int(columns[-1]) + 1, int(rows[0]), int(rows[-1]) + 1
    margin = round(max(right - left, bottom - top) * _SURROUNDINGS)
    height, width = mask.shape
    box = (max(0, left - margin), max(0, top - margin), min(width, right + margin), min(height, bottom + margin))
    wide, high = box[2] - box[0], box[3] - box[1]
    scale = long_side / max(wide, high)
    return Cut(box, (_whole(wide * scale, long_side), _whole(high * scale, long_side)))


def _whole(pixels: float, most: int) -> int:
    return int(np.clip(round(pixels / _MULTIPLE) * _MULTIPLE, _MULTIPLE * 8, most))


def feathered(mask: Mask, pixels: float) -> Mask:
    """A mask that falls off inwards: 0 stays exactly 0, and 1 is reached `pixels` from the edge."""
    if pixels < 1:
        return np.where(mask > 0.5, mask, np.float32(0))
    inside = cv2.copyMakeBorder((mask > 0.5).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    far = cv2.distanceTransform(inside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    return np.clip(far / np.float32(pixels), 0, 1).astype(np.float32)


def around_points(groups: list[Points], size: tuple[int, int], grow: float) -> Mask:
    """A mask over the hulls of groups of points, each grown by a part of its own extent.

    Args:
        groups: (K, 2) x, y in pixels; those with less than three points that are known mark nothing.
        size: Width and height.
        grow: In parts of the longer side of a group.

    Returns:
        float32 (H, W), 0 or 1.
    """
    mask = np.zeros((size[1], size[0]), np.uint8)
    for group in groups:
        points = group[np.isfinite(group).all(axis=1)]
        if len(points) < 3:
            continue
        one = np.zeros_like(mask)
        cv2.fillConvexPoly(one, cv2.convexHull(np.rint(points).astype(np.int32)), 1)
        reach = max(1, round(float(np.ptp(points, axis=0).max()) * grow))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        mask = np.maximum(mask, np.asarray(cv2.dilate(one, kernel), np.uint8))
    return mask.astype(np.float32)
