# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves by itself in front of a static scene, frame by frame, from the footage alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from . import grabcut
from .guided import guided_enlarge
from .motion_evidence import hysteresis
from .movers_evidence import costs, features, gathered
from .warp import compose, inside, resize_flow, warp

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

LONG_SIDE = 480
"""The analysis works at this size or smaller."""
DISTANCES = (1, 3, 6)
REACH = DISTANCES[-1] + 3
"""A mask depends on frames at most this far away."""
_NEAR_ENDS = 3
_WEIGHTS = {0: 6.0, 1: 4.0, 2: 1.0}
_COLOUR_TOLERANCE = 24.0
_LOW, _HIGH, _SURE = 0.15, 0.45, 0.45
_LEAST_PART, _LEAST_HOLE = 0.0006, 0.004
_NEAR, _DEEP, _FAR = 3, 8, 5
_WINDOW_MARGIN = 10
_ROUNDS = 2
_EDGE_RADIUS, _EDGE_EPSILON = 4, 1e-3


class Movers:
    """Soft masks of what moves by itself. A mask depends on frames up to `REACH` away within its scene, on no order.

    Args:
        picture: Frame → (H, W, 3) uint8 RGB, every frame of one size.
        flow: (frame, neighbour) → (H, W, 2) float32, pixels, from the frame to the next or the previous one.
        scene: Frame → first and last frame of its scene.
    """

    def __init__(
        self,
        picture: Callable[[int], Bytes],
        flow: Callable[[int, int], Float],
        scene: Callable[[int], tuple[int, int]],
    ) -> None:
        self._picture, self._flow, self._scene = picture, flow, scene
        self._small = _Recent(self._make_small, 2 * REACH + 2)
        self._features = _Recent(lambda frame: features(self._small(frame)), 2 * REACH + 2)
        self._step = _Recent(self._make_step, 4 * REACH + 4)
        self._evidence = _Recent(self._make_evidence, 8)
        self._sided = _Recent(self._make_sided, 8)

    def mask(self, frame: int) -> Float:
        """Of a frame: (H, W) float32, 0 the static scene, 1 what moves by itself."""
        picture = self._picture(frame)
        small = self._small(frame)
        region = self.region(frame)
        if not region.any():
            return np.zeros(picture.shape[:2], np.float32)
        return np.clip(guided_enlarge(small, region, picture, _EDGE_RADIUS, _EDGE_EPSILON), 0, 1)

    def region(self, frame: int) -> Float:
        """The mask at the size of the analysis, (h, w) float32 0 or 1."""
        evidence = self._calm(frame)
        region = _solid(evidence)
        picture = self._small(frame)
        labels = _labels(region, evidence)
        result = region.astype(np.float32)
        for window, group in _groups(region):
            part = np.ascontiguousarray(labels[window])
            found = grabcut.cut(np.ascontiguousarray(picture[window]), part, frame, _ROUNDS)
            result[window][group] = found[group]
        return result

    def _make_small(self, frame: int) -> Bytes:
        picture = self._picture(frame)
        scale = LONG_SIDE / max(picture.shape[:2])
        if scale < 1:
            picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.6), np.uint8)

    def _make_step(self, frame: int, other: int) -> Float:
        height, width = self._small(frame).shape[:2]
        return resize_flow(self._flow(frame, other), height, width)

    def _chain(self, frame: int, other: int) -> Float:
        """Motion to a frame that may be farther away."""
        side = 1 if other > frame else -1
        flow = self._step(frame, frame + side)
        for middle in range(frame + side, other, side):
            flow = compose(flow, self._step(middle, middle + side))
        return flow

    def _make_evidence(self, frame: int) -> Float:
        first, last = self._scene(frame)
        found: dict[int, list[tuple[Float, Float]]] = {distance: [] for distance in DISTANCES}
        for side in (-1, 1):
            flow: Float | None = None
            for distance in range(1, DISTANCES[-1] + 1):
                other = frame + side * distance
                if not first <= other <= last:
                    break
                step = self._step(other - side, other)
                chained = step if flow is None else compose(flow, step)
                flow = chained
                if distance in found:
                    found[distance].append(costs(self._features(frame), self._features(other), chained))
        sides = [pairs for pairs in found.values() if pairs]
        return gathered(sides) if sides else np.zeros(self._small(frame).shape[:2], np.float32)

    def _make_sided(self, frame: int) -> Float:
        """Evidence, near the ends of a scene held by that of a frame further in.

        With no past what a mover uncovers looks like the mover, with no future what it will cover does.
        """
        first, last = self._scene(frame)
        own = self._evidence(frame)
        inner = min(max(frame, first + _NEAR_ENDS), last - _NEAR_ENDS)
        if inner == frame or last - first < 2 * _NEAR_ENDS:
            return own
        carried = np.asarray(warp(self._evidence(inner), self._chain(frame, inner)), np.float32)
        return np.minimum(own, np.asarray(cv2.dilate(carried, _disc(3)), np.float32))

    def _calm(self, frame: int) -> Float:
        """Mean of the evidence along the motion, neighbours by how alike they are."""
        first, last = self._scene(frame)
        total = np.float32(_WEIGHTS[0]) * self._sided(frame)
        weights = np.full(total.shape, _WEIGHTS[0], np.float32)
        for other in range(max(first, frame - 2), min(last, frame + 2) + 1):
            if other == frame:
                continue
            flow = self._chain(frame, other)
            weight = np.float32(_WEIGHTS[abs(other - frame)]) * self._alike(frame, other, flow)
            total += weight * np.asarray(warp(self._sided(other), flow), np.float32)
            weights += weight
        return np.asarray(cv2.GaussianBlur(total / weights, (0, 0), 1.0), np.float32)

    def _alike(self, frame: int, other: int, flow: Float) -> Float:
        warped = np.asarray(warp(self._small(other), flow), np.uint8)
        channels = cv2.split(cv2.absdiff(warped, self._small(frame)))
        largest = cv2.max(cv2.max(channels[0], channels[1]), channels[2]).astype(np.float32)
        near = cv2.blur(largest, (5, 5)) / np.float32(_COLOUR_TOLERANCE)
        return np.exp(-near * near) * inside(flow, *flow.shape[:2])


class _Recent:
    """The last few results of a function."""

    def __init__(self, make: Callable[..., Any], most: int) -> None:
        self._make, self._most = make, most
        self._kept: OrderedDict[tuple[int, ...], Any] = OrderedDict()

    def __call__(self, *key: int) -> Any:
        if key not in self._kept:
            self._kept[key] = self._make(*key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def _solid(evidence: Float) -> Bytes:
    """Region of the evidence, gaps closed, without specks and small holes: (h, w) uint8 0 or 1."""
    region = hysteresis(evidence, _LOW, _HIGH)
    closed = np.asarray(cv2.morphologyEx(region, cv2.MORPH_CLOSE, _disc(4)), np.uint8)
    kept = _large_parts(closed, _LEAST_PART)
    return 1 - _large_parts(1 - kept, _LEAST_HOLE)


def _large_parts(mask: Bytes, least_share: float) -> Bytes:
    _, found, table, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    labels = np.asarray(found, np.int32)
    large = np.asarray(table, np.int32)[:, cv2.CC_STAT_AREA] >= least_share * mask.size
    large[0] = False
    return large[labels].astype(np.uint8)


def _labels(region: Bytes, evidence: Float) -> Bytes:
    """For GrabCut: sure inside, sure away, open between."""
    labels = np.full(region.shape, grabcut.MAYBE_BACKGROUND, np.uint8)
    labels[region > 0] = grabcut.MAYBE_CHARACTER
    surest = cv2.morphologyEx((evidence > _SURE).astype(np.uint8), cv2.MORPH_CLOSE, _disc(_NEAR))
    sure = np.asarray(surest, np.uint8) & region
    labels[cv2.erode(sure, _disc(_NEAR)) > 0] = grabcut.CHARACTER
    labels[cv2.erode(region, _disc(_DEEP)) > 0] = grabcut.CHARACTER
    labels[cv2.dilate(region, _disc(_FAR)) == 0] = grabcut.BACKGROUND
    return labels


def _groups(region: Bytes) -> list[tuple[tuple[slice, slice], npt.NDArray[np.bool_]]]:
    """Window round each group of parts, and in it the pixels of the group and near it.

    Colours near by tell more than those of the whole picture, and GrabCut's time goes with the area.
    """
    _, found, table, _ = cv2.connectedComponentsWithStats(cv2.dilate(region, _disc(_FAR + 1)))
    height, width = region.shape
    groups: list[tuple[tuple[slice, slice], npt.NDArray[np.bool_]]] = []
    for index, (left, top, wide, high, _) in enumerate(table.tolist()):
        if index == 0:
            continue
        rows = slice(max(0, top - _WINDOW_MARGIN), min(height, top + high + _WINDOW_MARGIN))
        columns = slice(max(0, left - _WINDOW_MARGIN), min(width, left + wide + _WINDOW_MARGIN))
        groups.append(((rows, columns), np.asarray(found[rows, columns] == index)))
    return groups


def _disc(radius: int) -> Bytes:
    size = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
