"""Colours of a drawing are brought to another's, within limits, the character apart from the rest."""

from __future__ import annotations

import cv2
import numpy as np
from lineboil.addon.engine.image.match import match_cells, match_statistics


def picture(seed):
    random = np.random.default_rng(seed)
    return random.uniform(0.2, 0.8, (40, 60, 3)).astype(np.float32)


def test_a_change_of_colour_is_found_from_the_shared_cell():
    wanted, other = picture(1), picture(2)
    change = lambda image: np.clip(image * (0.9, 1.05, 0.85) + (0.05, -0.02, 0.08), 0, 1).astype(np.float32)  # noqa: E731
    matched = match_cells(change(other), change(wanted), wanted)
    assert np.abs(change(other) - other).mean() > 0.01
    assert np.abs(matched - other).mean() < 0.002


def test_one_colour_alone_is_only_shifted():
    flat = np.full((20, 20, 3), 0.5, np.float32)
    matched = match_cells(picture(1), flat, flat + np.float32(0.1))
    assert np.abs(matched - picture(1) - 0.1).max() < 0.02


def test_drawings_with_nothing_in_common_are_only_shifted():
    matched = match_cells(picture(1), picture(2) - np.float32(0.1), picture(3))
    assert np.abs(matched - picture(1) - 0.1).max() < 0.02


def test_strokes_of_their_own_do_not_hide_the_change_nor_take_the_contrast():
    rows, columns = np.mgrid[:240, :360].astype(np.float32)
    blue = 0.5 + 0.2 * np.sin(columns / 40) * np.cos(rows / 40)
    paint = np.stack([0.3 + columns / 900, 0.3 + rows / 600, blue], axis=2).astype(np.float32)
    strokes = [np.random.default_rng(seed).normal(0, 0.12, paint.shape).astype(np.float32) for seed in (1, 2)]
    own, wanted = np.clip(paint * 0.8 + 0.1 + strokes[0], 0, 1), np.clip(paint + strokes[1], 0, 1)
    matched = match_cells(own, own, wanted)
    assert np.abs(matched.mean((0, 1)) - wanted.mean((0, 1))).max() < 0.01
    blurred = [cv2.blur(image.astype(np.float32), (31, 31)).std((0, 1)) for image in (matched, wanted, own)]
    assert np.abs(blurred[0] / blurred[1] - 1).max() < 0.06 < np.abs(blurred[2] / blurred[1] - 1).min()


def test_the_same_cell_changes_nothing():
    assert np.abs(match_cells(picture(3), picture(1), picture(1)) - picture(3)).max() < 1e-5


def test_the_character_and_the_rest_are_matched_apart():
    matte = np.zeros((40, 60), np.float32)
    matte[:, :30] = 1
    anchor = picture(4)
    off = anchor.copy()
    off[:, :30] *= 0.8
    matched = match_statistics(off, matte, anchor, matte)
    assert np.abs(matched - anchor)[:, :30].mean() < np.abs(off - anchor)[:, :30].mean() / 3
    assert np.abs(matched - off)[:, 30:].mean() < 0.005


def test_what_differs_in_the_footage_may_differ_in_the_drawings():
    shot = picture(4)
    dark = shot * np.float32(0.85)
    drawn, tinted = shot, dark + np.float32([0.06, 0, -0.03])
    matched = match_statistics(tinted, None, drawn, None, (dark, shot))
    assert np.abs(matched - dark).mean() < 0.01
    assert np.abs(match_statistics(tinted, None, drawn, None) - dark).mean() > 0.04


def test_the_match_has_limits():
    dark = picture(5) * np.float32(0.05)
    matched = match_statistics(dark, None, picture(6), None)
    assert matched.mean() < picture(6).mean() - 0.1
    assert 0 <= matched.min() <= matched.max() <= 1
