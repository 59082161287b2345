"""Arms and hands from landmarks, as evidence for the matte."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from lineboil.addon.engine.image.limbs import arm_evidence
from lineboil.addon.engine.models.person.landmarks import Landmarks, empty_landmarks

SHAPE = (200, 300)


def person(visibility: float = 1.0) -> Landmarks:
    landmarks = empty_landmarks(1, 2)
    body = landmarks.body.copy()
    for joint, place in {11: (160, 60), 12: (110, 60), 23: (150, 130), 24: (120, 130),
                         13: (190, 60), 15: (230, 40), 14: (100, 90), 16: (100, 120)}.items():
        body[0, 0, joint, :2] = place
    seen = np.full_like(landmarks.body_visibility, visibility)
    score = landmarks.body_score.copy()
    score[0, 0] = 1
    return replace(landmarks, body=body, body_visibility=seen, body_score=score)


def test_a_seen_arm_is_marked_and_nothing_else() -> None:
    evidence = arm_evidence(person(), 1, SHAPE)
    assert evidence.shape == SHAPE
    assert evidence[60, 175] > 0.9
    assert evidence[50, 210] > 0.9
    assert evidence[100:, 140:].max() == 0
    assert evidence.max() <= 0.97


def test_an_arm_that_is_hidden_or_absent_is_not_marked() -> None:
    assert arm_evidence(person(0.3), 1, SHAPE).max() == 0
    assert arm_evidence(person(), 2, SHAPE).max() == 0
    assert arm_evidence(empty_landmarks(0, 2), 1, SHAPE).max() == 0


def test_a_hand_is_marked_when_it_is_seen() -> None:
    landmarks = person()
    hands = landmarks.hands.copy()
    hands[0, 0, 0, :, 0] = 232 + np.arange(21) % 4 * 4
    hands[0, 0, 0, :, 1] = 20 + np.arange(21) // 4 * 4
    with_hand = arm_evidence(replace(landmarks, hands=hands), 1, SHAPE)
    assert with_hand[28, 238] > 0.5
    assert arm_evidence(landmarks, 1, SHAPE)[28, 238] == 0
