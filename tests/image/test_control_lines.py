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


def test_short_lines_are_left_out():
    picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    cv2.rectangle(picture, (100, 100), (108, 108), (220, 220, 220), -1)
    cv2.line(picture, (20, 250), (400, 250), (220, 220, 220), 3)
    made = straight_lines(picture, 0.1)
    assert made[95:115, 95:115].max() == 0
    assert made[245:255].max() > 200
