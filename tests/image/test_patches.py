"""Patches are found where the guides say, paint fits, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest
from lineboil.addon.engine.image import patch_kernels, patches, reference
from lineboil.addon.engine.image.free_fill import FreeFill, lost_since, wanted
from lineboil.addon.engine.image.patches import Synthesis, synthesise, vote_colours


def _pictures(height=40, width=56):
    random = np.random.default_rng(0)
    return random.random((height, width, 4), np.float32), random.random((height, width, 3), np.float32)


def _hole(shape, top=12, left=16, side=14):
    need = np.zeros(shape, bool)
    need[top : top + side, left : left + side] = True
    return need


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("place", [(0, 0), (5, 7), (39, 55)])
def test_the_cost_of_a_patch_equals_the_reference(told, place):
    source, _ = _pictures()
    target = _pictures()[0][::-1].copy()
    known = np.full(target.shape[:2], told)
    found = patch_kernels.patch_cost(target, source, 2, known, *place, 9, 11, np.inf)
    assert found == pytest.approx(reference.patch_cost(target, source, 2, known, place, (9, 11)), rel=1e-5)


def test_the_search_comes_near_the_best_patch_there_is():
    source, _ = _pictures(18, 20)
    target = np.roll(source, (3, 2), (0, 1))
    need, allowed, told = _hole((18, 20), 6, 6, 8), np.ones((18, 20), bool), np.ones((18, 20), bool)
    field = np.full((18, 20, 2), 8, np.int32)
    costs = np.zeros((18, 20), np.float32)
    patch_kernels.match(target, source, 4, told, allowed, need, np.float32(0), field, costs, 12, 20, 1)
    best = reference.nearest_patches(target, source, need, allowed)
    assert (field == best).all(-1)[need].mean() > 0.95


def test_known_paint_stays_and_the_guides_find_the_rest():
    guide, paint = _pictures()
    need = _hole(guide.shape[:2])
    colour, field = synthesise(guide, guide, paint, paint * ~need[..., None], need, ~need | need)
    assert np.array_equal(colour[~need], paint[~need])
    assert np.abs(colour - paint)[need].mean() < 0.02
    assert not field[~need].any()


def test_same_seed_same_bytes():
    guide, paint = _pictures()
    need = _hole(guide.shape[:2])
    first, again = (synthesise(guide, guide, paint, paint, need, ~need) for _ in range(2))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])


def test_only_what_is_allowed_is_taken():
    guide, paint = _pictures()
    need = _hole(guide.shape[:2])
    allowed = np.zeros(need.shape, bool)
    allowed[:, :12] = True
    _, field = synthesise(guide, guide, paint, paint, need, allowed)
    assert (field[need][:, 0] < 12).all()


@pytest.mark.parametrize("levels", [1, 4])
def test_nothing_allowed_or_nothing_needed_gives_the_picture_back(levels):
    guide, paint = _pictures(9, 11)
    none, everything = np.zeros((9, 11), bool), np.ones((9, 11), bool)
    settings = Synthesis(levels=levels)
    for need, allowed in ((everything, none), (none, everything)):
        assert np.array_equal(synthesise(guide, guide, paint, paint, need, allowed, None, settings)[0], paint)
    assert np.isfinite(synthesise(guide, guide, paint, paint, everything, everything, None, settings)[0]).all()


def test_a_start_that_is_right_is_kept():
    guide, paint = _pictures()
    need = _hole(guide.shape[:2])
    rows, columns = np.mgrid[0 : need.shape[0], 0 : need.shape[1]].astype(np.int32)
    right = np.dstack([columns, rows])
    settings = Synthesis(levels=1, passes=1, rounds=1)
    _, field = synthesise(guide, guide, paint, paint, need, need | ~need, right, settings)
    assert np.array_equal(field[need], right[need])


def test_smaller_pictures_are_means():
    image = np.arange(24, dtype=np.float32).reshape(4, 6)
    assert np.allclose(patches.smaller(image, 2)[0], [3.5, 5.5, 7.5])
    assert patches.smaller(image[:3, :5], 2).shape == (2, 3)


def test_colours_of_a_field_at_twice_the_size():
    _, paint = _pictures(24, 32)
    twice = np.repeat(np.repeat(paint, 2, 0), 2, 1)
    rows, columns = np.mgrid[0:24, 0:32].astype(np.int32)
    need = _hole((24, 32), 6, 6, 8)
    colour = vote_colours(twice, np.dstack([columns, rows]), need, (24, 32), (48, 64))
    wide = np.repeat(np.repeat(need, 2, 0), 2, 1)
    assert np.allclose(colour[wide], twice[wide], atol=1e-5)
    assert not colour[~wide].any()


def test_a_lost_figure_is_found_in_the_key_and_kept_along_the_flow():
    random = np.random.default_rng(3)
    footage = (random.random((48, 64, 3)) * 255).astype(np.uint8)
    paint = random.random((48, 64, 3), np.float32)
    free = np.zeros((48, 64), np.float32)
    free[10:34, 14:40] = 1
    moved = [np.roll(image, 6, 1) for image in (footage, paint, free)]
    fill = FreeFill([footage], [paint], [free])
    blank = np.full_like(paint, 0.5)
    need = wanted(np.zeros_like(free), [np.ones_like(free)], None, moved[2])
    first = fill.frame(blank, moved[0], need, None)
    inner = np.zeros((48, 64), bool)
    inner[14:30, 24:42] = True
    assert np.abs(first - moved[1])[inner].mean() < 0.1
    still = np.zeros((48, 64, 2), np.float32)
    again = fill.frame(blank, moved[0], need, still)
    assert np.abs(again - moved[1])[inner].mean() < 0.1
    assert np.array_equal(again[moved[2] < 0.5], blank[moved[2] < 0.5])


@pytest.mark.parametrize(
    ("agreement", "lost", "explained", "free", "found"),
    [(0, 1, 0, 1, True), (1, 1, 0, 1, False), (0, 0, 0, 1, False), (0, 1, 1, 1, False), (0, 1, 0, 0, False)],
)
def test_only_what_every_map_lost_is_sought(agreement, lost, explained, free, found):
    plane = [np.full((20, 20), value, np.float32) for value in (agreement, lost, explained, free)]
    need = wanted(plane[0], [np.ones((20, 20), np.float32), plane[1]], plane[2], plane[3])
    assert need.all() if found else not need.any()


def test_nothing_needed_leaves_the_picture_alone():
    picture = np.full((20, 20, 3), 0.3, np.float32)
    fill = FreeFill([np.zeros((20, 20, 3), np.uint8)], [picture], [np.ones((20, 20), np.float32)])
    assert fill.frame(picture, np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20), bool), None) is picture


def test_what_was_hidden_stays_lost():
    still, none = np.zeros((30, 40, 2), np.float32), np.zeros((30, 40), np.float32)
    free = np.zeros((30, 40), np.float32)
    free[:, :20] = 1
    first = lost_since(none, still, still, free)
    assert not first[:, :19].any()
    assert first[:, 21:].all()
    assert np.array_equal(lost_since(first, still, still, np.ones_like(free)), first)
