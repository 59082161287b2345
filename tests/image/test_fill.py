"""What is known stays; what is not follows what is known around it."""

from __future__ import annotations

import numpy as np
import pytest
from lineboil.addon.engine.image.fill import fill


@pytest.mark.parametrize("reduction", [1, 4])
def test_known_values_stay_exactly(reduction):
    random = np.random.default_rng(0)
    values = random.random((37, 50, 3), dtype=np.float32)
    known = random.random((37, 50)) > 0.4
    assert np.array_equal(fill(values, known, reduction)[known], values[known])


def test_a_hole_takes_the_colour_around_it():
    values = np.full((40, 40, 2), (0.2, 0.8), np.float32)
    known = np.ones((40, 40), bool)
    known[10:30, 10:30] = False
    values[~known] = 99
    assert np.allclose(fill(values, known), (0.2, 0.8), atol=1e-5)


def test_a_hole_between_two_sides_runs_from_one_to_the_other():
    values = np.zeros((32, 64), np.float32)
    values[:, 40:] = 1
    known = np.zeros((32, 64), bool)
    known[:, :8] = known[:, 56:] = True
    row = fill(values, known)[16]
    assert row[10] < 0.2 < 0.8 < row[53]
    assert 0.3 < row[32] < 0.7


def test_nothing_known_gives_zeros():
    assert not fill(np.ones((9, 7), np.float32), np.zeros((9, 7), bool)).any()
