# SPDX-License-Identifier: GPL-3.0-or-later
"""A matte that the artist brings: one grey picture a frame."""

from __future__ import annotations

import cv2
import numpy as np

from ..errors import InputError
from ..frames import range_text
from ..image import files
from ..image.numbered import find_numbered
from ..schema.matte import MatteSettings, given_folder
from .context import StageContext
from .footage_crop import cropped, uncropped_size
from .matte_base import Float


class GivenMatte:
    """The artist's mattes, read from a folder.

    Args:
        context: Of the stage.

    Raises:
        InputError: The folder cannot be used, or some frame has no picture: says which.
    """

    def __init__(self, context: StageContext) -> None:
        settings: MatteSettings = context.settings
        self._folder = given_folder(settings, context.shot.root)
        self._first = settings.first_number
        self._footage = context.footage
        self._whole = uncropped_size(context)
        self._pictures = find_numbered(
            self._folder,
            subject="mattes",
            remedy="Look at the path.",
            empty="Put one grey picture a frame there, white where the character is.",
        )
        wanted = range(self._first, self._first + self._footage.count)
        missing = [number for number in wanted if number not in self._pictures]
        if missing:
            raise InputError(
                f"{'frame' if len(missing) == 1 else 'frames'} {range_text(missing)} of {wanted[0]}-{wanted[-1]} "
                f"{'has' if len(missing) == 1 else 'have'} no matte",
                where=str(self._folder),
                remedy="Add them; a frame without the character wants a black picture.",
            )

    def matte(self, frame: int) -> Float:
        """Coverage (H, W) float32 0..1."""
        path = self._pictures[self._first + frame - 1]
        matte, footage = files.read_grey(path), self._footage
        size = (footage.width, footage.height)
        if matte.shape[1::-1] not in (size, self._whole, (footage.source_width, footage.source_height)):
            raise InputError(
                f"is {matte.shape[1]}x{matte.shape[0]} pixels, the footage is {size[0]}x{size[1]}",
                where=str(path),
                remedy="Make the mattes at the size of the footage.",
            )
        if matte.shape[1::-1] == size:
            return matte
        whole = np.asarray(cv2.resize(matte, self._whole, interpolation=cv2.INTER_AREA), np.float32)
        return cropped(whole, size)
