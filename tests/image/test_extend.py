"""Colour and depth extended outward from inside the matte."""

from __future__ import annotations

import cv2
import numpy as np
from lineboil.addon.engine.image.extend import enlarge_matte, extend_outward, nearest, seeds_of


def disc(softness: float = 1.5) -> np.ndarray:
    matte = np.zeros((120, 160), np.float32)
    cv2.circle(matte, (80, 60), 35, (1.0,), -1)
    return cv2.GaussianBlur(matte, (0, 0), softness)


def test_the_inside_is_untouched_and_the_fringe_is_gone() -> None:
    matte = disc()
    inside = np.zeros((120, 160, 3), np.float32)
    inside[..., 0] = np.linspace(0.5, 1, 160)
    green = np.zeros_like(inside)
    green[..., 1] = 1
    picture = inside * matte[..., None] + green * (1 - matte[..., None])
    extended = extend_outward(picture, matte, 2, 1.5)
    seeds = seeds_of(matte, 2)
    assert np.array_equal(extended[seeds], picture[seeds])
    edge = (matte > 0.02) & (matte < 0.9)
    assert picture[edge][:, 1].max() > 0.9
    assert extended[edge][:, 1].max() < 0.06
    assert np.abs(extended[edge][:, 0] - inside[edge][:, 0]).max() < 0.1


def test_depth_outside_is_that_of_the_nearest_inside() -> None:
    matte = disc()
    depth = np.where(matte > 0.9, np.float32(0.7), np.float32(0.1))
    extended = extend_outward(depth, matte, 4, 3.0)
    assert np.abs(extended - 0.7).max() < 1e-4


def test_nearest_takes_the_nearest_seed() -> None:
    seeds = np.zeros((5, 9), bool)
    seeds[2, 1] = seeds[2, 7] = True
    image = np.zeros((5, 9), np.float32)
    image[2, 1], image[2, 7] = 0.25, 0.75
    assert np.array_equal(nearest(image, seeds)[2], np.float32([0.25] * 4 + [nearest(image, seeds)[2, 4]] + [0.75] * 4))


def test_empty_and_full_mattes_change_nothing() -> None:
    image = np.random.default_rng(1).random((20, 30, 3)).astype(np.float32)
    assert np.array_equal(extend_outward(image, np.zeros((20, 30), np.float32), 2, 1), image)
    assert np.array_equal(extend_outward(image, np.ones((20, 30), np.float32), 2, 1), image)


def test_a_thin_matte_still_has_seeds() -> None:
    matte = np.zeros((60, 60), np.float32)
    matte[:, 30:33] = 1
    assert seeds_of(matte, 6).any()
    faint = np.zeros((60, 60), np.float32)
    faint[20:40, 20:40] = 0.4
    assert seeds_of(faint, 2).sum() == 400


def test_the_picture_s_edge_does_not_erode() -> None:
    matte = np.zeros((40, 40), np.float32)
    matte[20:, 10:30] = 1
    assert seeds_of(matte, 3)[39, 20]


def test_an_enlarged_matte_covers_the_same_and_is_no_softer() -> None:
    matte = disc()
    large = enlarge_matte(matte, 640, 480)
    assert large.shape == (480, 640)
    assert abs(large.mean() - matte.mean()) < 0.003
    assert large.min() >= 0
    assert large.max() <= 1
    plain = cv2.resize(matte, (640, 480), interpolation=cv2.INTER_LINEAR)
    assert ((large > 0.1) & (large < 0.9)).sum() < ((plain > 0.1) & (plain < 0.9)).sum()
    assert enlarge_matte(matte, 160, 120) is matte
