# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys in a drawn look made by a filter."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from ..errors import SettingError
from ..image.tangent import Image
from ..image.toon import LOOKS, Look, draw
from ..schema.diffuse import FOLDER, DiffuseSettings
from .context import StageContext


def run(context: StageContext, settings: DiffuseSettings) -> None:
    """Draw every key that is not finished."""
    look = chosen_look(settings)
    source = context.picture()
    pending = context.pending()
    for done, frame in enumerate(pending, 1):
        quiet = _quiet(context, settings, frame)
        context.write_rgb(FOLDER, frame, draw(context.read_rgb(source, frame), look, quiet))
        context.step("drawing keys", done, len(pending), "keys")


def _quiet(context: StageContext, settings: DiffuseSettings, frame: int) -> Image | None:
    """How much is held back at each pixel, float32 (H, W); None where the character is not told from the rest."""
    if settings.background <= 0 or not context.is_enabled("matte"):
        return None
    return (1 - context.read_grey("matte", frame)) * np.float32(settings.background)


def chosen_look(settings: DiffuseSettings) -> Look:
    """The look with the artist's changes.

    Raises:
        SettingError: A colour is not one; names the setting and its value.
    """
    look = LOOKS[settings.look]
    return replace(
        look,
        smoothing=look.smoothing * settings.smoothing,
        levels=settings.colour_levels or look.levels,
        saturation=look.saturation * settings.saturation,
        line_pixels=look.line_pixels * settings.line_weight,
        line_amount=look.line_amount * settings.line_amount,
        ink=_colour("ink_colour", settings.ink_colour) or look.ink,
        paper=_colour("paper_colour", settings.paper_colour) or look.paper,
    )


def _colour(name: str, text: str) -> tuple[float, float, float] | None:
    """The colour (sRGB, 0..1) of a text like "#1a1420"; None of an empty one."""
    if not text:
        return None
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise SettingError(
            f'"diffuse.{name}" is "{text}", which is not a colour',
            where="shot.toml",
            remedy='Write it as red, green and blue like "#1a1420", or leave it empty.',
        )
    red, green, blue = (int(text[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue
