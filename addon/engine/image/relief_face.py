# SPDX-License-Identifier: GPL-3.0-or-later
"""The relief of a face from the 468 points of its mesh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .relief import Float, smoothstep

_CELLS = 64
_REACH = 0.026
_RIM = 0.13


@dataclass(frozen=True)
class FaceRelief:
    """Points (468, 3): x, y pixels of the relief, z metres towards the camera; `weight` is the share they get."""

    points: npt.NDArray[np.float64]
    weight: float = 1.0


def with_face(head: Float, face: FaceRelief) -> Float:
    """The head with the face's own shape, moved so that its rim meets the head.

    Args:
        head: (H, W) float32 metres.
        face: The mesh.

    Returns:
        (H, W) float32 metres.
    """
    place = face.points[:, :2]
    low = np.maximum(np.floor(place.min(axis=0)) - 1, 0).astype(int)
    high = np.minimum(np.ceil(place.max(axis=0)) + 2, head.shape[::-1]).astype(int)
    if face.weight <= 0 or (high - low < 6).any():
        return head
    window = (slice(low[1], high[1]), slice(low[0], high[0]))
    own = face.points - np.array([low[0], low[1], 0])
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    height = _height(own, size)
    mask = _mask(own, size)
    rim = mask * (1 - mask)
    shift = float(((head[window] - height) * rim).sum() / max(float(rim.sum()), 1e-6))
    result = head.copy()
    result[window] += mask * np.float32(face.weight) * (height + np.float32(shift) - head[window])
    return result


def _height(points: npt.NDArray[np.float64], size: tuple[int, int]) -> Float:
    """The mesh's height over its bounding box (rows, columns of `size`, given as width, height)."""
    extent = np.array(size, np.float64)
    cells = (np.arange(_CELLS) + 0.5) / _CELLS
    at = (points[:, :2] + 0.5) / extent
    across = np.exp(-(((cells[None] - at[:, :1]) / _REACH) ** 2) / 2)
    down = np.exp(-(((cells[None] - at[:, 1:]) / _REACH) ** 2) / 2)
    # Between sparse points of the cheeks and out to the corners a second, wide reach decides.
    wide_across, wide_down = across ** (1 / 16), down ** (1 / 16)
    value = points[:, 2:]
    total = (down * value).T @ across + 1e-3 * ((wide_down * value).T @ wide_across)
    share = down.T @ across + 1e-3 * (wide_down.T @ wide_across)
    grid = (total / np.maximum(share, 1e-12)).astype(np.float32)
    return cast(Float, cv2.resize(grid, size, interpolation=cv2.INTER_LINEAR))


def _mask(points: npt.NDArray[np.float64], size: tuple[int, int]) -> Float:
    """1 on the face, falling softly to 0 at the hull of the mesh."""
    hull = cv2.convexHull(np.rint(points[:, :2]).astype(np.int32))
    canvas = np.zeros((size[1] + 2, size[0] + 2), np.uint8)
    cv2.fillConvexPoly(canvas, hull + 1, (255,))
    distance = np.asarray(cv2.distanceTransform(canvas, cv2.DIST_L2, 5), np.float32)[1:-1, 1:-1]
    return smoothstep(distance, 0, max(2.0, _RIM * size[0]))
