"""Skeletons in the order and colours that the ControlNets know."""

from __future__ import annotations

import numpy as np
import pytest
from lineboil.addon.engine.image.openpose import (
    BODY_COLOURS,
    FACE_POINT,
    HAND_POINT,
    LIMBS,
    Person,
    draw_openpose,
    person_of,
    with_bodies,
)

SIDE = 512
NOWHERE = np.full((2, 21, 2), np.nan, np.float32), np.full((70, 2), np.nan, np.float32)


def standing():
    """A body facing the camera: its right is at the picture's left."""
    body = np.array([
        (256, 90), (256, 140), (200, 140), (170, 210), (150, 280), (312, 140), (342, 210), (362, 280), (225, 290),
        (220, 380), (215, 470), (287, 290), (292, 380), (297, 470), (240, 75), (272, 75), (222, 85), (290, 85),
    ], np.float32)
    return body


def drawn(body, hands=NOWHERE[0], face=NOWHERE[1], **words):
    return draw_openpose([Person(body, hands, face)], SIDE, SIDE, **words)


def at(picture, point):
    x, y = (round(float(value)) for value in point)
    return tuple(int(value) for value in picture[y, x])


@pytest.mark.parametrize("limb", range(17))
def test_every_limb_has_its_colour(limb):
    body = standing()
    start, end = LIMBS[limb]
    alone = np.full_like(body, np.nan)
    alone[[start, end]] = body[[start, end]]
    picture = drawn(alone)
    assert at(picture, (body[start] + body[end]) / 2) == tuple(int(value * 0.6) for value in BODY_COLOURS[limb])
    assert at(picture, body[start]) == BODY_COLOURS[start]
    assert at(picture, body[end]) == BODY_COLOURS[end]


def test_the_first_limbs_are_the_right_shoulder_red_and_the_left_orange():
    assert LIMBS[0] == (1, 2)
    assert BODY_COLOURS[:2] == ((255, 0, 0), (255, 85, 0))
    picture = drawn(standing())
    assert at(picture, (228, 140)) == (153, 0, 0)
    assert at(picture, (284, 140)) == (153, 51, 0)


def test_what_is_not_seen_is_left_out():
    body = standing()
    body[4] = np.nan
    picture = drawn(body)
    assert at(picture, (150, 280)) == (0, 0, 0)
    assert at(picture, (160, 245)) == (0, 0, 0)
    assert at(picture, body[3]) == BODY_COLOURS[3]
    assert not drawn(np.full((18, 2), np.nan, np.float32)).any()


def test_body_points_outside_the_picture_are_left_out_with_their_limbs():
    body = standing()
    body[10] = (215, 530)
    picture = drawn(body)
    assert at(picture, (217, 420)) == (0, 0, 0)
    assert at(picture, body[9]) == BODY_COLOURS[9]


def test_hands_have_the_rainbow_and_blue_points():
    hands = NOWHERE[0].copy()
    hands[0, :, 0] = np.linspace(100, 400, 21)
    hands[0, :, 1] = 300
    hands[0, 0] = (100, 200)
    picture = drawn(np.full((18, 2), np.nan, np.float32), hands)
    assert at(picture, hands[0, 20]) == HAND_POINT
    middle = (hands[0, 0] + hands[0, 1]) / 2
    assert at(picture, middle) == (255, 0, 0)
    assert not drawn(np.full((18, 2), np.nan, np.float32), hands, with_hands=False).any()


def test_faces_are_white_points():
    face = NOWHERE[1].copy()
    face[3] = (50, 60)
    picture = drawn(np.full((18, 2), np.nan, np.float32), face=face)
    assert at(picture, (50, 60)) == FACE_POINT
    assert set(map(tuple, picture.reshape(-1, 3).tolist())) == {(0, 0, 0), FACE_POINT}
    assert not drawn(np.full((18, 2), np.nan, np.float32), face=face, with_face=False).any()


def test_landmarks_of_a_body_become_openpose_points_with_left_and_right_as_they_are():
    body = np.zeros((33, 3), np.float32)
    body[:, 0] = np.arange(33)
    visibility = np.ones(33, np.float32)
    visibility[26] = 0.2
    hands = np.arange(2 * 21 * 3, dtype=np.float32).reshape(2, 21, 3)
    face = np.zeros((468, 3), np.float32)
    face[:, 0] = np.arange(468)
    pupils = np.array([(7, 7), (8, 8)], np.float32)
    person = person_of(body, visibility, hands, face, pupils)
    assert person.body[0, 0] == 0
    assert person.body[1, 0] == 11.5
    assert person.body[[2, 3, 4], 0].tolist() == [12, 14, 16]
    assert person.body[[5, 6, 7], 0].tolist() == [11, 13, 15]
    assert np.isnan(person.body[9]).all()
    assert person.body[[14, 15, 16, 17], 0].tolist() == [5, 2, 8, 7]
    assert np.array_equal(person.hands, hands[..., :2])
    assert person.face.shape == (70, 2)
    assert person.face[30, 0] == 4
    assert person.face[68].tolist() == [8, 8]


def test_widths_grow_with_the_picture():
    people = [Person(standing() * scale, *NOWHERE) for scale in (1, 2)]
    small, large = (draw_openpose([person], SIDE * (1 + at), SIDE * (1 + at)) for at, person in enumerate(people))
    assert np.count_nonzero(large.any(-1)) / np.count_nonzero(small.any(-1)) == pytest.approx(4, rel=0.1)


def test_bodies_found_otherwise_take_the_hands_and_faces_of_the_nearest():
    hands = NOWHERE[0].copy()
    hands[0, 3] = (9, 9)
    first, second = Person(standing() - 150, *NOWHERE), Person(standing() + 20, hands, NOWHERE[1])
    made = with_bodies([standing(), standing() + 1000], [first, second])
    assert np.array_equal(made[0].body, standing())
    assert made[0].hands[0, 3].tolist() == [9, 9]
    assert np.isnan(made[1].hands).all()
    assert [len(with_bodies(bodies, [first])) for bodies in ([], [standing()])] == [0, 1]
