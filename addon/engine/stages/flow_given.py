# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact motion that the artist brings, as a renderer knows it: one file a frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..frames import range_text
from ..image.motion_file import SUFFIXES, Direction, read_motion
from ..image.numbered import find_numbered, fits
from ..image.warp import Flow, resize_flow
from ..schema.flow import FlowSettings, files
from .footage_crop import cropped, uncropped_size

if TYPE_CHECKING:
    from .context import StageContext


class GivenMotion:
    """The artist's motion, read from a folder.

    Attributes:
        size: Width and height of the frames, which the motion is brought to.

    Args:
        context: Of the flow stage.

    Raises:
        InputError: The folder cannot be used, or a frame that moves has no file: says which.
    """

    def __init__(self, context: StageContext) -> None:
        settings: FlowSettings = context.settings
        self._first = settings.first_number
        self._footage = context.footage
        self.size = (self._footage.width, self._footage.height)
        self._whole = uncropped_size(context)
        self._folder = files(settings, context.shot.root)[0]
        moving = [number for first, last in self._footage.scenes if first < last for number in range(first, last + 1)]
        wanted = [self._first + frame - 1 for frame in moving]
        self._paths = self._found() if wanted else {}
        missing = [number for number in wanted if number not in self._paths]
        if missing:
            raise InputError(
                f"{'frame' if len(missing) == 1 else 'frames'} {range_text(missing)} of {wanted[0]}-{wanted[-1]} "
                f"{'has' if len(missing) == 1 else 'have'} no motion",
                where=str(self._folder),
                remedy="Add the files; where nothing moves the values are 0.",
            )

    def _found(self) -> dict[int, Path]:
        return find_numbered(
            self._folder,
            subject="motion files",
            remedy="Look at the path.",
            empty="Put one file a frame there, like 000012.npz or 000012.exr.",
            suffixes=SUFFIXES,
        )

    def pair(self, frame: int) -> tuple[Flow, Flow]:
        """The flow from a frame to the next and back, float32 (H, W, 2), pixels, at the frames' size.

        Raises:
            InputError: A file cannot be read, or does not fit; names it.
        """
        return self._motion(frame, "to_next"), self._motion(frame + 1, "to_previous")

    def _motion(self, frame: int, direction: Direction) -> Flow:
        number = self._first + frame - 1
        path = self._paths[number]
        flow = read_motion(path, direction, number)
        (width, height), given = self.size, (flow.shape[1], flow.shape[0])
        if given == self.size:
            return flow
        if fits(given, self._whole):
            return cropped(resize_flow(flow, *self._whole[::-1]), self.size)
        if fits(given, self.size):
            return resize_flow(flow, height, width)
        raise InputError(
            f"the motion of frame {number} is {given[0]}x{given[1]} pixels, the frames are {width}x{height}",
            where=str(path),
            remedy="Make it at the size of the footage, or larger or smaller in its shape.",
        )
