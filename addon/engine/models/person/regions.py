# SPDX-License-Identifier: GPL-3.0-or-later
"""Regions: rotated rectangles of the picture that the networks look at, and the way there and back.

The rules of how a region follows from key points are those of MediaPipe's published graphs (Apache-2.0).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.float64]

_ANTIALIAS_BELOW = 0.5
_ANTIALIAS_KEEPS = 1.6
_SMALLEST_PIXELS = 8.0


class Border(IntEnum):
    """What a network sees outside the picture."""

    BLACK = cv2.BORDER_CONSTANT
    REPLICATE = cv2.BORDER_REPLICATE


@dataclass(frozen=True)
class Region:
    """A rotated rectangle in the picture.

    Attributes:
        x: Centre, pixels, with the picture's left edge at 0 (a pixel's centre is at .5).
        y: Centre, pixels, downwards.
        width: Pixels, along the rotated x axis.
        height: Pixels, along the rotated y axis.
        rotation: Radians, clockwise as seen on the screen.
    """

    x: float
    y: float
    width: float
    height: float
    rotation: float = 0.0

    def moved(self, scale: float, shift_x: float = 0.0, shift_y: float = 0.0) -> Region:
        """A square of `scale` times the longer side, shifted by parts of the sides along the rotated axes."""
        cosine, sine = math.cos(self.rotation), math.sin(self.rotation)
        along_x, along_y = self.width * shift_x, self.height * shift_y
        side = max(self.width, self.height) * scale
        return Region(
            self.x + along_x * cosine - along_y * sine,
            self.y + along_x * sine + along_y * cosine,
            side,
            side,
            self.rotation,
        )

    def is_usable(self, picture_width: int, picture_height: int, largest_ratio: float = 3.0) -> bool:
        """Whether the region is finite, of a sensible size, and touches the picture.

        Args:
            picture_width: Pixels.
            picture_height: Pixels.
            largest_ratio: Longest side allowed, in longer sides of the picture.
        """
        values = (self.x, self.y, self.width, self.height, self.rotation)
        if not all(math.isfinite(value) for value in values):
            return False
        largest = largest_ratio * max(picture_width, picture_height)
        if not all(_SMALLEST_PIXELS < side < largest for side in (self.width, self.height)):
            return False
        reach = math.hypot(self.width, self.height) / 2
        return -reach < self.x < picture_width + reach and -reach < self.y < picture_height + reach

    def contains(self, x: float, y: float) -> bool:
        """Whether a point of the picture lies in the rectangle."""
        cosine, sine = math.cos(self.rotation), math.sin(self.rotation)
        right, down = x - self.x, y - self.y
        inside_x = abs(right * cosine + down * sine) <= self.width / 2
        return inside_x and abs(down * cosine - right * sine) <= self.height / 2


def to_array(region: Region | None) -> Points:
    """The region as (5,) numbers; NaN for none."""
    if region is None:
        return np.full(5, np.nan)
    return np.array([region.x, region.y, region.width, region.height, region.rotation])


def from_array(values: Points) -> Region | None:
    """The inverse of `to_array`."""
    return Region(*(float(value) for value in values)) if np.isfinite(values).all() else None


def whole_picture(width: int, height: int) -> Region:
    """The upright square around a picture (letterbox)."""
    side = float(max(width, height))
    return Region(width / 2, height / 2, side, side)


def around(points: Points, rotation: float = 0.0) -> Region:
    """The upright bounding box of points (N, 2), given a rotation about its centre."""
    low, high = points.min(axis=0), points.max(axis=0)
    centre, size = (low + high) / 2, high - low
    return Region(float(centre[0]), float(centre[1]), float(size[0]), float(size[1]), rotation)


def around_rotated(points: Points, rotation: float) -> Region:
    """The bounding box of points (N, 2) along axes turned by `rotation`."""
    axes = _rotation(rotation)
    turned = points @ axes
    low, high = turned.min(axis=0), turned.max(axis=0)
    centre, size = axes @ ((low + high) / 2), high - low
    return Region(float(centre[0]), float(centre[1]), float(size[0]), float(size[1]), rotation)


def aligned(centre: Points, other: Points, target_degrees: float) -> Region:
    """A square about `centre` that reaches to `other`, turned so that `other` is seen at `target_degrees`.

    Args:
        centre: (2,) pixels.
        other: (2,) pixels.
        target_degrees: Counter-clockwise from the right: 90 is upwards.
    """
    side = 2.0 * float(np.hypot(*(other - centre)))
    return Region(float(centre[0]), float(centre[1]), side, side, angle_to(centre, other, target_degrees))


def angle_to(origin: Points, other: Points, target_degrees: float) -> float:
    """Rotation, in -pi..pi, that turns the direction from `origin` to `other` into `target_degrees`."""
    angle = math.radians(target_degrees) - math.atan2(-(other[1] - origin[1]), other[0] - origin[0])
    return angle - 2 * math.pi * math.floor((angle + math.pi) / (2 * math.pi))


@dataclass(frozen=True)
class Crop:
    """What a network sees of a region, and the way back to the picture.

    Attributes:
        image: (height, width, 3) float32, 0..1.
        matrix: (2, 3) from picture coordinates to crop coordinates, both with edges at 0.
        region: Where it was taken.
    """

    image: Floats
    matrix: Points
    region: Region

    def to_picture(self, points: npt.NDArray[Any]) -> Points:
        """Points (N, 2) of the crop, pixels, in the picture."""
        inverse = np.linalg.inv(self.matrix[:, :2])
        return (np.asarray(points, np.float64) - self.matrix[:, 2]) @ inverse.T


def cut(picture: npt.NDArray[np.uint8], region: Region, size: tuple[int, int], border: Border) -> Crop:
    """The region of a picture, resampled.

    Args:
        picture: (H, W, 3) uint8 sRGB.
        region: What to cut.
        size: Width and height of the crop.
        border: What lies outside the picture.
    """
    matrix = region_matrix(region, size)
    source, scale_x, scale_y = _shrunk(picture, size[0] / region.width)
    warp = matrix.copy()
    warp[:, 0] /= scale_x
    warp[:, 1] /= scale_y
    # OpenCV counts from pixel centres, the networks from edges.
    warp[:, 2] += warp[:, :2] @ np.array([0.5, 0.5]) - 0.5
    seen = cv2.warpAffine(source, warp, size, flags=cv2.INTER_LINEAR, borderMode=int(border))
    return Crop(seen.astype(np.float32) / np.float32(255), matrix, region)


def region_matrix(region: Region, size: tuple[int, int]) -> Points:
    """(2, 3) matrix from the picture to a crop of `size` (width, height); edges at 0 in both."""
    scale = np.diag([size[0] / region.width, size[1] / region.height])
    turn = scale @ _rotation(region.rotation).T
    shift = np.array(size) / 2 - turn @ np.array([region.x, region.y])
    return np.column_stack([turn, shift])


def rotate_flat(points: npt.NDArray[Any], rotation: float) -> Points:
    """Points (N, 3) turned about the viewing axis from a crop's axes to the picture's."""
    turned = np.array(points, np.float64)
    turned[:, :2] = turned[:, :2] @ _rotation(rotation).T
    return turned


def _rotation(angle: float) -> Points:
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


def _shrunk(picture: npt.NDArray[np.uint8], scale: float) -> tuple[npt.NDArray[np.uint8], float, float]:
    """The picture made smaller by area when the crop would skip pixels, and the scales it got."""
    if scale >= _ANTIALIAS_BELOW:
        return picture, 1.0, 1.0
    height, width = picture.shape[:2]
    factor = scale * _ANTIALIAS_KEEPS
    small = (max(1, round(width * factor)), max(1, round(height * factor)))
    smaller = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
    return smaller.astype(np.uint8, copy=False), small[0] / width, small[1] / height
