# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow and plain, pixel by pixel: what the quick versions must agree with. Only tests call this."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

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


def patch_cost(
    target: Image, source: Image, guides: int, told: Mask, place: tuple[int, int], there: tuple[int, int]
) -> float:
    """Mean over the pixels of a 5 x 5 patch of the squared difference, summed over channels.

    Args:
        target: float32 (H, W, C).
        source: float32 (h, w, C).
        guides: How many channels count everywhere.
        told: bool (H, W), where the rest count too.
        place: Row and column of the target's patch, which may reach beyond the picture.
        there: Row and column of the source's patch, which may not.
    """
    total, taps = 0.0, 0
    for row in range(-2, 3):
        for column in range(-2, 3):
            y, x = place[0] + row, place[1] + column
            if not (0 <= y < target.shape[0] and 0 <= x < target.shape[1]):
                continue
            channels = target.shape[2] if told[y, x] else guides
            difference = target[y, x, :channels] - source[there[0] + row, there[1] + column, :channels]
            total += float((difference.astype(np.float64) ** 2).sum())
            taps += 1
    return total / taps


def nearest_patches(target: Image, source: Image, need: Mask, allowed: Mask) -> npt.NDArray[np.int32]:
    """The best patch of all: int32 (H, W, 2), its column and row in the source for each pixel needed."""
    told = np.ones(need.shape, bool)
    best = np.zeros((*need.shape, 2), np.int32)
    height, width = allowed.shape
    centres = [(v, u) for v in range(2, height - 2) for u in range(2, width - 2) if allowed[v, u]]
    for y, x in zip(*(axis.tolist() for axis in np.nonzero(need)), strict=True):
        costs = [patch_cost(target, source, target.shape[2], told, (y, x), there) for there in centres]
        best[y, x] = centres[int(np.argmin(costs))][::-1]
    return best
