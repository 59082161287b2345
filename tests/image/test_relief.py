"""Relief: inflation, bodies, faces, the ground."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from lineboil.addon.engine.image.relief import inflate, rounded, weighted_field
from lineboil.addon.engine.image.relief_body import HandRelief, Posture, body_relief, skeleton_distance
from lineboil.addon.engine.image.relief_face import FaceRelief, with_face
from lineboil.addon.engine.image.relief_ground import Ground, background, horizon_row

SCALE = 100.0


def standing(left_wrist: tuple[float, float, float] = (150, 130, 0.0)) -> Posture:
    """A person seen from in front, 100 px a metre, in 200 x 220 pixels, arms down but for the left wrist."""
    joints = np.zeros((33, 3))
    places = {7: (108, 30), 8: (92, 30), 11: (122, 55), 12: (78, 55), 13: (135, 85), 14: (65, 85), 15: left_wrist[:2],
              16: (55, 130), 23: (112, 115), 24: (88, 115), 25: (112, 160), 26: (88, 160), 27: (112, 205),
              28: (88, 205)}
    for joint in range(33):
        joints[joint, :2] = places.get(joint, (100, 30))
    for foot in (29, 31):
        joints[foot, :2], joints[foot + 1, :2] = (112, 210), (88, 210)
    joints[[17, 19], :2], joints[[18, 20], :2] = left_wrist[:2], (55, 138)
    joints[15, 2] = left_wrist[2]
    return Posture(joints, np.ones(33), SCALE)


def body_matte() -> np.ndarray:
    matte = np.zeros((220, 200), np.float32)
    matte[10:212, 50:150] = 1
    return matte


def test_inflation_of_a_bar_is_half_a_circle() -> None:
    inside = np.zeros((121, 60), bool)
    inside[:, 20:41] = True
    height = np.sqrt(2 * inflate(inside))
    # Zero lies one pixel outside: radius 11; the picture cuts the bar above and below, which must not round its ends.
    assert height[60, 30] == pytest.approx(11, rel=0.02)
    assert height[0, 30] == pytest.approx(height[60, 30], rel=0.02)
    assert height[60, 22] == pytest.approx(np.sqrt(11**2 - 8**2), rel=0.03)
    assert not height[:, :20].any()


def test_inflation_of_nothing_and_of_everything_is_flat() -> None:
    assert not inflate(np.zeros((8, 9), bool)).any()
    assert not inflate(np.ones((8, 9), bool)).any()


def test_rounded_levels_off_without_a_flat_disc() -> None:
    matte = np.zeros((160, 160), np.float32)
    cv2.circle(matte, (80, 80), 70, (1.0,), -1)
    metres = rounded(matte, 100.0)
    assert 0.12 < metres.max() < 0.14
    assert metres[80, 80] > metres[80, 60] > metres[80, 40] > metres[80, 15] > 0
    assert metres[0, 0] == 0


def test_weighted_field_passes_through_its_samples_and_is_defined_far_away() -> None:
    samples = np.array([[10.0, 10, 0.2, 1], [50, 10, -0.2, 1]])
    field = weighted_field((20, 400), samples, 5.0)
    assert field[10, 10] == pytest.approx(0.2, abs=0.01)
    assert field[10, 50] == pytest.approx(-0.2, abs=0.01)
    assert np.isfinite(field).all()
    assert abs(field[10, 399]) <= 0.2 + 1e-6


def test_an_arm_before_the_trunk_is_nearer_but_never_torn_off() -> None:
    inflation = rounded(body_matte(), SCALE)
    before = body_relief(standing((100, 90, 0.9)), inflation)
    plain = body_relief(standing((150, 130, 0.0)), inflation)
    rise = before - plain
    # The forearm's middle, between the elbow (135, 85) and the wrist (100, 90).
    assert 0.05 < rise[88, 112] <= 0.081
    assert abs(rise[150, 100]) < 0.01
    behind = body_relief(standing((100, 90, -0.9)), inflation)
    assert abs(behind[88, 105] - plain[88, 105]) < 0.02


def test_an_arm_that_is_not_seen_leaves_the_trunk_alone() -> None:
    inflation = rounded(body_matte(), SCALE)
    posture = standing((100, 90, 0.9))
    visibility = posture.visibility.copy()
    visibility[[13, 15]] = 0.1
    hidden = body_relief(replace(posture, visibility=visibility), inflation)
    assert np.abs(hidden - body_relief(standing(), inflation))[88, 112] < 0.01


def hand_points() -> np.ndarray:
    points = np.zeros((21, 3))
    for finger in range(5):
        for joint in range(4):
            points[1 + 4 * finger + joint, :2] = (80 + 9 * finger, 95 - 6 * joint)
    points[0, :2] = (98, 115)
    return points


def test_fingers_stand_out_and_fade_with_the_score() -> None:
    inflation = rounded(body_matte(), SCALE)
    posture = standing((98, 115, 0.3))
    bare = body_relief(replace(posture, hands=(HandRelief(hand_points(), 200.0, 0.0), None)), inflation)
    half = body_relief(replace(posture, hands=(HandRelief(hand_points(), 200.0, 0.5), None)), inflation)
    full = body_relief(replace(posture, hands=(HandRelief(hand_points(), 200.0, 1.0), None)), inflation)
    tip = (80, 98)
    assert full[tip] - bare[tip] > 0.05
    assert bare[tip] < half[tip] < full[tip]


def face_points() -> np.ndarray:
    rng = np.random.default_rng(3)
    angle, radius = rng.uniform(0, 2 * np.pi, 468), np.sqrt(rng.uniform(0, 1, 468))
    points = np.stack([60 + 30 * radius * np.cos(angle), 60 + 40 * radius * np.sin(angle), -0.06 * radius**2], axis=1)
    points[0] = (60, 60, 0.04)
    points[1:6] = points[0] + np.concatenate([rng.normal(0, 0.8, (5, 2)), np.zeros((5, 1))], axis=1)
    return points


def test_the_nose_is_nearer_than_the_cheeks_and_the_rim_meets_the_head() -> None:
    head = np.full((120, 120), 0.5, np.float32)
    shaped = with_face(head, FaceRelief(face_points()))
    assert shaped[60, 60] - shaped[60, 40] > 0.02
    assert shaped[60, 40] > shaped[60, 33] - 0.005
    assert np.array_equal(shaped[:10], head[:10])
    rim = np.abs(np.diff(shaped[60])).max()
    assert rim < 0.02
    assert np.array_equal(with_face(head, FaceRelief(face_points(), 0.0)), head)


def test_people_own_the_pixels_nearest_their_bones() -> None:
    left = standing()
    right = replace(left, joints=left.joints + np.array([300, 0, 0]))
    owner = np.argmin([skeleton_distance(posture, (220, 500)) for posture in (left, right)], axis=0)
    assert owner[100, 100] == 0
    assert owner[100, 400] == 1


def test_the_floor_meets_the_feet_and_the_wall_is_behind() -> None:
    row = horizon_row(180.0, 3.0, 400.0, 1.5)
    ground = Ground(row, 400.0, 1.5)
    assert 1 / ground.disparity(180) == pytest.approx(3.0)
    room = background((220, 10), ground, 5.0)
    assert (np.diff(room[:, 0]) >= 0).all()
    assert 1 / room[0, 0] == pytest.approx(5.0, rel=0.05)
    assert 1 / room[180, 0] == pytest.approx(3.0, rel=0.02)
    assert np.allclose(background((220, 10), None, 5.0), 0.2)
