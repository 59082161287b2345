# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow and plain, pixel by pixel: what the quick versions must agree with. Only tests call this."""

from __future__ import annotations

import math

import numpy as np

from .warp import Flow, Image, Mask


def sample(image: Image, x: float, y: float) -> Image:
    """The image float32 (H, W, C) at a position, linearly between pixel centres; the border is repeated."""
    height, width = image.shape[:2]
    left, top = math.floor(x), math.floor(y)
    total = np.zeros(image.shape[2], np.float64)
    for row, row_share in ((top, 1 - (y - top)), (top + 1, y - top)):
        for column, column_share in ((left, 1 - (x - left)), (left + 1, x - left)):
            inside = image[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
            total += row_share * column_share * inside
    return total.astype(np.float32)


def warp(image: Image, flow: Flow) -> Image:
    """Backward warp `out(x) = image(x + flow(x))` of float32 (H, W, C)."""
    made = np.empty((*flow.shape[:2], image.shape[2]), np.float32)
    for y in range(flow.shape[0]):
        for x in range(flow.shape[1]):
            made[y, x] = sample(image, x + float(flow[y, x, 0]), y + float(flow[y, x, 1]))
    return made


def compose(first: Flow, then: Flow) -> Flow:
    """The flow a → c of a → b and b → c."""
    return first + warp(then, first)


def crossfade(before: Image, after: Image, to_before: list[Flow], to_after: list[Flow], share: float) -> Image:
    """One frame of the plain way: motion chained to both keys, colours mixed by time.

    Args:
        before: The earlier key, float32 (H, W, 3).
        after: The later key.
        to_before: Flows frame → the one before it → … → the earlier key, in that order.
        to_after: Flows frame → the one after it → … → the later key.
        share: 0 at the earlier key, 1 at the later one.
    """
    early, late = (_chained(flows) for flows in (to_before, to_after))
    mixed = (1 - share) * warp(before, early) + share * warp(after, late)
    return mixed.astype(np.float32)


def _chained(flows: list[Flow]) -> Flow:
    total = flows[0]
    at_next = flows[1:]
    for flow in at_next:
        total = compose(total, flow)
    return total


def occluded(flow_ab: Flow, flow_ba: Flow) -> Mask:
    """Pixels of a that b does not show: bool (H, W)."""
    height, width = flow_ab.shape[:2]
    hidden = np.zeros((height, width), bool)
    for y in range(height):
        for x in range(width):
            there = flow_ab[y, x].astype(np.float64)
            at = x + there[0], y + there[1]
            back = sample(flow_ba, *at).astype(np.float64)
            disagreement = ((there + back) ** 2).sum()
            outside = not (-0.5 <= at[0] <= width - 0.5 and -0.5 <= at[1] <= height - 0.5)
            hidden[y, x] = outside or disagreement > 0.01 * ((there**2).sum() + (back**2).sum()) + 0.5
    return hidden
