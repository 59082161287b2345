# SPDX-License-Identifier: GPL-3.0-or-later
"""Homographies of known regions corrected by the footage itself, to a few hundredths of a pixel.

Gauss-Newton on differences of brightness (Baker, Matthews, "Lucas-Kanade 20 Years On: A Unifying Framework", 2004,
additive in the key's picture), with the weights of Geman and McClure for what does not agree. The mean difference close
by is taken out first, or moving shadows and changing light drag a plane along (on the floor of `walk`, 0.03 to 0.08
pixels instead of 0.2 to 0.4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .view import STRIDE, Bytes
from .warp import Image, Mask, inside, look_up, positions

Matrix = npt.NDArray[np.float64]

_ROUNDS = 2
_SOFT_PIXELS = 1.0
_LIGHT_PIXELS = 11
"""Of every `STRIDE`-th pixel."""
_ODD_LEVELS = np.float32(20)
_LEVELS = (2.0, 1.0)
"""Difference, in 8-bit steps, that counts a quarter, in each round; more where most differences are larger."""
_LEVELS_OF_MEDIAN = 1.5
_LEAST_POINTS = 75
_MOST_PIXELS = 3.0
_STIFFNESS = 1e-6


@dataclass(frozen=True)
class Slopes:
    """A key's brightness, softened, and how it changes along x and y: float32 (H, W) each, in 8-bit steps."""

    soft: Image
    across: Image
    down: Image


def slopes_of(grey: Bytes) -> Slopes:
    """Prepare a key's footage, uint8 (H, W)."""
    soft = _soft(grey)
    sides = (cv2.Sobel(soft, cv2.CV_32F, *order, ksize=3, scale=1 / 8) for order in ((1, 0), (0, 1)))
    return Slopes(soft, *(cast(Image, side) for side in sides))


def aligned(grey: Bytes, key: Slopes, matrices: dict[int, Matrix], regions: Bytes, support: Mask) -> dict[int, Matrix]:
    """Homographies corrected.

    Args:
        grey: The frame's footage, uint8 (H, W).
        key: The key's.
        matrices: Label → (3, 3), frame → key, pixels, right to about a pixel.
        regions: uint8 (H, W), labels.
        support: bool (H, W), where the key shows what the frame does.

    Returns:
        The same; as it was where the footage does not tell.
    """
    picked = (slice(None, None, STRIDE),) * 2
    labels = np.where(support, regions, 0)[picked]
    soft, points = _soft(grey)[picked], positions(*grey.shape)[picked]
    found = dict(matrices)
    for levels in _LEVELS[:_ROUNDS]:
        at = _ends(points, labels, found)
        known = (labels > 0) & inside(at - positions(*labels.shape), *grey.shape, margin=-1)
        difference = _without_light(soft - look_up(key.soft, at), known)
        across, down = look_up(key.across, at), look_up(key.down, at)
        for label, matrix in found.items():
            here = known & (labels == label)
            if here.sum() >= _LEAST_POINTS:
                parts = (difference[here], across[here], down[here])
                found[label] = _moved(matrix, at[here], *parts, levels, max(grey.shape) / 2)
    return {label: _if_near(found[label], matrix, grey.shape) for label, matrix in matrices.items()}


def _ends(points: Image, labels: Bytes, matrices: dict[int, Matrix]) -> Image:
    """Where points lie in the key, each by the plane of its label."""
    at = points.copy()
    for label, matrix in matrices.items():
        here = labels == label
        if here.any():
            at[here] = cv2.perspectiveTransform(points[here][None].astype(np.float64), matrix)[0]
    return at


def _without_light(difference: Image, known: Mask) -> Image:
    """A difference less its mean close by; what is very odd does not count for the mean."""
    weight = known / (1 + np.square(difference * (1 / _ODD_LEVELS)))
    size = (_LIGHT_PIXELS, _LIGHT_PIXELS)
    mean = cv2.blur(difference * weight, size) / np.maximum(cv2.blur(weight, size), np.float32(1e-3))
    return cast(Image, difference - mean)


def _moved(
    matrix: Matrix, at: Image, difference: Image, across: Image, down: Image, levels: float, scale: float
) -> Matrix:
    """One step: the small homography in the key's picture that takes most of the difference away."""
    u, v = ((at[:, side].astype(np.float64) / scale - 0.5) for side in (0, 1))
    g_x, g_y = across * np.float64(scale), down * np.float64(scale)
    along = -(g_x * u + g_y * v)
    slope = np.stack([g_x * u, g_x * v, g_x, g_y * u, g_y * v, g_y, along * u, along * v], axis=1)
    # Beside strong texture a small fault already makes large differences.
    levels = max(levels, _LEVELS_OF_MEDIAN * float(np.median(np.abs(difference))))
    weight = 1 / np.square(1 + np.square(difference / levels))
    weighted = slope * weight[:, None]
    step = np.linalg.solve(weighted.T @ slope + _STIFFNESS * np.eye(8), weighted.T @ difference)
    change = np.eye(3) + np.append(step, 0).reshape(3, 3)
    to_unit = np.array([[1 / scale, 0, -0.5], [0, 1 / scale, -0.5], [0, 0, 1]])
    moved = np.linalg.inv(to_unit) @ change @ to_unit @ matrix
    return moved / moved[2, 2]


def _if_near(found: Matrix, before: Matrix, shape: tuple[int, ...]) -> Matrix:
    """A correction, if it stays one."""
    height, width = shape
    corners = np.array([[[0, 0], [width, 0], [0, height], [width, height], [width / 2, height / 2]]], np.float64)
    if not np.isfinite(found).all():
        return before
    ends = [cv2.perspectiveTransform(corners, matrix)[0] for matrix in (found, before)]
    middle = np.abs(ends[0] - ends[1]).max(-1)
    return found if middle[-1] < _MOST_PIXELS and middle.max() < 4 * _MOST_PIXELS else before


def _soft(grey: Bytes) -> Image:
    return cast(Image, cv2.GaussianBlur(grey.astype(np.float32), (0, 0), _SOFT_PIXELS))
