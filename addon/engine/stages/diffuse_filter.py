# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys in a drawn look made by a filter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..image.toon import LOOKS, Look, draw
from ..schema.diffuse import FOLDER, DiffuseSettings
from .context import StageContext


def run(context: StageContext, settings: DiffuseSettings) -> None:
    """Draw every key that is not finished."""
    look = chosen_look(settings)
    source = context.picture()
    pending = context.pending()
    for done, frame in enumerate(pending, 1):
        quiet = (1 - context.read_grey("matte", frame)) * np.float32(settings.background)
        context.write_rgb(FOLDER, frame, draw(context.read_rgb(source, frame), look, quiet))
        context.step("drawing keys", done, len(pending), "keys")


def chosen_look(settings: DiffuseSettings) -> Look:
    """The look with the artist's changes."""
    look = LOOKS[settings.look]
    return replace(
        look,
        smoothing=look.smoothing * settings.smoothing,
        levels=settings.colour_levels or look.levels,
        saturation=look.saturation * settings.saturation,
        line_pixels=look.line_pixels * settings.line_weight,
        line_amount=look.line_amount * settings.line_amount,
    )
