# SPDX-License-Identifier: GPL-3.0-or-later
"""The painted keys as the propagate stage reads them: checked for being there and for their size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import InputError, MissingError
from .context import StageContext

Image = npt.NDArray[np.float32]
FOLDER = "styled"
_LARGEST_SHAPE_ERROR = 0.02


class Paint:
    """The painted keys of a shot.

    Args:
        context: Of the stage.
        keys: Frames of the keys.

    Raises:
        MissingError: A key has no picture; names the frame.
        InputError: A key's picture has another size than the others or another shape than the footage.
    """

    def __init__(self, context: StageContext, keys: tuple[int, ...]) -> None:
        self._context = context
        self.size: tuple[int, int] = (context.footage.width, context.footage.height)
        self._check(keys)

    def read(self, key: int) -> Image:
        """The paint of a key, float32 (H, W, 3), sRGB 0..1."""
        return self._context.read_rgb(FOLDER, key)

    def whole(self, key: int) -> npt.NDArray[np.uint8]:
        """The paint of a key as the key's own frame shows it, uint8 (H, W, 3)."""
        return self._context.read_rgb8(FOLDER, key)

    def _check(self, keys: tuple[int, ...]) -> None:
        footage = self._context.footage
        for index, key in enumerate(keys):
            path = self._context.path(FOLDER, key)
            if not path.is_file():
                raise MissingError(
                    f"the painted key of frame {key} is missing", where=str(path), remedy="Run the diffuse stage."
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
