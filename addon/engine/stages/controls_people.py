# SPDX-License-Identifier: GPL-3.0-or-later
"""The people of the pose stage as controls need them: OpenPose's points, and where feet stand."""

from __future__ import annotations

import numpy as np

from ..image.openpose import Person, person_of
from ..models.person.landmarks import Landmarks, load_landmarks
from ..schema.controls_recipes import LANDMARKS
from .context import StageContext

_LEAST_HAND_SCORE = 0.5
_LEAST_FACE_SCORE = 0.5
_LEAST_VISIBLE = 0.5
_NOSE_AND_EYES = (0, 2, 5)
_SOLES = (29, 30, 31, 32)
_HEAD, _ANKLES = 0, (27, 28)


class People:
    """Landmarks of a shot, read when they are first asked for.

    Args:
        context: Of a stage.
    """

    def __init__(self, context: StageContext) -> None:
        self._context = context
        self._landmarks: Landmarks | None = None

    @property
    def are_known(self) -> bool:
        """Whether the pose stage followed anybody."""
        found = self._found()
        return found is not None and found.people > 0

    def of(self, frame: int) -> list[Person]:
        """Everybody in a frame (from 1)."""
        found = self._found()
        return [] if found is None else [_person(found, number, frame - 1) for number in self._present(found, frame)]

    def feet(self, frame: int) -> tuple[list[tuple[float, float]], float]:
        """Soles that are seen, x and y in pixels, and the height of the tallest who stands there, pixels."""
        found = self._found()
        soles: list[tuple[float, float]] = []
        tallest = 0.0
        if found is None:
            return soles, tallest
        for number in self._present(found, frame):
            body, seen = found.body[number, frame - 1], found.body_visibility[number, frame - 1] >= _LEAST_VISIBLE
            there = [body[point, :2] for point in _SOLES if seen[point] and self._is_inside(body[point])]
            if not there:
                continue
            soles += [(float(x), float(y)) for x, y in there]
            tallest = max(tallest, 1.12 * float(np.ptp(body[[_HEAD, *_ANKLES], 1])))
        return soles, tallest

    def _is_inside(self, point: np.ndarray) -> bool:
        # The network invents feet below a picture that ends at the knees; at the very edge they are not sure.
        footage = self._context.footage
        return 0 <= point[0] < footage.width and 0 <= point[1] < footage.height * 0.985

    def _found(self) -> Landmarks | None:
        if self._landmarks is None and self._context.is_enabled("pose"):
            path = self._context.file(LANDMARKS)
            self._landmarks = load_landmarks(path) if path.is_file() else None
        return self._landmarks

    def _present(self, found: Landmarks, frame: int) -> list[int]:
        if not 1 <= frame <= found.frames:
            return []
        return [number for number in range(found.people) if found.is_present(number, frame)]


def _person(found: Landmarks, number: int, at: int) -> Person:
    hands = found.hands[number, at, :, :, :2].copy()
    hands[~(found.hand_score[number, at] >= _LEAST_HAND_SCORE)] = np.nan
    face, pupils = found.face[number, at, :, :2].copy(), found.pupils[number, at].copy()
    if not found.face_score[number, at] >= _LEAST_FACE_SCORE:
        face[:], pupils[:] = np.nan, np.nan
    visibility = found.body_visibility[number, at].copy()
    if found.back_view[number, at]:
        # The network invents them on the back of a head, and the drawing would turn round.
        visibility[list(_NOSE_AND_EYES)] = 0
    return person_of(found.body[number, at], visibility, hands, face, pupils)
