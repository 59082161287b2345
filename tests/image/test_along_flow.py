# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters over time: neighbours count where they show the same thing."""

from __future__ import annotations

import numpy as np
from lineboil.addon.engine.image.along_flow import agreement, binomial, fetch, median_of_five


def test_median_network_is_the_median() -> None:
    samples = list(np.random.default_rng(1).random((5, 20, 30), dtype=np.float32))
    assert np.array_equal(median_of_five(samples), np.median(np.stack(samples), axis=0))


def test_binomial_weights() -> None:
    samples = [np.full((2, 2), value, np.float32) for value in (0, 1, 0)]
    assert np.allclose(binomial(samples), 0.5)
    five = [np.full((2, 2), value, np.float32) for value in (16, 0, 0, 0, 32)]
    assert np.allclose(binomial(five), 3.0)


def test_fetch_follows_the_motion_and_keeps_its_own_where_colours_differ() -> None:
    random = np.random.default_rng(2)
    picture = np.repeat(np.repeat(random.integers(0, 255, (10, 20, 3)), 4, 0), 4, 1).astype(np.uint8)
    moved = np.roll(picture, 3, axis=1)
    values = random.random((40, 80), dtype=np.float32)
    flow = np.zeros((40, 80, 2), np.float32)
    flow[..., 0] = 3
    moved_values = np.roll(values, 3, axis=1)
    changed = moved.copy()
    changed[:, 40:60] = 255 - changed[:, 40:60]
    own = np.full((40, 80), -1, np.float32)
    fetched = fetch(moved_values, changed, own, picture, flow)
    assert np.allclose(fetched[:, 4:30], values[:, 4:30])
    assert (fetched[:, 42:52] == -1).mean() > 0.7
    assert (fetched[:, 78:] == -1).all(), "what comes from outside the picture is not known"


def test_agreement_needs_the_place_to_be_in_the_picture() -> None:
    grey = np.full((10, 10, 3), 90, np.uint8)
    flow = np.zeros((10, 10, 2), np.float32)
    flow[:, 5:, 1] = 30
    assert agreement(grey, grey, flow)[:, :5].all()
    assert not agreement(grey, grey, flow)[:, 5:].any()
