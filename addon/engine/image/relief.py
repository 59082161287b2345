# SPDX-License-Identifier: GPL-3.0-or-later
"""Relief from a silhouette: inflation, and the smooth fields that body parts are laid on.

Relief is a height in metres towards the camera over the mean plane of a person's body; pictures are (H, W).
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_MOST_STEPS = 600
_RESIDUAL = 2e-3
_SATURATION_METRES = 0.14


def inflate(inside: Mask) -> Float:
    """Solution of Poisson's equation, laplacian u = -1, in a silhouette.

    `sqrt(2 u)` is a rounded height: half a circle over a long limb. u is 0 outside the silhouette, but where the
    silhouette is cut by the picture's edge it goes on as if mirrored there (Neumann), as a body does.

    Args:
        inside: (H, W) bool.

    Returns:
        (H, W) float32, square pixels, 0 outside; all 0 when the silhouette fills the picture or is empty.
    """
    if not inside.any() or inside.all():
        return np.zeros(inside.shape, np.float32)
    mask = np.pad(inside, 1).astype(np.float64)
    degree = np.full(mask.shape, 4.0)
    degree[1, :] -= 1
    degree[-2, :] -= 1
    degree[:, 1] -= 1
    degree[:, -2] -= 1
    return _conjugate_gradient(mask, np.maximum(degree, 1))[1:-1, 1:-1].astype(np.float32)


def _conjugate_gradient(mask: npt.NDArray[np.float64], degree: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    # numpy's own sums: a threaded BLAS need not add in the same order twice.
    solution, residual = np.zeros_like(mask), mask.copy()
    direction, size = residual.copy(), float((residual * residual).sum())
    limit = size * _RESIDUAL**2
    for _ in range(_MOST_STEPS):
        applied = degree * direction
        applied[1:-1, 1:-1] -= (
            direction[:-2, 1:-1] + direction[2:, 1:-1] + direction[1:-1, :-2] + direction[1:-1, 2:]
        )
        applied *= mask
        step = size / float((direction * applied).sum())
        solution += step * direction
        residual -= step * applied
        previous, size = size, float((residual * residual).sum())
        if size < limit:
            break
        direction = residual + direction * (size / previous)
    return solution


def rounded(matte: Float, pixels_per_metre: float, reduction: int = 2) -> Float:
    """Height of the inflated silhouette in metres, levelling off at 14 cm.

    Args:
        matte: (H, W) float32 0..1.
        pixels_per_metre: At the size of `matte`.
        reduction: The equation is solved at this fraction of the size.

    Returns:
        (H, W) float32 metres, 0 outside.
    """
    height, width = matte.shape
    size = (max(2, round(width / reduction)), max(2, round(height / reduction)))
    small = cast(Float, cv2.resize(matte, size, interpolation=cv2.INTER_AREA))
    solution = cv2.resize(inflate(small > 0.5), (width, height), interpolation=cv2.INTER_LINEAR)
    pixels = np.sqrt(2 * np.maximum(cast(Float, solution), 0)) * (width / size[0])
    metres = pixels / np.float32(max(pixels_per_metre, 1e-3))
    return (_SATURATION_METRES * np.tanh(metres / _SATURATION_METRES)).astype(np.float32)


def weighted_field(shape: tuple[int, int], samples: npt.NDArray[np.float64], sigma_pixels: float) -> Float:
    """A smooth field through scattered values: their Gaussian-weighted mean at every pixel.

    Args:
        shape: Rows and columns.
        samples: (K, 4): x, y in pixels, value, weight.
        sigma_pixels: Reach of a sample; a much wider, faint reach keeps the field defined far from all samples.

    Returns:
        (H, W) float32 in the unit of the values; 0 without samples.
    """
    total, share = np.zeros(shape), np.full(shape, 1e-9)
    if not len(samples):
        return total.astype(np.float32)
    x, y, value, weight = samples.T
    for sigma, strength in ((sigma_pixels, 1.0), (4 * sigma_pixels, 1e-3)):
        across = np.exp(-(((np.arange(shape[1])[None] - x[:, None]) / sigma) ** 2) / 2)
        down = np.exp(-(((np.arange(shape[0])[None] - y[:, None]) / sigma) ** 2) / 2) * (weight * strength)[:, None]
        total += (down * value[:, None]).T @ across
        share += down.T @ across
    mean = float((value * weight).sum() / max(float(weight.sum()), 1e-9))
    return ((total + 1e-9 * mean) / share).astype(np.float32)


def smoothstep(values: Float, low: float, high: float) -> Float:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)
