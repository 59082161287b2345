# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps of positions from a frame to its key, followed frame by frame: one for the figure, one for the ground behind.

The figure's motion is extended outward from inside its matte, the ground's inward from outside it, so that neither
drags the other at the silhouette. The ground also has a plane (a homography) that is laid on the key's own
footage anew every other frame, so that it does not drift; each pixel takes whichever explains the footage better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from .fill import fill
from .flow import FlowFinder, grey8, occluded
from .warp import Flow, Image, Mask, compose, homography_flow, inside, positions, warp

Matrix = npt.NDArray[np.float64]

_FILL_REDUCTION = 4
_PLANE_BONUS = np.float32(0.02)
_ANCHOR_EVERY = 2
_STRIDE = 2
_FULL_GAIN = 0.05
_COST_REACH = 5
_COST_WEIGHTS = np.array([[1 / 3, 1 / 3, 1 / 3, 2]], np.float32) / 24
_RESIDUAL_LIMIT_PIXELS = 3.0


@dataclass(frozen=True)
class View:
    """A frame of the footage as the maps are followed on it.

    Attributes:
        grey: uint8 (H, W), luma.
        features: float32 (H, W, 4), colour without its slow part, and edge strength, in 8-bit steps.
        matte: float32 (H, W), 0..1, the figure.
        ground: bool (H, W), surely no figure.
        figure: bool (H, W), surely figure.
    """

    grey: npt.NDArray[np.uint8]
    features: Image
    matte: Image
    ground: Mask
    figure: Mask


def make_view(image8: npt.NDArray[np.uint8], matte: Image) -> View:
    """Prepare a frame.

    Args:
        image8: uint8 RGB (H, W, 3).
        matte: float32 (H, W), 0..1.
    """
    grey = grey8(image8)
    colour = image8.astype(np.float32)
    slow = cv2.blur(colour, (13, 13))
    across, down = cv2.spatialGradient(cv2.GaussianBlur(grey, (3, 3), 0))
    edges = np.abs(across).astype(np.float32) + np.abs(down)
    features = np.dstack([colour - np.float32(0.9) * slow, edges * np.float32(0.25)])
    reach = 1 + 2 * max(1, round(max(grey.shape) / 240))
    square = np.ones((reach, reach), np.uint8)
    ground = cv2.dilate((matte >= 0.1).astype(np.uint8), square) == 0
    figure = cv2.erode((matte > 0.9).astype(np.uint8), square) > 0
    return View(grey, features, matte, ground, figure if figure.any() else matte > 0.5)


@dataclass(frozen=True)
class Maps:
    """Where a frame's layers are in its key: flows float32 (H, W, 2), pixels, frame → key.

    Attributes:
        figure: Map of the figure, extended outside its matte.
        ground: Map of what is behind, extended under the figure.
        figure_cost: float32 (H, W), 0..1: how little the key's footage looks like the frame's under the map.
        ground_cost: The same of the ground.
    """

    figure: Flow
    ground: Flow
    figure_cost: Image
    ground_cost: Image


class LayerTracker:
    """Follows the maps to one key away from it, one frame at a time.

    Args:
        key: The key's own frame.
        refine: Compare each frame with the key's footage and correct the maps.
        plane: Hold the ground to a plane where that explains the footage.
    """

    def __init__(self, key: View, *, refine: bool = True, plane: bool = True) -> None:
        self._key = key
        self._refine = refine
        self._previous = key
        self._finder = FlowFinder("fast", 1)
        zero = np.zeros((*key.grey.shape, 2), np.float32)
        self._figure, self._ground = zero, zero.copy()
        self._steps = 0
        self._plane: Matrix | None = np.eye(3) if plane else None

    def advance(self, view: View, to_previous: Flow, from_previous: Flow) -> Maps:
        """The maps of the next frame.

        Args:
            view: The next frame (later or earlier in time; each call one further from the key).
            to_previous: Flow from it to the frame of the last call, float32 (H, W, 2).
            from_previous: Flow back.
        """
        self._steps += 1
        steady = ~occluded(to_previous, from_previous)
        step = plane_of(to_previous, view.ground & steady) if self._plane is not None else None
        self._figure = compose(fill(to_previous, view.figure & steady, _FILL_REDUCTION), self._figure)
        self._ground = compose(_ground_step(to_previous, view.ground & steady, step), self._ground)
        self._plane = self._plane @ step if step is not None and self._plane is not None else None
        self._settle_ground(view)
        if self._refine:
            self._settle_drift(view)
        costs = (_enlarged(self.cost(view, flow), view.grey.shape) for flow in (self._figure, self._ground))
        return Maps(self._figure, self._ground, *costs)

    def _settle_ground(self, view: View) -> None:
        """Lay the plane anew and take it where it explains the footage as well as the chain does."""
        if self._plane is None:
            return
        plane = homography_flow(self._plane, *view.grey.shape)
        if self._refine and self._steps % _ANCHOR_EVERY == 0:
            plane = self._anchored(view, plane)
        hidden = (view.matte > 0.5) | (warp(self._key.matte, plane) > 0.1)
        better = self.cost(view, plane) < self.cost(view, self._ground) + _PLANE_BONUS
        np.copyto(self._ground, plane, where=(hidden | _enlarged(better, hidden.shape))[..., None])

    def _anchored(self, view: View, plane: Flow) -> Flow:
        """The plane corrected by what still moves between the key's footage under it and the frame."""
        residual = self._residual(view, plane)
        visible = view.ground & (warp(self._key.matte, plane) < 0.1) & inside(plane, *view.grey.shape)
        correction = plane_of(residual, visible & (_length(residual) < _RESIDUAL_LIMIT_PIXELS))
        if correction is None or self._plane is None:
            return plane
        candidate = self._plane @ correction
        moved = homography_flow(candidate, *view.grey.shape)
        where = visible[::_STRIDE, ::_STRIDE]
        before, after = (self.cost(view, flow)[where].mean() for flow in (plane, moved))
        if after >= before:
            return plane
        self._plane = candidate
        return moved

    def _settle_drift(self, view: View) -> None:
        """Correct both maps by what still moves between the key's footage under them and the frame."""
        whole = self._ground.copy()
        np.copyto(whole, self._figure, where=(view.matte > 0.5)[..., None])
        residual = self._residual(view, whole)
        seen = warp(self._key.matte, whole)
        figure = self._better(view, self._figure, fill(residual, view.figure & (seen > 0.9), _FILL_REDUCTION))
        # Outside the figure its costs mean nothing: what was chosen there by them would fray the silhouette.
        self._figure = fill(figure, view.matte > 0.5, _FILL_REDUCTION)
        self._ground = self._better(view, self._ground, fill(residual, view.ground & (seen < 0.1), _FILL_REDUCTION))

    def _residual(self, view: View, flow: Flow) -> Flow:
        seen = cast(npt.NDArray[np.uint8], warp(self._key.grey, flow))
        return self._finder.between(view.grey, seen)

    def _better(self, view: View, flow: Flow, residual: Flow) -> Flow:
        """The map with as much of the correction as makes the footage agree better."""
        length = np.maximum(_length(residual), np.float32(1e-6))
        capped = residual * np.minimum(np.float32(1), _RESIDUAL_LIMIT_PIXELS / length)[..., None]
        moved = compose(capped, flow)
        gain = (self.cost(view, flow) - self.cost(view, moved)) * np.float32(1 / _FULL_GAIN)
        share = _enlarged(np.clip(gain + np.float32(0.5), 0, 1), view.grey.shape)
        return cast(Flow, flow + (moved - flow) * share[..., None])

    def cost(self, view: View, flow: Flow) -> Image:
        """How little the key's footage under a map looks like the frame, averaged nearby.

        Returns:
            float32, 0..1, for every second pixel of every second row: costs are smooth, and this is quick.
        """
        at = positions(*view.grey.shape)[::_STRIDE, ::_STRIDE] + flow[::_STRIDE, ::_STRIDE]
        seen = cv2.remap(self._key.features, at, cast(Any, None), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        difference = cv2.transform(cv2.absdiff(view.features[::_STRIDE, ::_STRIDE], seen), _COST_WEIGHTS)
        return cast(Image, cv2.blur(np.minimum(difference, np.float32(1)), (_COST_REACH, _COST_REACH)))


def _ground_step(flow: Flow, known: Mask, plane: Matrix | None) -> Flow:
    if plane is None:
        return fill(flow, known, _FILL_REDUCTION)
    base = homography_flow(plane, *known.shape)
    return base + fill(flow - base, known, _FILL_REDUCTION)


def _enlarged(values: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """What was found for every second pixel, for all."""
    kind = np.uint8 if values.dtype == np.bool_ else np.float32
    size = (values.shape[1] * _STRIDE, values.shape[0] * _STRIDE)
    whole = cv2.resize(values.astype(kind), size, interpolation=cv2.INTER_NEAREST)[: shape[0], : shape[1]]
    return whole.astype(values.dtype)


def _length(flow: Flow) -> Image:
    return cast(Image, cv2.magnitude(flow[..., 0], flow[..., 1]))


def plane_of(flow: Flow, where: Mask) -> Matrix | None:
    """The homography that most of a flow agrees with, (3, 3), from the flow's frame to the other; None without one.

    RANSAC on a grid of at most about 2000 pixels of `where` (bool (H, W)), seeded: the same flow gives the same plane.
    """
    step = max(2, round((where.size / 4000) ** 0.5))
    rows, columns = np.nonzero(where[step // 2 :: step, step // 2 :: step])
    if len(rows) < 40:
        return None
    start = np.column_stack([columns, rows]).astype(np.float32) * step + step // 2
    end = start + flow[step // 2 :: step, step // 2 :: step][rows, columns]
    cv2.setRNGSeed(1)
    matrix, agreeing = cv2.findHomography(start, end, cv2.RANSAC, 0.7, maxIters=500, confidence=0.999)
    if matrix is None or agreeing.mean() < 0.3:
        return None
    return cast(Matrix, matrix)


class ChainTracker:
    """Follows one map of the whole picture, the motion chained and nothing else.

    Args:
        key: The key's own frame.
    """

    def __init__(self, key: View) -> None:
        self._map = np.zeros((*key.grey.shape, 2), np.float32)
        self._cost = np.zeros(key.grey.shape, np.float32)

    def advance(self, view: View, to_previous: Flow, from_previous: Flow) -> Maps:
        """The maps of the next frame: both layers are the same."""
        self._map = compose(to_previous, self._map)
        return Maps(self._map, self._map, self._cost, self._cost)
