# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of the static scene to one key, followed frame by frame away from it.

The motion is chained, corrected by what still moves between the frame and the key's footage under the map, and held to
planes where planes explain it. Where that cannot be trusted (occlusion edges, what comes into view, what a moving
figure hides) each pixel takes the motion of a plane or of a region close by, whichever makes the key's footage look
most like the frame.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .fill import fill
from .flow import FlowFinder, occluded
from .ground_regions import held_to_regions
from .plane_align import slopes_of
from .settle import settle, tile_models
from .view import View, cost, enlarged, is_free
from .warp import Flow, Image, Mask, compose, homography_flow, inside, positions, warp

Matrix = npt.NDArray[np.float64]

_RESIDUAL_LIMIT_PIXELS = 3.0
_RESIDUAL_COST = 0.5
_FULL_GAIN = 0.05
_TRUSTED_COST = 0.35
_BAD_COST = 0.8
_SEAM_COST = 0.2
_BESIDE_PIXELS = 15
_JUMP_PIXELS = 1.0
_PLANE_BONUS = 0.02
_PLANE_NEAR_PIXELS = 1.0
# Costs of single pixels are grainy: what is better is judged on this many pixels across.
_PLANE_JUDGED_PIXELS = 15
_DRIFT_JUDGED_PIXELS = 9
_MOST_PLANES = 4
_LEAST_SHARE = 0.06
_AGREE_PIXELS = 0.6
_CLOSER_PIXELS = (0.4, 0.25, 0.2)
_LEAST_POINTS = 40
_GRID_POINTS = 6000
_FILL_REDUCTION = 4


class GroundTracker:
    """Follows the static scene to one key.

    Args:
        key: The key's own frame.
        refine: Correct the drift and settle what the chain cannot tell.
        planes: Hold what moves like a flat thing to its plane.
        exact: The motion is known, not found: only what it lost is settled.
    """

    def __init__(self, key: View, *, refine: bool = True, planes: bool = True, exact: bool = False) -> None:
        self._key = key
        self._shown = ~key.is_free
        self._refine = refine
        self._with_planes = planes
        self._slopes = slopes_of(key.grey) if planes and not exact else None
        self._finder = None if exact else FlowFinder("fast", 1)
        self._map: Flow = np.zeros((*key.grey.shape, 2), np.float32)

    def advance(self, view: View, to_previous: Flow, from_previous: Flow) -> Flow:
        """The map of the next frame, float32 (H, W, 2), pixels, frame → key.

        Args:
            view: The next frame (later or earlier in time; each call one further from the key).
            to_previous: Flow from it to the frame of the last call, float32 (H, W, 2).
            from_previous: Flow back.
        """
        lost = lost_of_ground(view.free, to_previous, from_previous)
        flow = fill(compose(to_previous, self._map), ~lost)
        if self._refine:
            flow = self.corrected(view, flow, lost)
        self._map = flow
        return flow

    def corrected(self, view: View, flow: Flow, lost: Mask) -> Flow:
        """A map without drift, and settled where it cannot be trusted; float32 (H, W, 2), pixels, frame → key.

        Args:
            view: The frame.
            flow: Its map as chained, float32 (H, W, 2), pixels.
            lost: bool (H, W), where the chain did not show the static scene.
        """
        free = view.is_free
        before = self._cost(view, flow)
        jump = _jumps(flow)
        trusted = ~lost & (before < _TRUSTED_COST) & ~jump
        models = tile_models(flow, trusted)
        costs = before
        if self._finder:
            flow, costs = self._without_drift(self._finder, view, flow, before, lost)
        planes = planes_of(flow, trusted, closely=True) if self._with_planes else []
        # Exact motion has nothing to gain from planes but where it was lost.
        for plane in planes if self._finder else []:
            flow = self._held(view, flow, costs, homography_flow(plane, *lost.shape))
        active = _doubtful(costs, lost, jump) & ~free
        if self._slopes and view.regions.any():
            flow, held, flat = held_to_regions(view, self._key, self._slopes, flow, trusted, lost, costs)
            active, planes = active & ~held, planes + flat
        flow = np.ascontiguousarray(flow, np.float32)
        matrices = np.array(planes, np.float64).reshape(-1, 3, 3)
        settle(view.region_features, self._key.region_features, self._shown, flow, lost, active, models, matrices)
        return flow

    def _cost(self, view: View, flow: Flow) -> Image:
        return cast(Image, enlarged(cost(view, self._key, flow), view.grey.shape))

    def _without_drift(
        self, finder: FlowFinder, view: View, flow: Flow, costs: Image, lost: Mask
    ) -> tuple[Flow, Image]:
        """The map corrected by what still moves, as far as the footage agrees better then; and its costs."""
        seen = cast(npt.NDArray[np.uint8], warp(self._key.grey, flow))
        residual = finder.between(view.grey, seen)
        length = _length(residual)
        small = (length < _RESIDUAL_LIMIT_PIXELS) & (costs < _RESIDUAL_COST)
        known = ~lost & small & inside(flow, *lost.shape)
        moved = compose(fill(residual, known, _FILL_REDUCTION), flow)
        after = self._cost(view, moved)
        gain = _around(costs - after, _DRIFT_JUDGED_PIXELS)
        share = np.clip(gain * np.float32(1 / _FULL_GAIN) + np.float32(0.5), 0, 1)
        return cast(Flow, flow + (moved - flow) * share[..., None]), np.minimum(costs, after)

    def _held(self, view: View, flow: Flow, costs: Image, plane: Flow) -> Flow:
        """The map on a plane where it is near and explains the footage as well."""
        near = _length(plane - flow) < _PLANE_NEAR_PIXELS
        as_good = near & (_around(self._cost(view, plane) - costs, _PLANE_JUDGED_PIXELS) < _PLANE_BONUS)
        return np.where(as_good[..., None], plane, flow)


def _doubtful(costs: Image, lost: Mask, jump: Mask) -> Mask:
    """Where a map is to be settled: at edges of motion the footage does not agree with, and what is bad beside them."""
    edge = lost | (jump & (costs > _SEAM_COST))
    beside = cv2.dilate(edge.astype(np.uint8), np.ones((_BESIDE_PIXELS, _BESIDE_PIXELS), np.uint8)) > 0
    found = edge | (beside & (costs > _BAD_COST))
    return cv2.dilate(found.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def lost_of_ground(free: Image, to_previous: Flow, from_previous: Flow) -> Mask:
    """Pixels whose static scene the frame before did not show: bool (H, W).

    Args:
        free: What moves by itself in the frame, float32 (H, W), 0..1.
        to_previous: float32 (H, W, 2), pixels, to the frame before.
        from_previous: The flow back.
    """
    return occluded(to_previous, from_previous) | is_free(free)


def _length(flow: Flow) -> Image:
    # OpenCV's magnitude differs in the last bit with the address of its input.
    return np.sqrt(np.square(flow[..., 0]) + np.square(flow[..., 1]))


def _around(costs: Image, pixels: int) -> Image:
    return cast(Image, cv2.blur(costs, (pixels, pixels)))


def _jumps(flow: Flow) -> Mask:
    """Where neighbouring pixels move apart."""
    across = np.abs(np.diff(flow, axis=1, prepend=flow[:, :1])).sum(-1)
    down = np.abs(np.diff(flow, axis=0, prepend=flow[:1])).sum(-1)
    return across + down > _JUMP_PIXELS


def planes_of(flow: Flow, where: Mask, *, closely: bool = False) -> list[Matrix]:
    """Homographies that parts of a flow agree with, the largest part first, from the flow's frame to the other.

    RANSAC on a grid of at most about 6000 pixels, seeded: the same flow gives the same planes.

    Args:
        flow: float32 (H, W, 2), pixels.
        where: bool (H, W), pixels to ask.
        closely: Fit each by least squares to what agrees with it more and more closely, so that other things near
            the plane do not bend it.

    Returns:
        Up to four (3, 3) matrices; none where nothing moves like a plane.
    """
    step = max(2, round((where.size / _GRID_POINTS) ** 0.5))
    picked = (slice(step // 2, None, step),) * 2
    asked = where[picked]
    start = positions(*where.shape)[picked][asked]
    end = start + flow[picked][asked]
    least = max(_LEAST_POINTS, _LEAST_SHARE * len(start))
    found: list[Matrix] = []
    while len(found) < _MOST_PLANES and len(start) > least:
        cv2.setRNGSeed(1)
        matrix, agreeing = cv2.findHomography(start, end, cv2.RANSAC, _AGREE_PIXELS, maxIters=300, confidence=0.995)
        if matrix is None:
            break
        agrees = agreeing.ravel() > 0
        if agrees.sum() < least:
            break
        found.append(_fitted(cast(Matrix, matrix), start, end) if closely else cast(Matrix, matrix / matrix[2, 2]))
        start, end = start[~agrees], end[~agrees]
    return found


def _fitted(matrix: Matrix, start: Flow, end: Flow) -> Matrix:
    """A homography fitted to the points close to it: float32 (N, 2) each, pixels."""
    points = start[None].astype(np.float64)
    for limit in _CLOSER_PIXELS:
        off = cv2.perspectiveTransform(points, matrix)[0] - end
        close = np.square(off).sum(-1) < limit**2
        if close.sum() < _LEAST_POINTS:
            break
        better, _ = cv2.findHomography(start[close], end[close], 0)
        if better is None:
            break
        matrix = cast(Matrix, better)
    return matrix / matrix[2, 2]
