# SPDX-License-Identifier: GPL-3.0-or-later
"""The flat regions of every frame, from the motion between neighbouring frames and what moves by itself.

They are searched in some frames and carried to those between.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from .flow import occluded
from .planar_regions import Motion, planar_regions, small_size
from .recent import Recent
from .warp import Flow, Image, Mask, compose, inside, look_up, positions, resize_flow, warp

Bytes = npt.NDArray[np.uint8]

EVERY, EVERY_ROUGHLY = 4, 8
"""Regions are searched in every so manieth frame of a scene."""
_FAR, _LEAST_FAR = 8, 3
"""Frames to the ones that planes are told apart by; nearer ones than the least tell nothing."""
REACH = _FAR + EVERY_ROUGHLY // 2
"""The regions of a frame depend on frames at most this far away."""
_KEPT = 8 * _FAR
_SURELY_SEEN, _HARDLY_FREE = 0.9, 0.1


class SceneRegions:
    """Flat regions. Those of a frame depend on frames up to `REACH` away within its scene, on no order.

    Args:
        flow: (frame, neighbour) → (H, W, 2) float32, pixels of its own size, to the next or the previous frame.
        free: Frame → (H, W) float32, 0..1, what moves by itself.
        scene: Frame → first and last frame of its scene.
        size: Width and height of the footage.
        every: Regions are searched in every so manieth frame of a scene; at most `EVERY_ROUGHLY`.
    """

    def __init__(
        self,
        flow: Callable[[int, int], Flow],
        free: Callable[[int], Image],
        scene: Callable[[int], tuple[int, int]],
        size: tuple[int, int],
        every: int = EVERY,
    ) -> None:
        self._width, self._height = small_size(size)
        self._flow, self._free_of, self._scene, self._every = flow, free, scene, every
        self._step = Recent(self._make_step, _KEPT)
        self._free = Recent(self._make_free, _KEPT)
        self._seen = Recent(self._make_seen, _KEPT)
        self._searched = Recent(self._make_searched, 2)

    def labels(self, frame: int) -> Bytes:
        """The regions of a frame, uint8 (h, w), a long side of at most `LONG_SIDE`; 0 on no plane."""
        first, last = self._scene(frame)
        searched = min(first + self._every * round((frame - first) / self._every), last)
        labels = self._searched(searched)
        if searched == frame:
            return labels
        way = self.way(frame, searched)
        at = positions(self._height, self._width) + way.flow
        return np.where(way.known, look_up(labels, at, "nearest"), 0).astype(np.uint8)

    def _make_searched(self, frame: int) -> Bytes:
        first, last = self._scene(frame)
        others = (max(first, frame - _FAR), min(last, frame + _FAR))
        motions = [self._motion(frame, other) for other in others if abs(other - frame) >= _LEAST_FAR]
        if not motions:
            return np.zeros((self._height, self._width), np.uint8)
        beside = cv2.dilate(self.is_free(frame).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        return planar_regions(motions, beside)

    def _motion(self, frame: int, other: int) -> Motion:
        """The way to another frame, known where the static scene stays in sight."""
        way = self.way(frame, other)
        free = self.is_free(other).astype(np.float32)
        shown = ~self.is_free(frame) & (warp(free, way.flow) < _HARDLY_FREE)
        return Motion(way.flow, way.known & shown)

    def is_free(self, frame: int) -> Mask:
        """What moves by itself, bool (h, w), at the size of the labels."""
        return self._free(frame) > 0.5

    def way(self, frame: int, other: int) -> Motion:
        """The motion to another frame of the scene, chained; known where all on the way show the static scene."""
        side = 1 if other > frame else -1
        flow: Flow = self._step(frame, frame + side)
        known: Mask = self._seen(frame, frame + side) > 0.5
        for middle in range(frame + side, other, side):
            known = known & (warp(self._seen(middle, middle + side), flow) > _SURELY_SEEN)
            flow = compose(flow, self._step(middle, middle + side))
        return Motion(flow, known & inside(flow, self._height, self._width))

    def _make_step(self, frame: int, other: int) -> Flow:
        return resize_flow(self._flow(frame, other), self._height, self._width)

    def _make_seen(self, frame: int, other: int) -> Image:
        """1 where a neighbour shows a frame's static scene, else 0."""
        hidden = occluded(self._step(frame, other), self._step(other, frame)) | self.is_free(frame)
        return (~hidden).astype(np.float32)

    def _make_free(self, frame: int) -> Image:
        free = self._free_of(frame)
        return np.asarray(cv2.resize(free, (self._width, self._height), interpolation=cv2.INTER_AREA), np.float32)
