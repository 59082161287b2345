# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth curves through keys."""

from collections.abc import Sequence

import numpy as np

Keys = Sequence[tuple[float, float]]


def value_at(keys: Keys, frame: float) -> float:
    """The curve through `keys` (frame, value) at `frame`: cubic, resting at every extreme, held outside the keys.

    Tangents are the harmonic mean of the neighbouring slopes (F. Fritsch and J. Butland 1984), so nothing overshoots.
    """
    frames = np.array([key[0] for key in keys], float)
    values = np.array([key[1] for key in keys], float)
    if len(keys) == 1 or frame <= frames[0]:
        return float(values[0])
    if frame >= frames[-1]:
        return float(values[-1])
    left = int(np.searchsorted(frames, frame, side="right")) - 1
    width = frames[left + 1] - frames[left]
    slopes = np.diff(values) / np.diff(frames)
    start, end = (_tangent(slopes, place) * width for place in (left, left + 1))
    t = (frame - frames[left]) / width
    rise = 3 * t**2 - 2 * t**3
    return float(
        values[left] * (1 - rise) + values[left + 1] * rise + start * (t - 2 * t**2 + t**3) + end * (t**3 - t**2)
    )


def _tangent(slopes: np.ndarray, place: int) -> float:
    if place == 0 or place == len(slopes):
        return 0.0
    before, after = float(slopes[place - 1]), float(slopes[place])
    return 0.0 if before * after <= 0 else 2 * before * after / (before + after)


def vector_at(keys: Sequence[tuple[float, Sequence[float]]], frame: float) -> np.ndarray:
    """The same for keys whose values are vectors."""
    return np.array([value_at([(key[0], key[1][axis]) for key in keys], frame) for axis in range(len(keys[0][1]))])
