# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of the static scene held to the planes of its flat regions.

Each region of `planar_regions` gets the homography that most of its map agrees with, corrected by the footage. Where a
region does not move like one plane, or its plane explains the footage worse than the map, the map stays.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from .plane_align import Slopes, aligned
from .view import STRIDE, View, cost
from .warp import Flow, Image, Mask, homography_flow, inside, positions

Matrix = npt.NDArray[np.float64]

_LEAST_POINTS = 40
_LEAST_SHARE = 1 / 430
"""Of the picture, below which a region is too small to be held."""
_GRID_POINTS = 1500
_AGREE_PIXELS = 0.6
_CLOSER_PIXELS = (0.4, 0.25)
_FLAT_PIXELS, _FLAT_SHARE = 0.5, 0.7
"""A region is flat where this share of its map is no farther than this from one plane."""
_LARGEST_COST = 0.04
_LARGEST_PIXEL_COST = 0.08
_JUDGED_PIXELS = 7
"""Of every `STRIDE`-th pixel."""
_FARTHEST_PIXELS = 8.0


def held_to_regions(
    view: View, key: View, slopes: Slopes, flow: Flow, trusted: Mask, lost: Mask, costs: Image
) -> tuple[Flow, Mask, list[Matrix]]:
    """A map held to the planes of the frame's regions.

    Args:
        view: The frame.
        key: The key.
        slopes: The key's footage, of `slopes_of`.
        flow: Its map, float32 (H, W, 2), pixels, frame → key.
        trusted: bool (H, W), where the map can be trusted.
        lost: bool (H, W), where the chain did not show the static scene.
        costs: How unlike the key under the map is, of `cost` enlarged, float32 (H, W).

    Returns:
        The map; where it was held, bool (H, W); and the planes that it was held to, (3, 3) each, frame → key.
    """
    regions = view.regions
    inner = np.where(_eroded(regions), regions, 0).astype(np.uint8)
    planes = _planes(inner, flow, trusted)
    if not planes:
        return flow, np.zeros_like(lost), []
    support = (inner > 0) & ~lost & ~view.is_free & inside(flow, *lost.shape) & _shown(key, flow)
    planes = aligned(view.grey, slopes, planes, inner, support)
    moved = _composed(flow, regions, planes)
    # Costs are smooth: every second pixel is enough to judge them.
    picked = (slice(None, None, STRIDE),) * 2
    worse = cost(view, key, moved) - costs[picked]
    judged = np.where(support, inner, 0)[picked]
    explained = {
        label: plane for label, plane in planes.items() if _mean(worse, judged == label) <= _LARGEST_COST
    }
    good = cv2.blur(worse, (_JUDGED_PIXELS, _JUDGED_PIXELS)) < _LARGEST_PIXEL_COST
    whole = cv2.resize(good.astype(np.uint8), lost.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    near = np.square(moved - flow).sum(-1) < _FARTHEST_PIXELS**2
    held = whole & near & np.isin(regions, list(explained))
    return np.where(held[..., None], moved, flow), held, list(explained.values())


def _planes(regions: npt.NDArray[np.uint8], flow: Flow, trusted: Mask) -> dict[int, Matrix]:
    """The planes of the regions that have one."""
    found: dict[int, Matrix] = {}
    least = _LEAST_SHARE * regions.size
    counts = np.bincount(regions[trusted], minlength=2)
    for label in range(1, len(counts)):
        if counts[label] < max(least, _LEAST_POINTS):
            continue
        plane = _plane(trusted & (regions == label), flow, counts[label])
        if plane is not None:
            found[label] = plane
    return found


def _plane(where: Mask, flow: Flow, count: int) -> Matrix | None:
    """The homography most of a region agrees with; None where too little does."""
    step = max(1, round((count / _GRID_POINTS) ** 0.5))
    picked = (slice(step // 2, None, step),) * 2
    asked = where[picked]
    start = positions(*where.shape)[picked][asked]
    end = start + flow[picked][asked]
    if len(start) < _LEAST_POINTS:
        return None
    cv2.setRNGSeed(1)
    first, _ = cv2.findHomography(start, end, cv2.RANSAC, _AGREE_PIXELS, maxIters=200, confidence=0.995)
    if first is None:
        return None
    matrix = np.asarray(first, np.float64)
    for limit in _CLOSER_PIXELS:
        close = _off(matrix, start, end) < limit
        if close.sum() < _LEAST_POINTS:
            break
        better, _ = cv2.findHomography(start[close], end[close], 0)
        if better is None:
            break
        matrix = np.asarray(better, np.float64)
    flat = (_off(matrix, start, end) < _FLAT_PIXELS).mean() >= _FLAT_SHARE
    return matrix / matrix[2, 2] if flat else None


def _off(matrix: Matrix, start: Flow, end: Flow) -> npt.NDArray[np.float64]:
    ends = cv2.perspectiveTransform(start[None].astype(np.float64), matrix)[0]
    return np.sqrt(np.square(ends - end).sum(-1))


def _composed(flow: Flow, regions: npt.NDArray[np.uint8], planes: dict[int, Matrix]) -> Flow:
    """The map with each region on its plane."""
    moved = flow
    for label, plane in planes.items():
        moved = np.where((regions == label)[..., None], homography_flow(plane, *regions.shape), moved)
    return moved


def _shown(key: View, flow: Flow) -> Mask:
    """Where the key shows the static scene under a map."""
    free = cv2.remap(
        key.is_free.astype(np.uint8), positions(*flow.shape[:2]) + flow, None, cv2.INTER_NEAREST  # pyright: ignore
    )
    return free == 0


def _eroded(regions: npt.NDArray[np.uint8]) -> Mask:
    """Pixels whose neighbours are of the same region."""
    kernel = np.ones((3, 3), np.uint8)
    return (cv2.erode(regions, kernel) == regions) & (cv2.dilate(regions, kernel) == regions)


def _mean(values: Image, where: Mask) -> float:
    return float(values[where].mean()) if where.any() else np.inf
