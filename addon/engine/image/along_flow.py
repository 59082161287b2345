# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters over time that follow the motion: neighbours are warped onto the middle frame before they count.

All flows here lead from the middle frame to the neighbour (`flow_ab` of frame a, pixels, (H, W, 2) dx, dy), so a
neighbour is fetched by the backward warp `out_a(x) = b(x + flow_ab(x))`.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from .warp import inside, warp

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

COLOUR_TOLERANCE = 14.0
"""Mean difference of colour, in 8-bit levels, at which a neighbour is trusted by 1/e."""
TRUST = 0.35
"""A neighbour counts where its trust is above this."""
_TRUST_OF_DIFFERENCE = np.exp(-((np.arange(256, dtype=np.float32) / np.float32(COLOUR_TOLERANCE)) ** 2))


def agreement(middle: Bytes, warped: Bytes, flow_ab: Float) -> npt.NDArray[np.bool_]:
    """Where a warped neighbour shows the same thing as the middle frame.

    Args:
        middle: (H, W, 3) uint8 RGB of frame a.
        warped: (H, W, 3) uint8 RGB of frame b, warped onto a.
        flow_ab: (H, W, 2) float32; pixels that come from outside the picture never agree.

    Returns:
        (H, W) bool.
    """
    height, width = middle.shape[:2]
    difference = cv2.transform(cv2.absdiff(middle, warped), np.full((1, 3), 1 / 3, np.float32))
    trust = cv2.blur(cv2.LUT(difference, _TRUST_OF_DIFFERENCE), (5, 5))
    return (np.asarray(trust, np.float32) > TRUST) & inside(flow_ab, height, width)


def fetch(values: Float, picture: Bytes, middle_values: Float, middle: Bytes, flow_ab: Float) -> Float:
    """`values` (H, W) of a neighbour on the middle frame's pixels; the middle's own where they do not agree."""
    warped = np.asarray(warp(picture, flow_ab), np.uint8)
    fetched = np.asarray(warp(values, flow_ab), np.float32)
    return np.where(agreement(middle, warped, flow_ab), fetched, middle_values)


def median(samples: Sequence[Float]) -> Float:
    """Median over time of samples already on one frame's pixels (H, W)."""
    return np.median(np.stack(samples), axis=0).astype(np.float32)


def median_of_five(samples: Sequence[Float]) -> Float:
    """The same as `median` for five samples, by minima and maxima only (a selection network, several times faster)."""
    first, second, third, fourth, fifth = samples
    low, high = np.minimum(first, second), np.maximum(first, second)
    other_low, other_high = np.minimum(third, fourth), np.maximum(third, fourth)
    inner_low = np.maximum(low, other_low)
    inner_high = np.minimum(high, other_high)
    return np.maximum(np.minimum(inner_low, inner_high), np.minimum(np.maximum(inner_low, inner_high), fifth))


def binomial(samples: Sequence[Float]) -> Float:
    """Weighted mean by the binomial row (1-2-1, 1-4-6-4-1) of an odd number of samples (H, W), middle in the middle."""
    weights = np.array([1.0])
    for _ in range(len(samples) - 1):
        weights = np.convolve(weights, [0.5, 0.5])
    total = np.zeros_like(samples[0])
    for weight, values in zip(weights, samples, strict=True):
        total += np.float32(weight) * values
    return total
