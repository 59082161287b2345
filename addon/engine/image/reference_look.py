# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow and plain: the look as a regression, and how much it explains. Only tests call this.

In double precision; the regression is solved as least squares over all its observations, not by normal equations.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .warp import Image

Doubles = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
_UNITS = 256


def blurred(image: Doubles, sigma: float) -> Doubles:
    """A Gaussian blur, (H, W, C), cut off at four deviations; the border is mirrored about its outermost pixel."""
    reach = (round(sigma * 8 + 1) | 1) // 2
    weights = [math.exp(-((tap / sigma) ** 2) / 2) for tap in range(-reach, reach + 1)]
    share = [weight / sum(weights) for weight in weights]
    for axis in (0, 1):
        size = image.shape[axis]
        total = np.zeros_like(image)
        for at in range(size):
            for tap, weight in zip(range(-reach, reach + 1), share, strict=True):
                row = [slice(None), slice(None)]
                row[axis] = slice(at, at + 1)
                source = _mirrored(at + tap, size)
                total[tuple(row)] += weight * image.take([source], axis)
        image = total
    return image


def _mirrored(at: int, size: int) -> int:
    if size == 1:
        return 0
    while not 0 <= at < size:
        at = -at if at < 0 else 2 * (size - 1) - at
    return at


def features(image8: Bytes) -> Doubles:
    """What `look.features` finds, float64 (H, W, 34)."""
    image = image8.astype(np.float64) / 255
    grey = image @ np.array([[0.299], [0.587], [0.114]])
    bands = [blurred(grey, sigma) for sigma in (0.6, 1, 1.6, 2.5, 4, 6.5)]
    found = [image, *(blurred(image, sigma) for sigma in (1, 2, 4, 8))]
    found += [wide - narrow for narrow, wide in zip(bands, bands[1:], strict=False)]
    found.append(_slope(bands[1]))
    height, width = grey.shape[:2]
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            if (dx + dy) % 2 == 0:
                rows = np.clip(np.arange(height) + dy, 0, height - 1)
                columns = np.clip(np.arange(width) + dx, 0, width - 1)
                found.append(bands[0][rows][:, columns] - bands[4])
    return np.concatenate(found, 2)


def _slope(grey: Doubles) -> Doubles:
    """Steepness by Sobel's filter, (H, W, 1)."""
    height, width = grey.shape[:2]
    slope = np.zeros_like(grey)
    for y in range(height):
        for x in range(width):
            above, under = _mirrored(y - 1, height), _mirrored(y + 1, height)
            left, right = _mirrored(x - 1, width), _mirrored(x + 1, width)
            across, down = 0.0, 0.0
            for row, column, weight in ((above, left, 1), (y, x, 2), (under, right, 1)):
                across += weight * float(grey[row, right, 0] - grey[row, left, 0])
                down += weight * float(grey[under, column, 0] - grey[above, column, 0])
            slope[y, x] = math.hypot(across, down)
    return slope


def looked(footage: list[Bytes], painted: list[Image], image8: Bytes) -> Doubles:
    """Footage in the look of the keys: what `Look(footage, painted)(image8)` makes, float64 (H, W, C).

    Args:
        footage: uint8 RGB (H, W, 3) of each key.
        painted: float32 (H, W, C), 0..1, of each key.
        image8: uint8 RGB (H, W, 3), the footage of a frame.
    """
    of_keys = [features(key8) for key8 in footage]
    some = np.concatenate([found[::4, ::4].reshape(-1, found.shape[2]) for found in of_keys])
    mean, deviation = some.mean(0), some.std(0) + 1e-3
    inputs = [_lifted((found[::2, ::2] - mean) / deviation) for found in of_keys]
    observed = np.concatenate([found.reshape(-1, found.shape[2]) for found in inputs])
    targets = np.concatenate([paint[::2, ::2].reshape(-1, paint.shape[2]) for paint in painted])
    size = observed.shape[1]
    # The ridge as observations of their own: each coefficient is about zero.
    about_zero = math.sqrt(1e-4 * len(observed)) * np.eye(size)
    solution = np.linalg.lstsq(
        np.vstack([observed, about_zero]), np.vstack([targets, np.zeros((size, targets.shape[1]))])
    )[0]
    return _lifted((features(image8) - mean) / deviation) @ solution


def _lifted(inputs: Doubles) -> Doubles:
    """Random rectified units of the features, the features themselves and 1."""
    random = np.random.default_rng(0)
    count = inputs.shape[2]
    weights = random.standard_normal((count, _UNITS)) * 0.6 / math.sqrt(count)
    bias = random.uniform(-1.5, 1.5, _UNITS)
    return np.concatenate([np.maximum(inputs @ weights + bias, 0), inputs, np.ones_like(inputs[..., :1])], 2)


def explained(painted: Doubles, predicted: Doubles) -> Doubles:
    """What `look.explained` tells: 1 less the error's share of the variance nearby, (H, W), 0..1."""
    mean = blurred(painted, 10)
    variance = np.maximum(blurred(painted**2, 10) - mean**2, 0).sum(2, keepdims=True) + 1e-4
    missed = blurred(((painted - predicted) ** 2).sum(2, keepdims=True), 10)
    return blurred(np.clip(1 - missed / variance, 0, 1), 3)[..., 0]
