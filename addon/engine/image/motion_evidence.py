# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves by itself: pixels that the background's own motion does not explain and their own motion does.

The background is a few planes (floor, wall), each a homography fitted to the flow by RANSAC. A pixel is evidence of a
character where looking it up along every plane in another frame shows something else, while looking it up along its own
flow shows the same. The difference of the two needs no threshold that depends on grain or texture.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from .warp import homography_flow, inside, warp

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]

MOST_PLANES = 3
_GRID = 6
_FIT_PIXELS = 0.8
_LEAST_SHARE = 0.07
_LEAST_BORDER_SHARE = 0.12
"""Of the picture's border that a plane after the first must explain: the background reaches the border."""
_RANGE = 24.0
"""Difference of colour, in 8-bit levels, that counts in full."""


def background_planes(flow: Float, prior: Float | None = None) -> list[Matrix]:
    """Homographies of the background's planes, the largest first.

    Args:
        flow: (H, W, 2) float32, pixels, from one frame to another.
        prior: (H, W) float32, 1 where the character is known to be; left out of the fit.

    Returns:
        (3, 3) matrices that map (x, y, 1) of the frame to the other one; at least one.
    """
    height, width = flow.shape[:2]
    rows, columns = (part.ravel() for part in np.mgrid[_GRID // 2 : height : _GRID, _GRID // 2 : width : _GRID])
    if prior is not None:
        free = prior[rows, columns] < 0.5
        rows, columns = rows[free], columns[free]
    total = len(rows)
    rim = 0.06 * min(height, width)
    on_border = (columns < rim) | (columns >= width - rim) | (rows < rim) | (rows >= height - rim)
    border_total = max(1, int(on_border.sum()))
    start = np.stack([columns, rows], axis=1).astype(np.float32)
    end = start + flow[rows, columns]
    planes: list[Matrix] = []
    while len(planes) < MOST_PLANES and len(start) >= 16:
        cv2.setRNGSeed(1 + len(planes))
        matrix, chosen = cv2.findHomography(start, end, cv2.RANSAC, _FIT_PIXELS, maxIters=600, confidence=0.999)
        if matrix is None:
            break
        fits = chosen.ravel().astype(bool)
        if planes and (fits.sum() < _LEAST_SHARE * total or on_border[fits].sum() < _LEAST_BORDER_SHARE * border_total):
            break
        planes.append(np.asarray(matrix, np.float64))
        start, end, on_border = start[~fits], end[~fits], on_border[~fits]
    return planes or [np.eye(3)]


def evidence(picture: Bytes, other: Bytes, flow: Float, planes: list[Matrix]) -> tuple[Float, Float]:
    """How badly the background's planes, and how badly the pixel's own motion, explain what another frame shows.

    Args:
        picture: (H, W, 3) uint8 RGB of the frame.
        other: (H, W, 3) uint8 RGB of the other one.
        flow: (H, W, 2) float32, from the frame to the other.
        planes: Of `background_planes(flow)`.

    Returns:
        Cost of the best plane and cost of the flow, (H, W) float32 0..1 each.
    """
    height, width = flow.shape[:2]
    plane_cost = np.ones((height, width), np.float32)
    for matrix in planes:
        plane_flow = homography_flow(matrix, height, width)
        plane_cost = np.minimum(plane_cost, _cost(picture, other, plane_flow))
    return plane_cost, _cost(picture, other, flow)


def _cost(picture: Bytes, other: Bytes, flow: Float) -> Float:
    """Difference of colour 0..1 over a small window; what leaves the picture costs nothing (nobody knows).

    A colour that the other frame shows within a pixel counts as the same: planes are fitted to about that.
    """
    warped = np.asarray(warp(other, flow), np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    above = cv2.subtract(picture, cv2.dilate(warped, kernel))
    below = cv2.subtract(cv2.erode(warped, kernel), picture)
    difference = cv2.max(above, below).max(axis=2).astype(np.float32)
    cost = np.clip(cv2.blur(difference, (3, 3)) / _RANGE, 0, 1).astype(np.float32)
    return np.where(inside(flow, *flow.shape[:2]), cost, np.float32(0))


def combine(past: list[tuple[Float, Float]], future: list[tuple[Float, Float]]) -> Float:
    """Evidence from several frames: at each distance the better explained of past and future, then the strongest.

    What a moving character uncovers has no past and what it will cover has no future, so one of the two is enough to
    explain the background.

    Args:
        past: (plane cost, flow cost) at each distance; empty at the first frame of a scene.
        future: The same for later frames.

    Returns:
        (H, W) float32 0..1.
    """
    sides = [side for side in (past, future) if side]
    total: Float | None = None
    for index in range(max(len(side) for side in sides)):
        pairs = [side[index] for side in sides if index < len(side)]
        planes = np.minimum.reduce([pair[0] for pair in pairs])
        own = np.minimum.reduce([pair[1] for pair in pairs])
        found = np.clip(planes - own, 0, 1)
        total = found if total is None else np.maximum(total, found)
    if total is None:
        raise ValueError("evidence needs a past or a future")
    return np.asarray(total, np.float32)


def hysteresis(values: Float, low: float, high: float) -> Bytes:
    """Parts above `low` that reach `high` somewhere: (H, W) uint8 0 or 1."""
    _, found = cv2.connectedComponents((values > low).astype(np.uint8), connectivity=8)
    labels = np.asarray(found, np.int32)
    reached = np.zeros(int(labels.max()) + 1, bool)
    reached[np.unique(labels[values > high])] = True
    reached[0] = False
    return reached[labels].astype(np.uint8)
