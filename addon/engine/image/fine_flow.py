# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion of a small part of the picture, searched on it enlarged: limbs are few pixels wide."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from .warp import Flow, Mask

Bytes = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels, the last two outside."""

_MARGIN = 8
_PATCH, _PATCH_STRIDE = 5, 3
_LARGEST_SCALE = 1.5
_LEAST_SCALE = 1.25
# Enlarged at most to this share of the whole picture: bounds the time, whatever moves.
_LARGEST_AREA = 1.0
_SMALLEST_SIDE = 32
_LEAST_PIXELS = 30
_STRAY = (2, 98)


class FineFlow:
    """Dense inverse search with small patches on enlarged pictures of each thing that moves.

    On `walk` the error on the figure falls from 0.97 to 0.77 pixels against patches of 8 at the picture's own size.
    """

    def __init__(self) -> None:
        self._finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._finder.setFinestScale(0)
        self._finder.setPatchSize(_PATCH)
        self._finder.setPatchStride(_PATCH_STRIDE)

    def refine(self, a: Bytes, b: Bytes, flow: Flow, where: Mask) -> Flow:
        """The flow a → b with the parts around `where` found anew.

        Args:
            a: uint8 (H, W), luma.
            b: The other picture's.
            flow: float32 (H, W, 2), pixels, a → b.
            where: bool (H, W), pixels of a; the box around each connected part of them is searched.

        Returns:
            float32 (H, W, 2); `flow` itself where the boxes are too large or too small to gain.
        """
        boxes = [box for box in _boxes(where, flow) if min(box[2] - box[0], box[3] - box[1]) >= _SMALLEST_SIDE]
        if not boxes:
            return flow
        scale = min(_LARGEST_SCALE, (_LARGEST_AREA * a.size / sum(map(_area, boxes))) ** 0.5)
        if scale < _LEAST_SCALE:
            return flow
        made = flow.copy()
        for left, top, right, bottom in boxes:
            part = slice(top, bottom), slice(left, right)
            made[part] = self._between(a[part], b[part], scale)
        return made

    def _between(self, a: Bytes, b: Bytes, scale: float) -> Flow:
        enlarged = round(a.shape[1] * scale), round(a.shape[0] * scale)
        large = [cv2.resize(side, enlarged, interpolation=cv2.INTER_CUBIC) for side in (a, b)]
        found = self._finder.calc(large[0], large[1], cast(Any, None))
        reduced = cv2.resize(found, (a.shape[1], a.shape[0]), interpolation=cv2.INTER_AREA)
        shares = np.array([a.shape[1] / enlarged[0], a.shape[0] / enlarged[1]], np.float32)
        return cast(Flow, reduced * shares)


def _boxes(where: Mask, flow: Flow) -> list[Box]:
    """The box around each part and where it goes; those that lie into each other are joined."""
    count, labels, table, _ = cv2.connectedComponentsWithStats(where.astype(np.uint8), connectivity=8)
    boxes: list[Box] = []
    for label in range(1, count):
        left, top, width, height, pixels = (int(value) for value in table[label])
        if pixels >= _LEAST_PIXELS:
            part = slice(top, top + height), slice(left, left + width)
            boxes.append(_box((left, top, left + width, top + height), flow[part][labels[part] == label], where.shape))
    return _joined(boxes)


def _box(box: Box, moves: Flow, shape: tuple[int, ...]) -> Box:
    """A box with its margin and with where its contents go."""
    low, high = np.percentile(moves, _STRAY, axis=0)
    left, right = _side(box[0] + min(0, low[0]), box[2] + max(0, high[0]), shape[1])
    top, bottom = _side(box[1] + min(0, low[1]), box[3] + max(0, high[1]), shape[0])
    return left, top, right, bottom


def _side(start: float, stop: float, most: int) -> tuple[int, int]:
    """From where to where a box reaches in one direction, margin included."""
    margin = max(_MARGIN, (_SMALLEST_SIDE - stop + start) / 2 + 1)
    return max(0, int(start - margin)), min(most, int(stop + margin))


def _joined(boxes: list[Box]) -> list[Box]:
    """Boxes without pairs that one box of no more area holds."""
    left = list(boxes)
    done: list[Box] = []
    while left:
        box = left.pop()
        for other in left:
            both = _around(box, other)
            if _area(both) <= _area(box) + _area(other):
                left.remove(other)
                left.append(both)
                break
        else:
            done.append(box)
    return done


def _around(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
