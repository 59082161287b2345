"""The static scene of a key, complete."""

from __future__ import annotations

import numpy as np
from lineboil.addon.engine.image.ground_plate import (
    FROM_ANOTHER_KEY,
    INVENTED,
    GroundPlate,
    carried_plate,
    ground_plate,
)

HEIGHT, WIDTH = 60, 80


def painted(channels=3):
    picture = np.full((HEIGHT, WIDTH, channels), 0.2, np.float32)
    picture[:, 40:] = 0.6
    picture[20:40, 30:50] = 1.0
    return picture


def free():
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    mask[20:40, 30:50] = 1
    return mask


def test_what_stands_before_the_scene_is_gone_and_said_to_be_invented():
    plate = ground_plate(painted(), free(), [])
    assert plate.colour[20:40, 30:50].max() < 0.65
    assert np.allclose(plate.quality[25:35, 35:45], INVENTED)
    assert plate.quality[5, 5] == 1
    assert np.array_equal(plate.colour[:15], painted()[:15])


def test_another_key_tells_what_is_behind():
    behind = np.full((HEIGHT, WIDTH, 3), 0.9, np.float32)
    plate = ground_plate(painted(), free(), [GroundPlate(behind, np.ones((HEIGHT, WIDTH), np.float32))])
    assert np.allclose(plate.colour[25:35, 35:45], 0.9)
    assert np.allclose(plate.quality[25:35, 35:45], FROM_ANOTHER_KEY)


def test_a_line_drawn_on_the_silhouette_is_not_scene():
    picture = painted()
    picture[19, 30:50] = picture[40, 30:50] = 0
    picture[20:40, 29] = picture[20:40, 50] = 0
    plate = ground_plate(picture, free(), [])
    assert plate.colour.min() > 0.15


def test_alpha_is_completed_like_a_colour():
    picture = painted(4)
    picture[..., 3] = 0.5
    assert np.allclose(ground_plate(picture, free(), []).colour[..., 3], 0.5)


def test_a_plate_carried_from_outside_the_picture_is_invented():
    plate = GroundPlate(painted(), np.ones((HEIGHT, WIDTH), np.float32))
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    flow[..., 0] = 10
    moved = carried_plate(plate, flow)
    assert np.allclose(moved.colour[30, 5], painted()[30, 15], atol=1e-3)
    assert np.allclose(moved.quality[:, -9:], INVENTED)
    assert moved.quality[:, :-11].min() == 1
