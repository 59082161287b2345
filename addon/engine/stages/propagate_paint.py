# SPDX-License-Identifier: GPL-3.0-or-later
"""The painted keys as the propagate stage reads them: checked for being there and for their size."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import InputError, MissingError
from ..image import files
from ..schema.diffuse import FOLDER
from .context import StageContext

Image = npt.NDArray[np.float32]
_LARGEST_SHAPE_ERROR = 0.02


class Paint:
    """The painted keys of a shot.

    Attributes:
        size: Of the pictures, in pixels.
        has_alpha: Whether they are transparent somewhere: then all are read and carried with four channels.

    Args:
        context: Of the stage.
        keys: Frames of the keys.
        reduction: The pictures are read reduced so many times.
        folder: Where they are; by themselves where the redrawn ones are.

    Raises:
        MissingError: A key has no picture; names the frame.
        InputError: A key's picture has another size than the others or another shape than the footage.
    """

    def __init__(self, context: StageContext, keys: tuple[int, ...], reduction: int = 1, folder: str = FOLDER) -> None:
        self._context = context
        self._reduction = reduction
        self._folder = folder
        self.size: tuple[int, int] = (context.footage.width, context.footage.height)
        self.has_alpha = any(files.has_alpha_channel(context.path(folder, key)) for key in keys)
        self._check(keys)

    def read(self, key: int) -> Image:
        """The paint of a key, sRGB 0..1: float32 (H, W, 3), or (H, W, 4) premultiplied when there is alpha."""
        if not self.has_alpha:
            return self._reduced(self._context.read_rgb(self._folder, key))
        image = files.read_rgba(self._context.path(self._folder, key))
        image[..., :3] *= image[..., 3:]
        return self._reduced(image)

    def _reduced(self, image: Image) -> Image:
        if self._reduction == 1:
            return image
        size = max(1, self.size[0] // self._reduction), max(1, self.size[1] // self._reduction)
        return cast(Image, cv2.resize(image, size, interpolation=cv2.INTER_AREA))

    def finished(self, picture: Image) -> Image:
        """A carried picture as it is written: (H, W, 4) is taken as premultiplied and made straight."""
        if picture.shape[2] == 3:
            return picture
        alpha = np.clip(picture[..., 3:], 0, 1)
        colour = np.clip(picture[..., :3] / np.maximum(alpha, np.float32(1 / 255)), 0, 1)
        return np.concatenate([colour, alpha], 2, dtype=np.float32)

    def whole(self, key: int) -> npt.NDArray[np.uint8]:
        """The paint of a key as the key's own frame shows it: uint8 (H, W, 3), or (H, W, 4) with straight alpha."""
        if not self.has_alpha:
            return self._context.read_rgb8(self._folder, key)
        return np.rint(files.read_rgba(self._context.path(self._folder, key)) * 255).astype(np.uint8)

    def _check(self, keys: tuple[int, ...]) -> None:
        footage = self._context.footage
        for index, key in enumerate(keys):
            path = self._context.path(self._folder, key)
            if not path.is_file():
                raise MissingError(
                    f"the painted key of frame {key} is missing", where=str(path), remedy="Run the shot again."
                )
            height, width = self.whole(key).shape[:2]
            if abs(width / height - footage.width / footage.height) > _LARGEST_SHAPE_ERROR * width / height:
                raise InputError(
                    f"the painted key of frame {key} is {width}x{height}, which is another shape than the footage's "
                    f"{footage.width}x{footage.height}",
                    where=str(path),
                    remedy="Paint it at the footage's size, or at the same multiple of it as the other keys.",
                )
            if index and (width, height) != self.size:
                raise InputError(
                    f"the painted key of frame {key} is {width}x{height}, but the first one is "
                    f"{self.size[0]}x{self.size[1]}",
                    where=str(path),
                    remedy="Paint all keys at one size.",
                )
            self.size = (width, height)
