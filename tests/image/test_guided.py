# SPDX-License-Identifier: GPL-3.0-or-later
"""The box-filter form of the guided filter agrees with the definition, and follows colours of equal brightness."""

from __future__ import annotations

import numpy as np
import pytest
from lineboil.addon.engine.image.guided import guided_filter


def by_definition(guide: np.ndarray, source: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """Slow and plain: one linear regression a window, then the mean of all windows over a pixel."""
    pad = radius
    wide_guide = np.pad(guide, ((pad, pad), (pad, pad), (0, 0)), mode="symmetric").astype(np.float64)
    wide_source = np.pad(source, pad, mode="symmetric").astype(np.float64)
    height, width = source.shape
    slopes, offsets = np.zeros((height, width, 3)), np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            colours = wide_guide[y : y + 2 * pad + 1, x : x + 2 * pad + 1].reshape(-1, 3)
            values = wide_source[y : y + 2 * pad + 1, x : x + 2 * pad + 1].ravel()
            spread = np.cov(colours.T, bias=True) + epsilon * np.eye(3)
            shared = (colours * values[:, None]).mean(0) - colours.mean(0) * values.mean()
            slopes[y, x] = np.linalg.solve(spread, shared)
            offsets[y, x] = values.mean() - slopes[y, x] @ colours.mean(0)
    result = np.zeros((height, width))
    wide_slopes = np.pad(slopes, ((pad, pad), (pad, pad), (0, 0)), mode="symmetric")
    wide_offsets = np.pad(offsets, pad, mode="symmetric")
    for y in range(height):
        for x in range(width):
            slope = wide_slopes[y : y + 2 * pad + 1, x : x + 2 * pad + 1].reshape(-1, 3).mean(0)
            result[y, x] = slope @ guide[y, x] + wide_offsets[y : y + 2 * pad + 1, x : x + 2 * pad + 1].mean()
    return result


def test_agrees_with_the_definition() -> None:
    random = np.random.default_rng(5)
    guide = random.random((14, 17, 3), dtype=np.float32)
    source = random.random((14, 17), dtype=np.float32)
    expected = by_definition(guide, source, 2, 1e-2)
    assert np.abs(guided_filter(guide, source, 2, 1e-2) - expected).max() < 1e-4


def test_follows_an_edge_between_colours_of_one_brightness() -> None:
    guide = np.empty((40, 40, 3), np.float32)
    guide[:, :20] = (0.6, 0.3, 0.3)
    guide[:, 20:] = (0.3, 0.45, 0.3)
    source = np.zeros((40, 40), np.float32)
    source[:, 23:] = 1
    result = guided_filter(guide, source, 6, 1e-4)
    assert result[20, 21] - result[20, 18] > 0.5
    # The source jumps by 1 between 22 and 23, the guide does not.
    assert abs(result[20, 22] - result[20, 23]) < 0.1, "the jump of the source is taken away"


def test_refuses_sizes_that_differ() -> None:
    with pytest.raises(ValueError, match="same size"):
        guided_filter(np.zeros((4, 4, 3), np.float32), np.zeros((4, 5), np.float32), 1, 1e-4)
