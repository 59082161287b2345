# SPDX-License-Identifier: GPL-3.0-or-later
"""Chroma key: mixtures come out as coverage, uneven light is followed, spill goes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from lineboil.addon.engine.image.chroma import border, coverage, despill, measure_screen, screen_share

GREEN = np.array([0.08, 0.66, 0.24], np.float32)
BLUE = np.array([0.1, 0.2, 0.7], np.float32)


def green_screen(key: np.ndarray = GREEN, spill: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Picture, true coverage and the character's own colours, float32; the screen's light falls off."""
    random = np.random.default_rng(8)
    height, width = 120, 160
    hard = np.zeros((height, width), np.float32)
    cv2.ellipse(hard, (80, 75), (34, 45), 0, 0, 360, 1, -1)
    matte = cv2.GaussianBlur(hard, (0, 0), 2.0)
    own = np.empty((height, width, 3), np.float32)
    own[:60], own[60:90], own[90:] = (0.75, 0.55, 0.45), (0.85, 0.85, 0.83), (0.12, 0.1, 0.14)
    light = 1 - 0.3 * np.linspace(0, 1, width, dtype=np.float32)[None, :, None] ** 2
    mixed = matte[..., None] * (own + spill * key) + (1 - matte[..., None]) * key * light
    noisy = mixed + random.normal(0, 0.008, mixed.shape)
    return np.clip(noisy, 0, 1).astype(np.float32), matte, own


@pytest.mark.parametrize("key", [GREEN, BLUE])
def test_coverage_under_uneven_light(key: np.ndarray) -> None:
    picture, truth, _ = green_screen(key)
    screen = measure_screen([picture], key)
    found = coverage(picture, screen, screen.plate(*truth.shape), 1.0, 1.0)
    assert np.abs(found - truth).mean() < 0.015
    assert found[truth < 0.001].max() < 0.12
    assert found[truth > 0.999].min() > 0.97


def test_more_tolerance_keeps_less() -> None:
    picture, truth, _ = green_screen()
    screen = measure_screen([picture], GREEN)
    plate = screen.plate(*truth.shape)
    assert coverage(picture, screen, plate, 3.0, 1.0).sum() < coverage(picture, screen, plate, 1.0, 1.0).sum()


def test_despill_brings_the_own_colour_back() -> None:
    picture, truth, own = green_screen(spill=0.12)
    screen = measure_screen([picture], GREEN)
    plate = screen.plate(*truth.shape)
    matte = coverage(picture, screen, plate, 1.0, 1.0)
    seen = truth > 0.3

    def greenness(image: np.ndarray) -> float:
        return float((image[..., 1] - (image[..., 0] + image[..., 2]) / 2)[seen].mean())

    clean = despill(picture, matte, screen, plate, 1.0)
    assert abs(greenness(clean) - greenness(own)) < 0.4 * abs(greenness(picture) - greenness(own))
    assert np.array_equal(despill(picture, matte, screen, plate, 0.0), picture)


def test_screens_are_found_and_walls_are_not() -> None:
    picture, _, _ = green_screen()
    share, colour = screen_share((border(picture) * 255).astype(np.uint8))
    assert share > 0.95
    assert np.abs(colour - GREEN).max() < 0.15
    brick = np.random.default_rng(1).normal((150, 80, 60), 10, (500, 3)).clip(0, 255).astype(np.uint8)
    assert screen_share(brick)[0] == 0
