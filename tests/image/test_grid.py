"""Grids of keys: no black cells, every key once, the anchor everywhere, cut out as it was laid in."""

from __future__ import annotations

import numpy as np
import pytest
from lineboil.addon.engine.errors import SettingError
from lineboil.addon.engine.image.grid import SMALLEST_FACE_PIXELS, cells_mask, cut, join, layout_of, plan_grids, resized

HD = 960, 540


def planned(count, size=HD, **words):
    return plan_grids(range(1, 10 * count, 10), size, **{"long_side": 1536, "multiple": 64, **words})


@pytest.mark.parametrize("multiple", [8, 64])
@pytest.mark.parametrize("size", [HD, (270, 480), (500, 500), (1920, 800)])
@pytest.mark.parametrize("count", [1, 2, 5, 6, 9, 36])
def test_every_key_is_in_one_grid_and_the_anchor_in_all(count, size, multiple):
    plan = planned(count, size, multiple=multiple)
    keys = range(1, 10 * count, 10)
    for frame in keys:
        grids = [frames for frames in plan.grids if frame in frames]
        assert len(grids) == (len(plan.grids) if frame == plan.anchor else 1)
    assert all(len(frames) == plan.layout.columns * plan.layout.rows for frames in plan.grids)
    assert all(frames[0] == plan.anchor for frames in plan.grids)
    assert max(plan.layout.size) <= 1536
    assert all(side % multiple == 0 for side in plan.layout.cell)


@pytest.mark.parametrize("size", [HD, (270, 480), (500, 500)])
def test_cells_keep_the_shape_of_the_frames(size):
    for count in range(1, 17):
        layout = layout_of(count, size, 1536, 64)
        assert layout.frame[0] / layout.frame[1] == pytest.approx(size[0] / size[1], rel=0.01)
        assert all(0 <= cell - frame < 64 for cell, frame in zip(layout.cell, layout.frame, strict=True))


def test_cells_are_as_large_as_can_be():
    layout = layout_of(4, HD, 1536, 8)
    assert (layout.columns, layout.rows, layout.cell) == (2, 2, (768, 432))
    assert layout_of(3, HD, 1536, 8).columns * layout_of(3, HD, 1536, 8).rows >= 3


def test_a_grid_has_no_black_and_comes_apart_as_it_was_joined():
    random = np.random.default_rng(3)
    layout = layout_of(5, HD, 768, 64)
    pictures = {frame: random.integers(40, 255, (layout.frame[1], layout.frame[0], 3), np.uint8) for frame in range(5)}
    places = layout.columns * layout.rows
    frames = (0, 1, 2, 3, 4, *[0] * (places - 5))
    grid = join(layout, pictures, frames)
    assert grid.shape == (layout.size[1], layout.size[0], 3)
    assert grid.min() >= 40
    for index, frame in enumerate(frames):
        assert np.array_equal(cut(layout, grid, index), pictures[frame])


def test_a_frame_is_resampled_once_each_way():
    y, x = np.mgrid[0:270, 0:480]
    picture = np.dstack([x / 2, y / 2, (x + y) / 4]).astype(np.uint8)
    layout = layout_of(6, (480, 270), 768, 64)
    back = resized(cut(layout, join(layout, dict.fromkeys(range(6), picture), tuple(range(6))), 3), (480, 270))
    assert np.abs(back.astype(int) - picture)[4:-4, 4:-4].max() <= 2


def test_the_mask_has_whole_cells():
    layout = layout_of(4, HD, 768, 64)
    mask = cells_mask(layout, [0, 3])
    assert mask[layout.cell_box(0)].all()
    assert mask[layout.cell_box(3)].all()
    assert mask.sum() == 2 * layout.cell[0] * layout.cell[1]


def test_faces_decide_how_many_keys_a_grid_takes():
    small = planned(36, faces=dict.fromkeys(range(1, 360, 10), 60.0))
    large = planned(36, faces=dict.fromkeys(range(1, 360, 10), 240.0))
    for plan, face in ((small, 60), (large, 240)):
        assert face * plan.layout.frame[0] / HD[0] >= SMALLEST_FACE_PIXELS
        assert not plan.warnings
    assert len(small.grids) > len(large.grids)


def test_too_many_cells_are_warned_of_with_numbers():
    plan = planned(36, most_cells=36, faces={1: 120.0})
    assert len(plan.grids) == 1
    high = 120 * plan.layout.frame[0] / HD[0]
    assert f"{high:.0f} pixels high" in plan.warnings[0]
    assert "{}x{}".format(*plan.layout.frame) in plan.warnings[0]


def test_the_artist_chooses_the_anchor_and_the_number_of_cells():
    plan = planned(7, anchor=61, most_cells=4)
    assert plan.anchor == 61
    assert len(plan.grids) == 2
    assert plan.grid_of(1) == 0
    assert plan.grid_of(51) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"anchor": 2}, "diffuse.anchor is frame 2, which is no key"),
        ({"long_side": 256, "most_cells": 36}, "36 keys do not fit into a grid of 256 pixels"),
    ],
)
def test_what_cannot_be_laid_out_is_told(words, said):
    with pytest.raises(SettingError, match=said):
        planned(36, **words)


def test_no_keys_is_told():
    with pytest.raises(SettingError, match="no keys"):
        plan_grids([], HD, long_side=1536, multiple=64)
