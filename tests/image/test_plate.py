# SPDX-License-Identifier: GPL-3.0-or-later
"""Difference to a clean plate: light matched, shadows left out, dust and holes cleaned."""

from __future__ import annotations

import cv2
import numpy as np
from lineboil.addon.engine.image.plate import difference, difference_matte, grain, match_light, solid


def room() -> np.ndarray:
    random = np.random.default_rng(6)
    wall = cv2.GaussianBlur(random.random((90, 120, 3), dtype=np.float32), (0, 0), 6)
    return (0.35 + 2.0 * (wall - 0.5) * 0.8 + np.array([0.12, 0.05, -0.05])).clip(0.15, 0.9).astype(np.float32)


def test_light_is_matched_beside_the_character() -> None:
    plate = room()
    picture = plate * np.array([1.08, 1.0, 0.94], np.float32)
    picture[30:70, 40:80] = (0.1, 0.4, 0.8)
    matched = match_light(picture, plate)
    assert np.abs(matched - picture)[:25].max() < 0.01


def test_shadow_is_not_the_character() -> None:
    plate = room()
    picture = plate.copy()
    picture[20:80, 10:50] *= 0.65
    picture[20:80, 60:100] = (0.1, 0.3, 0.8)
    kept = difference(picture, plate, 0.5)
    assert kept[30:70, 15:45].max() < 0.04
    assert kept[30:70, 65:95].min() > 0.2
    assert difference(picture, plate, 0.0)[30:70, 15:45].min() > 0.08


def test_matte_is_clean() -> None:
    random = np.random.default_rng(7)
    distance = np.abs(random.normal(0, 0.01, (180, 240))).astype(np.float32)
    distance[60:150, 80:160] = 0.3
    distance[90:94, 100:104] = 0
    distance[10, 10] = 0.5
    threshold = 1.3 * grain(distance)
    matte = difference_matte(distance, threshold, 1.0)
    assert matte[10, 10] == 0
    assert matte[92, 102] == 1
    truth = np.zeros_like(matte)
    truth[60:150, 80:160] = 1
    assert np.abs(matte - truth).mean() < 0.005


def test_solid_keeps_large_parts_and_large_holes() -> None:
    mask = np.zeros((100, 100), np.uint8)
    mask[10:60, 10:60] = 1
    mask[20:40, 20:40] = 0
    mask[50, 15] = 0
    mask[90, 90] = 1
    kept = solid(mask, 0.01, 0.01)
    assert kept[90, 90] == 0
    assert kept[50, 15] == 1
    assert kept[30, 30] == 0
