# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a person's arms and hands surely are, from the landmarks.

The matting networks look at the whole figure and lose a thin arm before ground of its own colour; the landmark networks
look for joints and keep it. What they are sure of is given to the matte as evidence, not as its shape: thinner than the
limb, so that the refinement finds the edge.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ..models.person.landmarks import Landmarks

Image = npt.NDArray[np.float32]
Points = npt.NDArray[np.float32]

_SURE = 0.8
# Above what the refinement takes as sure.
_BELIEF = 0.97
_TORSO_METRES, _SHOULDERS_METRES = 0.50, 0.36
_UPPER_METRES, _FORE_METRES, _PALM_METRES, _FINGER_METRES = 0.034, 0.026, 0.030, 0.007
_ARMS = ((11, 13, 15), (12, 14, 16))
_PALM = (0, 1, 5, 9, 13, 17)
_FINGERS = tuple((0 if joint % 4 == 1 else joint - 1, joint) for joint in range(1, 21))
_SHIFT = 4


def arm_evidence(landmarks: Landmarks, frame: int, shape: tuple[int, int]) -> Image:
    """How surely each pixel is an arm or a hand of somebody.

    Args:
        landmarks: Of the shot.
        frame: From 1.
        shape: (H, W) of the frames.

    Returns:
        float32 (H, W), 0..0.97; 0 where nothing is known.
    """
    drawn = np.zeros(shape, np.uint8)
    for person in range(landmarks.people):
        if landmarks.is_present(person, frame):
            _draw_arms(drawn, landmarks, person, frame - 1)
    if not drawn.any():
        return np.zeros(shape, np.float32)
    soft = cv2.GaussianBlur(drawn.astype(np.float32), (0, 0), max(0.7, min(shape) / 540))
    return np.asarray(soft * np.float32(_BELIEF / 255), np.float32)


def _draw_arms(drawn: npt.NDArray[np.uint8], landmarks: Landmarks, person: int, at: int) -> None:
    points = landmarks.body[person, at, :, :2]
    seen = landmarks.body_visibility[person, at]
    scale = _pixels_per_metre(points)
    if scale < 20:
        return
    for side, (shoulder, elbow, wrist) in enumerate(_ARMS):
        if min(seen[elbow], seen[wrist]) < _SURE:
            continue
        if seen[shoulder] >= _SURE:
            _line(drawn, points[shoulder], points[elbow], _UPPER_METRES * scale)
        _line(drawn, points[elbow], points[wrist], _FORE_METRES * scale)
        hand = landmarks.hands[person, at, side, :, :2]
        if np.isfinite(hand).all():
            _draw_hand(drawn, hand, scale)


def _draw_hand(drawn: npt.NDArray[np.uint8], hand: Points, scale: float) -> None:
    palm = cv2.convexHull(np.rint(hand[list(_PALM)]).astype(np.int32))
    cv2.fillConvexPoly(drawn, palm, 255)
    for start, end in _FINGERS:
        _line(drawn, hand[start], hand[end], _FINGER_METRES * scale)


def _pixels_per_metre(points: Points) -> float:
    # Seen from the side the shoulders are short, seen from above the torso is: the longer measure is the true one.
    torso = float(np.hypot(*(points[[11, 12]].mean(0) - points[[23, 24]].mean(0)))) / _TORSO_METRES
    shoulders = float(np.hypot(*(points[11] - points[12]))) / _SHOULDERS_METRES
    return max(torso, shoulders) if np.isfinite(torso + shoulders) else 0.0


def _line(drawn: npt.NDArray[np.uint8], start: Points, end: Points, radius_pixels: float) -> None:
    if not np.isfinite([*start, *end]).all():
        return
    fixed = [tuple(int(round(float(value) * 2**_SHIFT)) for value in place) for place in (start, end)]
    width = max(1, round(2 * radius_pixels))
    cv2.line(drawn, fixed[0], fixed[1], 255, width, cv2.LINE_AA, _SHIFT)
