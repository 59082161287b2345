# SPDX-License-Identifier: GPL-3.0-or-later
"""People, by two small networks on each person's own box, calmed along the motion, refined at the edge."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..image.limbs import arm_evidence
from ..models.person.landmarks import Landmarks, load_landmarks
from ..models.person.segmenter import Box, load_segmenter
from ..schema.matte import MatteSettings
from .context import StageContext
from .matte_base import Float, Recent, artist_boxes
from .matte_person_boxes import joint_boxes, person_boxes, whole
from .matte_person_gate import gate
from .matte_steady import SteadyMatte

_WINDOW = 8


class PersonMatte:
    """Mattes of people.

    Args:
        context: Of the running stage.
        landmarks: Of the pose stage; None when it did not run.

    Raises:
        InputError: Nobody was found and no box was drawn.
        MissingError: The networks are not installed.
    """

    def __init__(self, context: StageContext, landmarks: Landmarks | None) -> None:
        self._context = context
        self._settings: MatteSettings = context.settings
        self._segmenter = load_segmenter()
        drawn = artist_boxes(self._settings, context.footage.count)
        self._landmarks = None if len(drawn) else landmarks
        if not len(drawn) and (landmarks is None or not landmarks.boxes.shape[0]):
            raise nobody(context.footage.count, landmarks)
        self._picture = Recent(lambda frame: context.read_rgb8("frames", frame), _WINDOW)
        self.boxes = self._find_boxes(drawn)
        self._steady = SteadyMatte(context, self._picture, self._make_raw, self._is_present)

    def _find_boxes(self, drawn: Float) -> Float:
        size = (self._context.footage.width, self._context.footage.height)
        if self._landmarks is None:
            return whole(drawn, size)
        joints = joint_boxes(self._landmarks, size)
        return person_boxes(self._context, self._segmenter, self._picture, self._landmarks.boxes, joints)

    def matte(self, frame: int) -> Float:
        """Coverage (H, W) float32 0..1."""
        return self._steady(frame)

    def _is_present(self, frame: int) -> bool:
        return bool(np.isfinite(self.boxes[:, frame - 1]).all(axis=-1).any())

    def _make_raw(self, frame: int) -> Float:
        picture = self._picture(frame)
        total = np.zeros(picture.shape[:2], np.float32)
        for box in self._boxes_at(frame):
            total = np.maximum(total, self._segmenter.probability(picture, box))
        if self._landmarks is None:
            return total
        shape = (picture.shape[0], picture.shape[1])
        if self._landmarks.boxes.shape[0] > 1:
            total *= gate(self._landmarks, frame, shape)
        return np.maximum(total, arm_evidence(self._landmarks, frame, shape))

    def _boxes_at(self, frame: int) -> list[Box]:
        known = self.boxes[:, frame - 1]
        return [Box(*(int(edge) for edge in box)) for box in known if np.isfinite(box).all()]


def nobody(count: int, landmarks: Landmarks | None) -> InputError:
    """The error when no person is in the clip."""
    best = "" if landmarks is None else _best_score(landmarks.detector_score)
    return InputError(
        f"nobody was found in the {count} frames of the footage{best}",
        where="matte.engine = person",
        remedy='Draw a box round the character (matte.box = ["x,y,w,h@frame"]) or choose another engine: '
        "chroma, plate, motion, alpha or auto.",
    )


def _best_score(scores: npt.NDArray[np.float32]) -> str:
    seen = scores[np.isfinite(scores)]
    return f" (the best guess of the person detector is {float(seen.max()):.2f} of 1)" if seen.size else ""


def load_landmarks_or_none(context: StageContext) -> Landmarks | None:
    """What the pose stage found; None when it has not run."""
    path = context.file("pose/landmarks.npz")
    return load_landmarks(path) if path.is_file() else None
