# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs from a picture of the empty set."""

from __future__ import annotations

import cv2
import numpy as np

from ..errors import InputError
from ..image import files
from ..image.plate import difference, difference_matte, grain, match_light
from ..schema.matte import MatteSettings
from .context import StageContext
from .matte_auto import LOCKED_PIXELS, camera_drift
from .matte_base import Float, Recent, artist_boxes, inside_boxes, sampled, scene_of
from .matte_steady import SteadyMatte

_PLATE_SAMPLES = 25
_THRESHOLD_SAMPLES = 7


class PlateMatte:
    """Mattes by difference to a clean plate.

    Raises:
        InputError: The plate is missing, damaged or of another size, or cannot be made because the camera moves, or
            nothing differs from it.
    """

    def __init__(self, context: StageContext) -> None:
        self._context = context
        self._settings: MatteSettings = context.settings
        self._boxes = artist_boxes(self._settings, context.footage.count)
        if self._settings.plate == "auto":
            self._refuse_moving_camera()
        self._plate = Recent(self._load_plate, 1)
        self._picture = Recent(lambda frame: context.read_rgb8("frames", frame), 8)
        self._threshold = self._measured_threshold()
        self._steady = SteadyMatte(context, self._picture, self._raw)

    def matte(self, frame: int) -> Float:
        """Coverage (H, W) float32 0..1."""
        return self._steady(frame)

    def _raw(self, frame: int) -> Float:
        matte = difference_matte(self._distance(frame), self._threshold, self._settings.softness)
        allowed = inside_boxes(self._boxes, frame, (matte.shape[0], matte.shape[1]))
        return matte if allowed is None else np.where(allowed, matte, np.float32(0))

    def _distance(self, frame: int) -> Float:
        picture = np.asarray(self._picture(frame) / np.float32(255), np.float32)
        plate = match_light(picture, self._plate(scene_of(self._context, frame)[0]))
        return difference(picture, plate, self._settings.shadow_tolerance)

    def _measured_threshold(self) -> float:
        """One threshold for the shot, so that the edge does not breathe with the grain."""
        distances = [self._distance(frame)[::3, ::3] for frame in sampled(self._context, _THRESHOLD_SAMPLES)]
        threshold = self._settings.tolerance * max(0.05, 1.3 * float(np.median([grain(one) for one in distances])))
        if max(float((one > threshold).mean()) for one in distances) < 0.0005:
            raise InputError(
                "nothing differs from the clean plate",
                where="matte.engine = plate",
                remedy="Give a picture of the empty set (matte.plate), lower matte.tolerance or choose another engine.",
            )
        return threshold

    def _load_plate(self, first: int) -> Float:
        if self._settings.plate == "auto":
            return made_plate(self._context, first)
        path = self._context.file(self._settings.plate)
        if not path.is_file():
            raise InputError("there is no such clean plate", where=str(path), remedy="See matte.plate in shot.toml.")
        plate = files.read_rgb(path)
        expected = (self._context.footage.height, self._context.footage.width)
        if plate.shape[:2] != expected and abs(plate.shape[1] / plate.shape[0] * expected[0] / expected[1] - 1) < 0.01:
            plate = np.asarray(cv2.resize(plate, expected[::-1], interpolation=cv2.INTER_AREA), np.float32)
        if plate.shape[:2] != expected:
            raise InputError(
                f"the clean plate is {plate.shape[1]} x {plate.shape[0]}, the frames are {expected[1]} x {expected[0]}",
                where=str(path),
                remedy="Film the plate with the same camera and size it like the frames.",
            )
        return plate

    def _refuse_moving_camera(self) -> None:
        camera = camera_drift(self._context)
        if camera > LOCKED_PIXELS:
            raise InputError(
                f"the camera moves (by {camera:.1f} px), so no clean plate can be made from the shot",
                where="matte.engine = plate",
                remedy="Choose motion or person, or give a clean plate for a locked camera (matte.plate).",
            )


def made_plate(context: StageContext, first: int) -> Float:
    """What is seen at each place most of the time: the median of frames spread over a scene. (H, W, 3) float32."""
    last = scene_of(context, first)[1]
    number = min(_PLATE_SAMPLES, last - first + 1)
    frames = sorted({round(place) for place in np.linspace(first, last, number)})
    height, width = context.footage.height, context.footage.width
    stack = np.empty((len(frames), height, width, 3), np.uint8)
    for place, frame in enumerate(frames):
        context.step("making the clean plate", place, len(frames))
        stack[place] = context.read_rgb8("frames", frame)
    rows = [np.median(stack[:, row : row + 32], axis=0) for row in range(0, height, 32)]
    return np.asarray(cv2.GaussianBlur(np.concatenate(rows).astype(np.float32) / 255, (0, 0), 0.5), np.float32)
