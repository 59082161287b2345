# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes one kind of control of one frame after the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ..errors import MissingError, SettingError
from ..frames import frame_name
from ..image.ade20k import from_layout, in_colours
from ..image.control_lines import canny, lineart, softedge, straight_lines
from ..image.layout import find_layout
from ..image.openpose import draw_openpose, with_bodies
from ..schema.controls import FOLDER, ControlsSettings
from .context import StageContext
from .controls_networks import Networks
from .controls_people import People

Image8 = npt.NDArray[np.uint8]


class ControlMaker:
    """All kinds of control of the frames of a shot.

    Args:
        context: Of the stage.
        settings: Of the stage.
    """

    def __init__(self, context: StageContext, settings: ControlsSettings) -> None:
        self._context = context
        self._settings = settings
        self._source = context.picture()
        self._people = People(context)
        self._networks = Networks(settings)

    def check(self, kinds: tuple[str, ...]) -> None:
        """Say before any work what a kind lacks.

        Raises:
            MissingError: A network is not installed.
            SettingError: Limits are the wrong way round.
            InputError: A picture of the artist's has another size than the footage.
        """
        context, settings = self._context, self._settings
        if "canny" in kinds and settings.canny_low > settings.canny_high:
            raise SettingError(
                f"controls.canny_low is {settings.canny_low}, above canny_high, {settings.canny_high}",
                where="shot.toml",
                remedy="Give the smaller one as canny_low.",
            )
        self._networks.check()
        for kind, frame in itertools.product(kinds, context.frames):
            if context.is_own(f"{FOLDER}/{kind}/{frame_name(frame)}"):
                context.read_rgb8(f"{FOLDER}/{kind}", frame)

    def tell(self, kinds: tuple[str, ...]) -> None:
        """Warn of a kind that will hold nothing."""
        if "openpose" in kinds and self._settings.openpose_engine == "landmarks" and not self._people.are_known:
            self._context.warn(
                "no people were followed, so the openpose control is black: set controls.openpose to false"
            )

    def picture(self, kind: str, frame: int) -> Image8:
        """One kind of one frame, uint8 RGB (H, W, 3)."""
        made = self._makers()[kind](frame)
        return made if made.ndim == 3 else np.repeat(made[..., None], 3, axis=2)

    def footage(self, frame: int) -> Image8:
        """What controls are made of, uint8 RGB (H, W, 3)."""
        return self._context.read_rgb8(self._source, frame)

    def _makers(self) -> dict[str, Callable[[int], Image8]]:
        settings = self._settings
        return {
            "lineart": self._lineart,
            "softedge": self._softedge,
            "canny": lambda frame: canny(self.footage(frame), settings.canny_low, settings.canny_high),
            "mlsd": lambda frame: straight_lines(self.footage(frame), settings.shortest_line, self._matte(frame)),
            "depth": self._depth,
            "openpose": self._openpose,
            "segmentation": self._segmentation,
        }

    def _lineart(self, frame: int) -> Image8:
        if self._settings.lineart_engine == "drawings":
            return self._networks.lines(self.footage(frame))
        return lineart(self.footage(frame), self._settings.line_weight)

    def _softedge(self, frame: int) -> Image8:
        if self._settings.softedge_engine == "dexined":
            return self._networks.edges(self.footage(frame))
        return softedge(self.footage(frame))

    def _depth(self, frame: int) -> Image8:
        path = self._context.path("depth", frame)
        if not self._context.is_enabled("depth") or not path.is_file():
            raise MissingError(
                f"the depth control of frame {frame} needs the depth stage, which has not made it",
                where=str(path),
                remedy="Run the depth stage, or set controls.depth to false.",
            )
        # The stage's own scale is one for the whole shot: nothing is stretched by the frame.
        return np.rint(self._context.read_grey("depth", frame) * 255).astype(np.uint8)

    def _openpose(self, frame: int) -> Image8:
        footage = self._context.footage
        people = self._people.of(frame)
        if self._settings.openpose_engine == "vitpose":
            people = with_bodies(self._networks.bodies(self.footage(frame)), people)
        return draw_openpose(
            people, footage.width, footage.height, with_hands=self._settings.hands, with_face=self._settings.face
        )

    def _segmentation(self, frame: int) -> Image8:
        context = self._context
        if self._settings.segmentation_engine == "upernet":
            return in_colours(self._networks.classes(self.footage(frame)))
        matte = self._matte(frame)
        if matte is None:
            return np.zeros((context.footage.height, context.footage.width, 3), np.uint8)
        feet, body_pixels = self._people.feet(frame)
        return from_layout(find_layout(self.footage(frame), matte, feet, body_pixels))

    def _matte(self, frame: int) -> npt.NDArray[np.float32] | None:
        return self._context.read_grey("matte", frame) if self._context.is_enabled("matte") else None
