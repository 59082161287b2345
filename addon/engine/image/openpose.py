# SPDX-License-Identifier: GPL-3.0-or-later
"""People as coloured skeletons, the way the openpose ControlNets were trained.

18 body points in OpenPose's order (Cao and others, "OpenPose: Realtime Multi-Person 2D Pose Estimation using Part
Affinity Fields", 2019) with limbs as ellipses at 60 % of their colour, 21 points a hand in the colours of the rainbow,
70 white points of the face, on black.
"""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float32]
Image8 = npt.NDArray[np.uint8]

BODY_COLOURS = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85),
    (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255),
    (255, 0, 170), (255, 0, 85),
)
"""Of point 0 to 17, and of limb 0 to 16: nose, neck, right shoulder, elbow and wrist, the left ones, right hip, knee
and ankle, the left ones, right eye, left eye, right ear, left ear.
"""
LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
    (0, 14), (14, 16), (0, 15), (15, 17),
)
HAND_BONES = tuple((0 if joint % 4 == 1 else joint - 1, joint) for joint in range(1, 21))
HAND_POINT = (0, 0, 255)
FACE_POINT = (255, 255, 255)

# Points of the 33 landmarks of a body and of the 468 of a face that stand for OpenPose's, by its order.
_NECK = -1
_FROM_BODY = (0, _NECK, 12, 14, 16, 11, 13, 15, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7)
_FROM_FACE = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389, 71, 63, 105, 66, 107, 336, 296,
    334, 293, 301, 168, 197, 5, 4, 75, 97, 2, 326, 305, 33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380, 61,
    39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
)
_LEFT_SHOULDER, _RIGHT_SHOULDER = 11, 12
_REFERENCE_SIDE = 512
_SAME_PERSON_HEIGHTS = 0.3


@dataclass(frozen=True)
class Person:
    """Where somebody's points are, pixels, NaN where they are not seen.

    Attributes:
        body: (18, 2) in OpenPose's order.
        hands: (2, 21, 2), the person's left hand first.
        face: (70, 2): outline, brows, nose, eyes, mouth, and the pupils.
    """

    body: Points
    hands: Points
    face: Points


def person_of(
    body: Points, visibility: Points, hands: Points, face: Points, pupils: Points, least_visible: float = 0.5
) -> Person:
    """A person in OpenPose's points.

    Args:
        body: (33, 2 or more) pixels.
        visibility: (33,) 0..1.
        hands: (2, 21, 2 or more) pixels; 0 is the person's left hand.
        face: (468, 2 or more) pixels.
        pupils: (2, 2) pixels; 0 is the person's left eye.
        least_visible: Body points below it are left out.
    """
    seen = np.where((visibility >= least_visible)[:, None], body[:, :2], np.nan)
    neck = (seen[_LEFT_SHOULDER] + seen[_RIGHT_SHOULDER]) / 2
    ordered = [neck if index == _NECK else seen[index] for index in _FROM_BODY]
    whole_face = np.concatenate([face[list(_FROM_FACE), :2], pupils[::-1, :2]])
    return Person(*(np.asarray(part, np.float32) for part in (ordered, hands[..., :2], whole_face)))


def with_bodies(bodies: list[Points], people: list[Person]) -> list[Person]:
    """Bodies found otherwise, each with the hands and the face of the person whose body is nearest.

    Args:
        bodies: (18, 2) pixels each.
        people: Whose hands and faces are known.
    """
    left = list(people)
    made: list[Person] = []
    for body in bodies:
        apart = [_apart(body, person.body) for person in left]
        nearest = int(np.argmin(apart)) if apart else -1
        if apart and apart[nearest] < _SAME_PERSON_HEIGHTS * _height(body):
            person = left.pop(nearest)
            made.append(Person(body, person.hands, person.face))
        else:
            made.append(Person(body, np.full((2, 21, 2), np.nan, np.float32), np.full((70, 2), np.nan, np.float32)))
    return made


def _apart(first: Points, second: Points) -> float:
    """Mean distance of the points that both have, pixels."""
    distances = np.hypot(*(first - second).T)
    return float(np.nanmean(distances)) if np.isfinite(distances).any() else float("inf")


def _height(body: Points) -> float:
    rows = body[np.isfinite(body[:, 1]), 1]
    return float(np.ptp(rows)) if rows.size else 0.0


def draw_openpose(
    people: list[Person], width: int, height: int, *, with_hands: bool = True, with_face: bool = True
) -> Image8:
    """The skeletons, uint8 RGB (H, W, 3).

    Args:
        people: Everybody in the frame. Body points outside the picture are left out, as a detector leaves them out.
        width: Of the picture, pixels.
        height: Of the picture, pixels.
        with_hands: Draw hands.
        with_face: Draw faces.
    """
    drawn = np.zeros((height, width, 3), np.uint8)
    scale = min(width, height) / _REFERENCE_SIDE
    for person in people:
        _draw_body(drawn, _inside(person.body, width, height), max(1.0, 4 * scale))
    for person in people:
        if with_hands:
            for hand in person.hands:
                _draw_hand(drawn, hand, scale)
        if with_face:
            for point in person.face[np.isfinite(person.face).all(-1)]:
                cv2.circle(drawn, _place(point), max(1, round(3 * scale)), FACE_POINT, -1)
    return drawn


def _inside(points: Points, width: int, height: int) -> Points:
    across, down = points[:, 0], points[:, 1]
    is_inside = (across >= -0.5) & (across < width - 0.5) & (down >= -0.5) & (down < height - 0.5)
    return np.where(np.expand_dims(is_inside, 1), points, np.float32(np.nan))


def _draw_body(drawn: Image8, points: Points, stick: float) -> None:
    for (start, end), colour in zip(LIMBS, BODY_COLOURS, strict=False):
        first, last = points[start], points[end]
        if not np.isfinite(first + last).all():
            continue
        middle, along = (first + last) / 2, last - first
        half = round(float(np.hypot(*along)) / 2), max(1, round(stick))
        angle = round(float(np.degrees(np.arctan2(along[1], along[0]))))
        outline = np.asarray(cv2.ellipse2Poly(_place(middle), half, angle, 0, 360, 1), np.int32)
        cv2.fillConvexPoly(drawn, outline, tuple(int(value * 0.6) for value in colour))
    for point, colour in zip(points, BODY_COLOURS, strict=True):
        if np.isfinite(point).all():
            cv2.circle(drawn, _place(point), max(1, round(stick)), colour, -1)


def _draw_hand(drawn: Image8, points: Points, scale: float) -> None:
    for number, (start, end) in enumerate(HAND_BONES):
        pair = points[[start, end]]
        if np.isfinite(pair).all():
            rainbow = colorsys.hsv_to_rgb(number / len(HAND_BONES), 1.0, 1.0)
            colour = tuple(round(value * 255) for value in rainbow)
            cv2.line(drawn, _place(pair[0]), _place(pair[1]), colour, max(1, round(2 * scale)))
    for point in points[np.isfinite(points).all(-1)]:
        cv2.circle(drawn, _place(point), max(1, round(4 * scale)), HAND_POINT, -1)


def _place(point: Points) -> tuple[int, int]:
    # Far outside the picture OpenCV's integers overflow.
    x, y = np.clip(point, -16000, 16000)
    return round(float(x)), round(float(y))
