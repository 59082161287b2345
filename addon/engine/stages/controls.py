# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls stage: pictures of every key that hold a diffusion model to the footage.

Each kind has a folder of its own, `controls/<kind>/`; a strip of all kinds of a key beside them shows them at one look.
A file that the artist paints over stays and is used as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import InputError, SettingError
from ..image import files
from ..image.ade20k import from_layout, in_colours
from ..image.control_lines import canny, lineart, softedge, straight_lines
from ..image.openpose import Person, draw_openpose, person_of, with_bodies
from ..models.person.landmarks import Landmarks, load_landmarks
from ..schema.controls import FOLDER, ControlsSettings, wanted_kinds
from .context import StageContext
from .controls_networks import Networks

Image8 = npt.NDArray[np.uint8]

_LANDMARKS = "pose/landmarks.npz"
_LEAST_HAND_SCORE = 0.5
_LEAST_FACE_SCORE = 0.5
_NOSE_AND_EYES = (0, 2, 5)
_STRIP_HEIGHT = 240


def run(context: StageContext) -> None:
    """Make all kinds for every key that lacks one."""
    settings: ControlsSettings = context.settings
    kinds = wanted_kinds(settings)
    maker = _Maker(context, settings)
    maker.check(kinds)
    pending = context.pending()
    for done, frame in enumerate(pending, 1):
        made = [(kind, maker.picture(kind, frame)) for kind in kinds]
        for kind, picture in made:
            context.write_rgb(f"{FOLDER}/{kind}", frame, picture)
        # What is seen at one look is what will be used: the artist's own where there is one.
        shown = [_shown(context.path(f"{FOLDER}/{kind}", frame), picture) for kind, picture in made]
        context.write_rgb(FOLDER, frame, _strip(shown))
        context.step("making controls", done, len(pending), "keys")
    told = {"layout": "layout: person, floor, wall", "upernet": "UperNet"}[settings.segmentation_engine]
    context.record(kinds=list(kinds), segmentation=told if settings.segmentation else "")


class _Maker:
    """Makes one kind of one frame after the other."""

    def __init__(self, context: StageContext, settings: ControlsSettings) -> None:
        self._context = context
        self._settings = settings
        self._source = context.picture()
        self._landmarks: Landmarks | None = None
        self._networks = Networks(settings)

    def check(self, kinds: tuple[str, ...]) -> None:
        """Say before any work what a kind lacks.

        Raises:
            MissingError: A network is not installed.
            SettingError: Limits are the wrong way round.
        """
        context, settings = self._context, self._settings
        if "canny" in kinds and settings.canny_low > settings.canny_high:
            raise SettingError(
                f"controls.canny_low is {settings.canny_low}, above canny_high, {settings.canny_high}",
                where="shot.toml",
                remedy="Give the smaller one as canny_low.",
            )
        self._networks.check()
        if "openpose" in kinds and settings.openpose_engine == "landmarks" and not self._has_people():
            context.warn("no people were followed, so the openpose control is black: set controls.openpose to false")

    def picture(self, kind: str, frame: int) -> Image8:
        """One kind of one frame, uint8 RGB (H, W, 3)."""
        made = self._makers()[kind](frame)
        return made if made.ndim == 3 else np.repeat(made[..., None], 3, axis=2)

    def _makers(self) -> dict[str, Callable[[int], Image8]]:
        settings = self._settings
        return {
            "lineart": lambda frame: lineart(self._footage(frame), settings.line_weight),
            "softedge": lambda frame: softedge(self._footage(frame)),
            "canny": lambda frame: canny(self._footage(frame), settings.canny_low, settings.canny_high),
            "mlsd": lambda frame: straight_lines(self._footage(frame), settings.shortest_line),
            "depth": self._depth,
            "openpose": self._openpose,
            "segmentation": self._segmentation,
        }

    def _footage(self, frame: int) -> Image8:
        return self._context.read_rgb8(self._source, frame)

    def _depth(self, frame: int) -> Image8:
        # The stage's own scale is one for the whole shot: nothing is stretched by the frame.
        return np.rint(self._context.read_grey("depth", frame) * 255).astype(np.uint8)

    def _openpose(self, frame: int) -> Image8:
        footage = self._context.footage
        people = self._people(frame) if self._has_people() else []
        if self._settings.openpose_engine == "vitpose":
            people = with_bodies(self._networks.bodies(self._footage(frame)), people)
        return draw_openpose(
            people, footage.width, footage.height, with_hands=self._settings.hands, with_face=self._settings.face
        )

    def _segmentation(self, frame: int) -> Image8:
        context = self._context
        if self._settings.segmentation_engine == "upernet":
            return in_colours(self._networks.classes(self._footage(frame)))
        matte = context.read_grey("matte", frame) if context.is_enabled("matte") else None
        depth = context.read_grey("depth", frame) if context.is_enabled("depth") else None
        return from_layout(matte, depth, (context.footage.height, context.footage.width))

    def _has_people(self) -> bool:
        if self._landmarks is None and self._context.is_enabled("pose"):
            path = self._context.file(_LANDMARKS)
            self._landmarks = load_landmarks(path) if path.is_file() else None
        return self._landmarks is not None and self._landmarks.people > 0

    def _people(self, frame: int) -> list[Person]:
        found, at = cast(Landmarks, self._landmarks), frame - 1
        if not 0 <= at < found.frames:
            return []
        return [_person(found, number, at) for number in range(found.people) if found.is_present(number, frame)]


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


def _shown(path: Path, made: Image8) -> Image8:
    try:
        return files.read_rgb8(path)
    except InputError:
        return made


def _strip(pictures: list[Image8]) -> Image8:
    """All kinds beside each other, at one height."""
    parts: list[npt.NDArray[Any]] = []
    for picture in pictures:
        width = max(1, round(picture.shape[1] * _STRIP_HEIGHT / picture.shape[0]))
        parts.append(np.asarray(cv2.resize(picture, (width, _STRIP_HEIGHT), interpolation=cv2.INTER_AREA), np.uint8))
    return np.concatenate(parts, axis=1)

