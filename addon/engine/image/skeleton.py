# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks of body, hands and face drawn over a picture, to look at them."""

from __future__ import annotations

import colorsys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ..models.person.landmarks import load_landmarks

Image = npt.NDArray[np.float32]
Points = npt.NDArray[np.float32]

_VISIBLE = 0.5
_BODY = (
    (11, 12), (11, 23), (12, 24), (23, 24), (11, 13), (13, 15), (12, 14), (14, 16),
    (23, 25), (25, 27), (27, 31), (24, 26), (26, 28), (28, 32),
)
_HAND = tuple((0 if joint % 4 == 1 else joint - 1, joint) for joint in range(1, 21))
_FACE_STEP = 3


def draw_people(image: Image, landmarks_path: Path, frame: int) -> Image:
    """A picture with the landmarks of everybody in one frame.

    Args:
        image: float32 (H, W, 3), 0..1.
        landmarks_path: `pose/landmarks.npz`.
        frame: From 1.

    Returns:
        A new picture of the same shape.
    """
    found = load_landmarks(landmarks_path)
    drawn = np.ascontiguousarray(image * np.float32(0.75))
    width = max(1, round(min(image.shape[:2]) / 180))
    for person in range(found.body.shape[0]):
        at = frame - 1
        body = np.where(found.body_visibility[person, at][:, None] > _VISIBLE, found.body[person, at, :, :2], np.nan)
        _lines(drawn, body, _BODY, width)
        for hand in found.hands[person, at]:
            _lines(drawn, hand[:, :2], _HAND, max(1, width // 2))
        for x, y in found.face[person, at, ::_FACE_STEP, :2]:
            if np.isfinite(x + y):
                cv2.circle(drawn, (round(float(x)), round(float(y))), 1, (1, 1, 1), -1, cv2.LINE_AA)
    return drawn


def _lines(drawn: Image, points: Points, edges: tuple[tuple[int, int], ...], width: int) -> None:
    for index, (start, end) in enumerate(edges):
        pair = points[[start, end]]
        if np.isfinite(pair).all():
            colour = colorsys.hsv_to_rgb(index / len(edges), 0.85, 1.0)
            first, last = (tuple(int(value) for value in np.rint(place)) for place in pair)
            cv2.line(drawn, first, last, colour, width, cv2.LINE_AA)
