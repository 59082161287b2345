# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps of positions from a frame to its key, followed frame by frame: one for the figure, one for the ground behind.

The figure's motion is extended outward from inside its matte, the ground's inward from outside it, so that neither
drags the other at the silhouette. The ground also has a plane (a homography) that is laid on the key's own
footage anew in each frame, so that it does not drift; each pixel takes whichever explains the footage better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .fill import fill
from .flow import FlowFinder, grey8, occluded
from .warp import Flow, Image, Mask, compose, homography_flow, inside, warp

Matrix = npt.NDArray[np.float64]

_FILL_REDUCTION = 4
_PLANE_BONUS = np.float32(0.06)
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
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    ground = cv2.dilate(matte, kernel) < 0.1
    figure = cv2.erode(matte, kernel) > 0.9
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
        self._figure, self._chain = zero, zero
        self._plane: Matrix | None = np.eye(3) if plane else None

    def advance(self, view: View, to_previous: Flow, from_previous: Flow) -> Maps:
        """The maps of the next frame.

        Args:
            view: The next frame (later or earlier in time; each call one further from the key).
            to_previous: Flow from it to the frame of the last call, float32 (H, W, 2).
            from_previous: Flow back.
        """
        steady = ~occluded(to_previous, from_previous)
        step = plane_of(to_previous, view.ground & steady)
        self._figure = compose(fill(to_previous, view.figure & steady, _FILL_REDUCTION), self._figure)
        self._chain = compose(self._ground_step(to_previous, view.ground & steady, step), self._chain)
        self._plane = None if step is None or self._plane is None else self._plane @ step
        maps = self._refined(view)
        self._previous = view
        return maps

    def _ground_step(self, flow: Flow, known: Mask, step: Matrix | None) -> Flow:
        if step is None:
            return fill(flow, known, _FILL_REDUCTION)
        base = homography_flow(step, *known.shape)
        return base + fill(flow - base, known, _FILL_REDUCTION)

    def _refined(self, view: View) -> Maps:
        self._anchor_plane(view)
        ground, ground_cost = self._ground(view)
        joined = np.where(view.matte[..., None] > 0.5, self._figure, ground)
        residual = self._residual(view, joined)
        seen = warp(self._key.matte, joined)
        figure, figure_cost = self._better(
            view, self._figure, fill(residual, view.figure & (seen > 0.9), _FILL_REDUCTION)
        )
        ground, ground_cost = self._better(view, ground, fill(residual, view.ground & (seen < 0.1), _FILL_REDUCTION))
        self._figure = figure
        self._chain = ground
        return Maps(figure, ground, figure_cost, ground_cost)

    def _anchor_plane(self, view: View) -> None:
        if self._plane is None:
            return
        plane = homography_flow(self._plane, *view.grey.shape)
        residual = self._residual(view, plane)
        visible = view.ground & (warp(self._key.matte, plane) < 0.1) & inside(plane, *view.grey.shape)
        better = plane_of(residual, visible & (np.abs(residual).max(-1) < _RESIDUAL_LIMIT_PIXELS))
        if better is None:
            return
        candidate = self._plane @ better
        moved = homography_flow(candidate, *view.grey.shape)
        before, after = (self.cost(view, m)[visible].mean() for m in (plane, moved))
        if after < before:
            self._plane = candidate

    def _residual(self, view: View, flow: Flow) -> Flow:
        seen = cast(npt.NDArray[np.uint8], warp(self._key.grey, flow))
        return self._finder.between(view.grey, seen)

    def _better(self, view: View, flow: Flow, residual: Flow) -> tuple[Flow, Image]:
        length = np.linalg.norm(residual, axis=-1, keepdims=True)
        capped = residual * np.minimum(1, _RESIDUAL_LIMIT_PIXELS / np.maximum(length, 1e-6))
        moved = compose(capped, flow)
        before, after = self.cost(view, flow), self.cost(view, moved)
        chosen = after < before
        return np.where(chosen[..., None], moved, flow), np.where(chosen, after, before)

    def _ground(self, view: View) -> tuple[Flow, Image]:
        cost = self.cost(view, self._chain)
        if self._plane is None:
            return self._chain, cost
        plane = homography_flow(self._plane, *view.grey.shape)
        plane_cost = self.cost(view, plane)
        hidden = (view.matte > 0.5) | (warp(self._key.matte, plane) > 0.1)
        chosen = (plane_cost < cost + _PLANE_BONUS) | hidden
        return np.where(chosen[..., None], plane, self._chain), np.where(chosen, plane_cost, cost)

    def cost(self, view: View, flow: Flow) -> Image:
        """How little the key's footage under a map looks like the frame: float32 (H, W), 0..1, averaged nearby."""
        difference = cv2.absdiff(view.features, cast(Image, warp(self._key.features, flow)))
        total = difference @ np.array([1 / 3, 1 / 3, 1 / 3, 2], np.float32)
        return cast(Image, cv2.blur(np.minimum(np.float32(1), total * np.float32(1 / 24)), (9, 9)))


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
