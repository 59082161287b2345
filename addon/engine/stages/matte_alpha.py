# SPDX-License-Identifier: GPL-3.0-or-later
"""The clip's own alpha, and no cut-out at all."""

from __future__ import annotations

import numpy as np

from ..errors import InputError
from .context import StageContext
from .matte_base import Float


class AlphaMatte:
    """The alpha that came with the clip.

    Raises:
        InputError: The clip has none.
    """

    def __init__(self, context: StageContext) -> None:
        if not context.footage.has_alpha:
            raise InputError(
                "the footage has no alpha channel",
                where="matte.engine = alpha",
                remedy="Choose another engine: person, chroma, plate, motion or auto.",
            )
        self._context = context

    def matte(self, frame: int) -> Float:
        """Coverage (H, W) float32 0..1."""
        return self._context.read_grey("alpha", frame)


class WholeMatte:
    """The whole picture is the character."""

    def __init__(self, context: StageContext) -> None:
        self._shape = (context.footage.height, context.footage.width)

    def matte(self, frame: int) -> Float:
        """Coverage (H, W) float32, 1 everywhere."""
        return np.ones(self._shape, np.float32)
