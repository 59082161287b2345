# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge of a coarse matte is brought to the picture's edge, the same way every time."""

from __future__ import annotations

import cv2
import numpy as np
from lineboil.addon.engine.image.edge_band import refine
from lineboil.addon.engine.image.grabcut import BACKGROUND, CHARACTER, cut


def scene(height: int = 200, width: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """A blob of another colour before a grainy wall: uint8 RGB and the true matte."""
    random = np.random.default_rng(4)
    truth = np.zeros((height, width), np.float32)
    points = np.array([[60, 40], [150, 30], [190, 110], [140, 180], [70, 160], [90, 100]])
    cv2.fillPoly(truth, [points], 1)
    soft = cv2.GaussianBlur(truth, (0, 0), 0.8)[..., None]
    picture = soft * np.array([190, 120, 60]) + (1 - soft) * np.array([90, 110, 130])
    return np.clip(picture + random.normal(0, 3, picture.shape), 0, 255).astype(np.uint8), truth


def test_refined_is_closer_to_the_truth() -> None:
    picture, truth = scene()
    coarse = np.clip(cv2.GaussianBlur(np.roll(truth, 2, axis=1), (0, 0), 2.5), 0, 1)
    before, after = np.abs(coarse - truth).sum(), np.abs(refine(picture, coarse, 1) - truth).sum()
    assert after < 0.45 * before
    without_cut = np.abs(refine(picture, coarse, 1, with_cut=False) - truth).sum()
    assert without_cut < 0.6 * before


def test_far_from_the_edge_it_is_hard() -> None:
    picture, truth = scene()
    result = refine(picture, np.clip(0.05 + 0.85 * truth, 0, 1), 1)
    assert result[5, 5] == 0
    assert result[80, 120] == 1


def test_an_empty_and_a_full_matte_stay() -> None:
    picture, truth = scene()
    assert not refine(picture, np.zeros_like(truth), 1).any()
    assert (refine(picture, np.ones_like(truth), 1) == 1).all()


def test_same_seed_same_cut() -> None:
    picture, truth = scene()
    coarse = cv2.GaussianBlur(truth, (0, 0), 4)
    first = refine(picture, coarse, 7)
    cv2.setRNGSeed(99)
    assert np.array_equal(first, refine(picture, coarse, 7))


def test_labels_with_one_side_only_are_returned() -> None:
    picture, _ = scene()
    everything = np.full(picture.shape[:2], CHARACTER, np.uint8)
    assert cut(picture, everything, 1).all()
    assert not cut(picture, np.full_like(everything, BACKGROUND), 1).any()
