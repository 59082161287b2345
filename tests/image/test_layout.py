"""What is where without a network: told where it is sure, left alone where it is not."""

from __future__ import annotations

import cv2
import numpy as np
from lineboil.addon.engine.image.ade20k import COLOURS, from_layout
from lineboil.addon.engine.image.layout import FLOOR, NOTHING, PERSON, SKY, WALL, find_layout

HEIGHT, WIDTH = 270, 480
FEET = [(230.0, 238.0), (250.0, 238.0)]
BODY = 180.0


def noisy(picture):
    grain = np.random.default_rng(3).normal(0, 2, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def figure():
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.rectangle(matte, (215, 60), (265, 240), 1.0, -1)
    return matte


def room():
    """A wall over a floor, their corner at row 190, a red box on the floor, a figure before them."""
    picture = np.full((HEIGHT, WIDTH, 3), (190, 180, 160), np.float32)
    picture[190:] = (120, 90, 60)
    cv2.rectangle(picture, (380, 170), (450, 230), (200, 30, 30), -1)
    picture[figure() > 0] = (40, 60, 140)
    return noisy(picture)


def test_a_room_has_person_floor_and_wall_and_the_box_is_left_alone():
    told = find_layout(room(), figure(), FEET, BODY)
    assert (told[100:200, 225:255] == PERSON).all()
    assert (told[215:, :190] == FLOOR).mean() > 0.98
    assert (told[20:170, 20:190] == WALL).mean() > 0.98
    assert (told[190:225, 390:440] == NOTHING).mean() > 0.9
    assert not (told[:180] == FLOOR).any()


def test_without_feet_there_is_no_floor():
    told = find_layout(room(), figure(), [], 0.0)
    assert not (told == FLOOR).any()
    assert (told[100:200, 225:255] == PERSON).all()


def test_a_floor_under_a_rough_place_ends_where_its_colour_ends():
    picture = room().astype(np.float32)
    rough = np.random.default_rng(5).integers(0, 255, (190, WIDTH, 3))
    picture[:190] = rough
    picture[figure() > 0] = (40, 60, 140)
    told = find_layout(picture.astype(np.uint8), figure(), FEET, BODY)
    assert (told[215:, :190] == FLOOR).mean() > 0.95
    assert (told[:180] == FLOOR).mean() < 0.02
    assert not (told == WALL).any()


def test_blue_that_grows_lighter_downwards_is_sky_and_flat_blue_is_not_told():
    rows = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None, None]
    sky = np.array([90, 150, 225], np.float32) * (1 - rows) + np.array([170, 205, 240], np.float32) * rows
    clear = noisy(np.broadcast_to(sky, (HEIGHT, WIDTH, 3)))
    assert (find_layout(clear, figure(), [], 0.0)[:200, :190] == SKY).mean() > 0.95
    flat = noisy(np.full((HEIGHT, WIDTH, 3), (90, 150, 225), np.float32))
    told = find_layout(flat, figure(), [], 0.0)
    assert not ((told == SKY) | (told == WALL)).any()


def test_white_at_the_upper_edge_could_be_either_and_is_left_alone():
    white = noisy(np.full((HEIGHT, WIDTH, 3), 245, np.float32))
    assert not (find_layout(white, figure(), [], 0.0) == SKY).any()
    assert not (find_layout(white, figure(), [], 0.0) == WALL).any()


def test_rough_footage_tells_the_person_only():
    picture = np.random.default_rng(7).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    told = find_layout(picture, figure(), [], 0.0)
    assert set(np.unique(told)) == {NOTHING, PERSON}


def test_colours_are_ade20ks_and_nothing_is_black():
    made = from_layout(np.array([[NOTHING, PERSON, FLOOR, WALL, SKY]], np.uint8))
    names = ("person", "floor", "wall", "sky")
    assert made[0].tolist() == [[0, 0, 0], *(list(COLOURS[name]) for name in names)]
