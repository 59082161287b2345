"""Lines and edges are where they are in the footage, white on black, and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from lineboil.addon.engine.image.control_lines import canny, joined, lineart, softedge, straight_lines

HEIGHT, WIDTH = 270, 480


def scene():
    """A bright box on a dark wall, and a dark line drawn across the wall; a little grain."""
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    cv2.rectangle(picture, (200, 60), (340, 200), (210, 190, 160), -1)
    cv2.line(picture, (40, 30), (150, 240), (20, 20, 20), 2, cv2.LINE_AA)
    grain = np.random.default_rng(1).normal(0, 2, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


MAKERS = {"lineart": lineart, "softedge": softedge, "canny": canny, "mlsd": straight_lines}


@pytest.mark.parametrize("kind", MAKERS)
def test_edges_are_found_and_flat_places_are_black(kind):
    made = MAKERS[kind](scene())
    assert made.shape == (HEIGHT, WIDTH)
    assert made.dtype == np.uint8
    rim = made[70:190, 196:205].max(axis=1)
    assert np.median(rim) > 100
    assert np.median(made[100:180, 230:310]) == 0
    assert (made[100:180, 230:310] > 60).mean() < 0.01


def test_a_drawn_line_is_one_line_and_no_contour():
    made = lineart(scene())
    assert np.median(made[100:170].max(axis=1)) > 150
    assert made[130:140, 85:105].max() > 150


@pytest.mark.parametrize("kind", MAKERS)
def test_footage_of_one_colour_has_no_lines(kind):
    assert MAKERS[kind](np.full((64, 96, 3), 120, np.uint8)).max() == 0


def test_lines_are_as_thick_as_wanted():
    thin, thick = ((lineart(scene(), weight) > 100).sum() for weight in (0.7, 2.5))
    assert thick > 1.5 * thin


def test_segments_of_one_line_are_joined():
    segments = np.array([(0, 0, 40, 0), (46, 0.5, 90, 0.5), (0, 30, 40, 30), (10, 0, 10, 20)], np.float64)
    lines = joined(segments, gap=8)
    assert len(lines) == 3
    assert np.ptp(lines[0][[0, 2]]) == 90
    assert len(joined(np.zeros((0, 4)), gap=8)) == 0


def test_lines_on_the_character_are_left_out_and_those_behind_go_on():
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    cv2.line(picture, (20, 60), (460, 60), (220, 220, 220), 3)
    for row in range(120, 220, 20):
        cv2.line(picture, (210, row), (290, row), (220, 220, 220), 3)
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    matte[40:, 200:300] = 1
    made = straight_lines(picture, 0.05, matte)
    assert not made[100:, 200:300].any()
    assert made[50:70, 30:190].max(axis=0).min() > 100
    assert straight_lines(picture, 0.05)[100:, 200:300].any()


def test_short_lines_are_left_out():
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    cv2.rectangle(picture, (100, 100), (108, 108), (220, 220, 220), -1)
    cv2.line(picture, (20, 250), (400, 250), (220, 220, 220), 3)
    made = straight_lines(picture, 0.1)
    assert made[95:115, 95:115].max() == 0
    assert made[245:255].max() > 200


@pytest.mark.parametrize("maker", [lineart, softedge])
def test_lines_do_not_change_with_what_is_elsewhere(maker):
    # A scale by what is strongest in the frame would let all lines flicker when something bright comes in.
    quiet, loud = scene(), scene()
    loud[:100, 380:460] = np.random.default_rng(2).choice([0, 255], (100, 80, 1)).astype(np.uint8)
    assert np.array_equal(maker(quiet)[130:, :330], maker(loud)[130:, :330])


@pytest.mark.parametrize("maker", [lineart, softedge])
def test_higher_steps_are_whiter_and_faint_ones_are_there(maker):
    whites = []
    for step in (8, 25, 90):
        picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        picture[:, 240:] = 90 + step
        whites.append(np.median(maker(picture)[50:200].max(axis=1)))
    assert 5 < whites[0] < whites[1] < whites[2]
    assert whites[0] < 120 < whites[2]


@pytest.mark.parametrize("maker", [lineart, softedge])
def test_an_edge_is_a_single_thin_stroke(maker):
    picture = np.full((540, 960, 3), 60, np.uint8)
    picture[:, 480:] = 200
    row = maker(picture)[270].astype(int)
    assert abs(int(row.argmax()) - 480) <= 1
    assert 2 <= (row > row.max() // 2).sum() <= 9
    rising = np.diff(row[row > 8])
    assert (np.diff(np.sign(rising[rising != 0])) != 0).sum() == 1


def test_contours_of_one_lightness_are_drawn():
    picture = np.full((HEIGHT, WIDTH, 3), (178, 60, 60), np.uint8)
    picture[:, 240:] = (40, 115, 60)
    for maker in (lineart, softedge, canny):
        assert maker(picture)[100:170, 236:245].max(axis=1).min() > 100


@pytest.mark.parametrize("maker", [lineart, softedge])
def test_a_texture_is_fainter_than_a_contour_as_high(maker):
    picture = np.full((540, 960, 3), 100, np.uint8)
    picture[:, 700:] = 140
    picture[:, 100:500:8] = 140
    picture[:, 101:500:8] = 140
    made = maker(picture)[200:340]
    contour = np.median(made[:, 690:711].max(axis=1))
    assert np.median(made[:, 200:400].max(axis=1)) < 0.75 * contour


@pytest.mark.parametrize("maker", [lineart, softedge, canny])
def test_grain_draws_nothing_and_lines_stay(maker):
    clean = cv2.GaussianBlur(scene(), (0, 0), 0.8).astype(np.float32)
    grainy = np.clip(clean + np.random.default_rng(4).normal(0, 10, clean.shape), 0, 255).astype(np.uint8)
    made = maker(grainy)
    assert (made[100:180, 230:310] > 60).mean() < 0.01
    assert np.median(made[70:190, 195:206].max(axis=1)) > 100


@pytest.mark.parametrize("maker", [lineart, softedge])
def test_dark_footage_has_lines_nearly_as_white(maker):
    light = maker(scene()).astype(float)
    dark = maker((scene() * 0.35).astype(np.uint8)).astype(float)
    rims = [np.median(made[70:190, 195:206].max(axis=1)) for made in (light, dark)]
    assert rims[1] > 0.75 * rims[0]


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("size", [(8, 8), (9, 65), (64, 7)])
def test_tiny_pictures_are_no_fault(kind, size):
    assert MAKERS[kind](np.random.default_rng(1).integers(0, 255, (*size, 3)).astype(np.uint8)).shape == size
