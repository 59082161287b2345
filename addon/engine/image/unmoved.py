# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found to move by itself but is scene after all: floor between legs, shadows beside feet, a post in front.

Flow bleeds over silhouettes, so what lies close to a figure seems to move with it. Over several frames the two part:
what belongs to the scene looks the same where a plane of the scene takes it, at least on one side in time, and what
belongs to the figure looks the same where the found motion takes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, cast

import cv2
import numpy as np
import numpy.typing as npt

from .fill import fill
from .scene_regions import SceneRegions
from .warp import Flow, Image, Mask, look_up, positions

Bytes = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]

_DISTANCES = (4, 8, 12)
"""Frames to the ones that are compared, on each side."""
REACH = _DISTANCES[-1]
_SOFT_PIXELS = 0.5
_LIGHT_PIXELS, _LIGHT_SHARE = 7, np.float32(0.6)
_WINDOW = 3
_MOST_LEVELS = np.float32(20)
_GRAIN_LEVELS = np.float32(6)
"""Difference that says nothing: of both explanations."""
MOST = np.float32(2)
_MARGIN = 12
_LEAST_POINTS, _GRID_POINTS, _AGREE_PIXELS = 30, 500, 0.4
_MEAN = np.full((1, 3), 1 / 3, np.float32)


class _Box(NamedTuple):
    """A part of a picture: where its pixels are, float32 (h, w, 2), and their place in the picture."""

    at: Image
    place: tuple[slice, slice]


class Unmoved:
    """How badly the scene explains what was found to move, beside how badly its own motion does.

    Args:
        picture: Frame → uint8 RGB (h, w, 3) at the size of the regions.
        free: Frame → bool (h, w), what was found to move by itself.
        regions: The scene's flat regions beside it.
        scene: Frame → first and last frame of its scene.
    """

    def __init__(
        self,
        picture: Callable[[int], Bytes],
        free: Callable[[int], Mask],
        regions: SceneRegions,
        scene: Callable[[int], tuple[int, int]],
    ) -> None:
        self._picture, self._free, self._regions, self._scene = picture, free, regions, scene

    def share(self, frame: int) -> Image:
        """Of a frame: float32 (h, w), 0 where the scene explains it, `MOST` where only its own motion does.

        It is known where something moves and close to it, and `MOST` elsewhere.
        """
        free = self._free(frame)
        found = np.full(free.shape, MOST, np.float32)
        if not free.any():
            return found
        box = _box(free)
        own = _soft(self._picture(frame))[box.place]
        by_scene: list[Image] = []
        by_motion: list[Image] = []
        labels = self._regions.labels(frame)
        for side in (-1, 1):
            compared = [self._compared(frame, other, labels, own, box) for other in self._others(frame, side)]
            if compared:
                by_scene.append(np.median([scene for scene, _ in compared], axis=0))
                by_motion.append(np.mean([motion for _, motion in compared], axis=0))
        if by_scene:
            # What is hidden in one direction shows in the other.
            worst = np.minimum.reduce(by_scene) / (np.minimum.reduce(by_motion) + _GRAIN_LEVELS)
            found[box.place] = np.minimum(worst, MOST)
        return found

    def _others(self, frame: int, side: int) -> list[int]:
        first, last = self._scene(frame)
        return [frame + side * away for away in _DISTANCES if first <= frame + side * away <= last]

    def _compared(self, frame: int, other: int, labels: Bytes, own: Image, box: _Box) -> tuple[Image, Image]:
        """How unlike another frame is under the scene's motion, the best of it, and under the found one."""
        way = self._regions.way(frame, other)
        there = _soft(self._picture(other))
        points = positions(*labels.shape)
        extended = fill(way.flow, way.known, 2)[box.place]
        scene = _unlike(own, there, box.at + extended)
        for matrix in _planes(labels, points, way.flow, way.known):
            at = cv2.perspectiveTransform(box.at.astype(np.float64), matrix).astype(np.float32)
            scene = np.minimum(scene, _unlike(own, there, at))
        return scene, _unlike(own, there, box.at + way.flow[box.place])


def _box(free: Mask) -> _Box:
    rows, columns = (np.flatnonzero(free.any(axis=axis)) for axis in (1, 0))
    place = (
        slice(max(0, rows[0] - _MARGIN), rows[-1] + _MARGIN + 1),
        slice(max(0, columns[0] - _MARGIN), columns[-1] + _MARGIN + 1),
    )
    return _Box(np.ascontiguousarray(positions(*free.shape)[place]), place)


def _planes(labels: Bytes, points: Image, flow: Flow, known: Mask) -> list[Matrix]:
    """The homography of each region to another frame."""
    found: list[Matrix] = []
    counts = np.bincount(labels[known], minlength=2)
    for label in range(1, len(counts)):
        if counts[label] < _LEAST_POINTS:
            continue
        step = max(1, round(counts[label] / _GRID_POINTS))
        here = np.flatnonzero(known & (labels == label))[step // 2 :: step]
        start = points.reshape(-1, 2)[here]
        cv2.setRNGSeed(1)
        matrix, _ = cv2.findHomography(
            start, start + flow.reshape(-1, 2)[here], cv2.RANSAC, _AGREE_PIXELS, maxIters=60, confidence=0.99
        )
        if matrix is not None:
            found.append(np.asarray(matrix, np.float64))
    return found


def _soft(picture: Bytes) -> Image:
    return cast(Image, cv2.GaussianBlur(picture.astype(np.float32), (0, 0), _SOFT_PIXELS))


def _unlike(own: Image, other: Image, at: Image) -> Image:
    """Difference without that of the light, in 8-bit levels, averaged close by; the most where nothing is."""
    difference = own - cast(Image, look_up(other, at))
    light = cv2.blur(difference, (_LIGHT_PIXELS, _LIGHT_PIXELS))
    levels = cv2.transform(np.abs(difference - _LIGHT_SHARE * light), _MEAN)
    height, width = other.shape[:2]
    outside = (at[..., 0] < 0) | (at[..., 1] < 0) | (at[..., 0] > width - 1) | (at[..., 1] > height - 1)
    levels = np.where(outside, _MOST_LEVELS, np.minimum(levels, _MOST_LEVELS))
    return cast(Image, cv2.blur(levels, (_WINDOW, _WINDOW)))
