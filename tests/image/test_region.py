"""Regions drawn again: cut out with their surroundings, put back without touching the rest, marked by points."""

from __future__ import annotations

import numpy as np
import pytest
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.image.region import around_points, cut_around, feathered
from lineboil.addon.engine.image.strip import sheet_of


def spot(height: int = 120, width: int = 200) -> np.ndarray:
    mask = np.zeros((height, width), np.float32)
    mask[40:60, 90:120] = 1
    return mask


def test_a_region_is_cut_with_its_surroundings_and_its_shape() -> None:
    cut = cut_around(spot(), 512)
    left, top, right, bottom = cut.box
    assert (left, top, right, bottom) == (75, 25, 135, 75)
    assert cut.size == (512, 424)
    assert cut.out(spot()).shape == (424, 512)
    # At a corner the surroundings end with the picture.
    corner = np.zeros((120, 200), np.float32)
    corner[:30, :30] = 1
    assert cut_around(corner, 512).box == (0, 0, 45, 45)


def test_what_is_put_back_changes_nothing_outside() -> None:
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (120, 200, 3), np.uint8)
    mask = feathered(spot(), 4)
    cut = cut_around(mask, 512)
    white = np.full((cut.size[1], cut.size[0], 3), 255, np.uint8)
    made = cut.back(picture, white, mask)
    assert np.array_equal(made[mask == 0], picture[mask == 0])
    assert made[45:55, 96:114].min() == 255
    # What was not drawn over comes back as it was, but for the two resamplings.
    same = cut.back(picture, cut.out(picture), mask)
    assert np.abs(same.astype(int) - picture).mean() < 1


def test_the_edge_of_a_mask_is_soft_inwards_only() -> None:
    soft = feathered(spot(), 5)
    assert soft[spot() == 0].max() == 0 and soft[50, 105] == 1 and 0 < soft[50, 91] < 1
    # The border of the picture is no edge.
    full = np.ones((40, 40), np.float32)
    assert feathered(full, 5).min() == 1
    assert np.array_equal(feathered(spot(), 0), spot())


@pytest.mark.parametrize("mask", [np.zeros((40, 40)), np.pad(np.ones((40, 1)), ((0, 0), (0, 39)))])
def test_an_empty_region_is_refused(mask: np.ndarray) -> None:
    with pytest.raises(InputError, match="marks nothing"):
        cut_around(mask.astype(np.float32), 512)


def test_points_are_marked_with_a_margin() -> None:
    square = np.array([(50, 50), (70, 50), (70, 70), (50, 70), (np.nan, 3)], np.float32)
    mask = around_points([square, square[:2]], (200, 120), 0.25)
    assert mask.shape == (120, 200) and mask[60, 60] == 1 and mask[60, 46] == 1 and mask[60, 43] == 0
    assert not around_points([square * np.nan], (200, 120), 0.25).any()


def test_a_strip_shows_all_with_labels() -> None:
    picture = np.full((60, 100, 3), 200, np.uint8)
    labels = ["seed 1", "a very long label that is written smaller"]
    sheet = sheet_of([[picture, None], [picture, picture]], [labels] * 2)
    assert sheet.shape == (192, 212, 3)
    assert (sheet[40, 50] == 200).all() and (sheet[40, 160] == 33).all() and sheet[:30, :106].max() > 150
    wide = sheet_of([[np.full((500, 1000, 3), 9, np.uint8)] * 8], [["x"] * 8])
    assert wide.shape[1] <= 2400
