# SPDX-License-Identifier: GPL-3.0-or-later
"""468 landmarks of a face and the two pupils, found from the body's head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..litert import Network
from ..registry import model_path
from .body import LEFT_SHOULDER, RIGHT_SHOULDER, Body, sigmoid
from .detector import FACE, Detection, Detector
from .regions import Border, Points, Region, angle_to, around, cut

POINTS = 468

_SIZE = 192
_IRIS_SIZE = 64
_ENLARGE = 1.5
_HEAD_POINTS = 11
_RIGHT_EYE_OUTER, _LEFT_EYE_OUTER = 33, 263
# Corners of the eyes, person's left first.
_EYES = ((362, 263), (33, 133))
_EYE_ENLARGE = 2.3
_SMALLEST_EYE_PIXELS = 6.0


@dataclass(frozen=True)
class Face:
    """A face in a picture.

    Attributes:
        points: (468, 3) x, y, z in pixels; z towards the back.
        score: 0..1; a face above 0.5. Near 0 for the back of a head.
        next_region: Where to look in the next frame.
    """

    points: Points
    score: float
    next_region: Region


class FaceNetwork:
    """The face detector, the mesh network and the iris network.

    Raises:
        MissingError: A model is not installed.
    """

    def __init__(self) -> None:
        self._detector = Detector(FACE)
        self._mesh = Network(model_path("face_landmark"))
        self._iris = Network(model_path("iris_landmark"))

    def __call__(self, picture: npt.NDArray[np.uint8], region: Region) -> Face:
        """Landmarks of the face in a region of a picture (H, W, 3) uint8 sRGB."""
        crop = cut(picture, region, (_SIZE, _SIZE), Border.REPLICATE)
        values, score = self._mesh(crop.image)[:2]
        flat = values.reshape(POINTS, 3).astype(np.float64)
        place = crop.to_picture(flat[:, :2])
        points = np.column_stack([place, flat[:, 2] / _SIZE * region.width])
        return Face(points, float(sigmoid(score.ravel())[0]), next_region(place))

    def region_of_body(self, picture: npt.NDArray[np.uint8], body: Body) -> Region | None:
        """Where to look for the face of a body; None when the detector sees none at its head."""
        height, width = picture.shape[:2]
        head = head_region(body)
        if not head.is_usable(width, height):
            return None
        found = self._detector(picture, head).detections
        return region_of_detection(found[0]) if found else None

    def pupils(self, picture: npt.NDArray[np.uint8], face: Face) -> Points:
        """Centres of the pupils, (2, 2) pixels, the person's left first.

        Eyes too small to look into get the middle of their corners.
        """
        return np.stack([self._pupil(picture, face.points, side) for side in (0, 1)])

    def _pupil(self, picture: npt.NDArray[np.uint8], points: Points, side: int) -> Points:
        first, second = (points[index, :2] for index in _EYES[side])
        middle = (first + second) / 2
        width = float(np.hypot(*(second - first)))
        height_pixels, width_pixels = picture.shape[:2]
        eye = Region(float(middle[0]), float(middle[1]), width * _EYE_ENLARGE, width * _EYE_ENLARGE, _tilt(points))
        if width < _SMALLEST_EYE_PIXELS or not eye.is_usable(width_pixels, height_pixels):
            return middle
        crop = cut(picture, eye, (_IRIS_SIZE, _IRIS_SIZE), Border.REPLICATE)
        mirrored = side == 0
        image = crop.image[:, ::-1] if mirrored else crop.image
        x, y = self._iris(image)[1].reshape(5, 3)[0, :2]
        return crop.to_picture(np.array([[_IRIS_SIZE - x if mirrored else x, y]]))[0]


def head_region(body: Body) -> Region:
    """The square around the head of a body, where the face detector looks."""
    head = body.points[:_HEAD_POINTS, :2]
    return around(head, angle_to(body.points[5, :2], body.points[2, :2], 0.0)).moved(3.0)


def region_of_detection(detection: Detection) -> Region:
    """Where to look for the landmarks of a detected face."""
    rotation = angle_to(detection.points[0], detection.points[1], 0.0)
    return around(detection.box, rotation).moved(_ENLARGE)


def next_region(points: Points) -> Region:
    """Where a face with these points (468, 2) is looked for in the next frame."""
    return around(points, _tilt(points)).moved(_ENLARGE)


def _tilt(points: Points) -> float:
    return angle_to(points[_RIGHT_EYE_OUTER, :2], points[_LEFT_EYE_OUTER, :2], 0.0)


def is_back_view(body: Body, face_score: float) -> bool:
    """Whether the person is seen from behind: shoulders in reversed order and no face.

    The landmark network invents a nose and eyes on the back of a head, with full visibility.
    """
    reversed_order = body.points[RIGHT_SHOULDER, 0] > body.points[LEFT_SHOULDER, 0]
    return bool(reversed_order) and not face_score >= 0.5
