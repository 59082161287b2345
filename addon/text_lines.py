# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences in Blender's interface, whose labels never wrap by themselves."""

from __future__ import annotations

import textwrap
from typing import Any

_PIXELS_A_LETTER = 6.4
# The tabs beside the sidebar, and the panel's own edge.
_MARGIN_PIXELS = 44
_ICON_PIXELS = 20
_FEWEST_LETTERS = 24


def lines(text: str, context: Any, *, indent: int = 0) -> list[str]:
    """A text cut into lines as wide as the region it is drawn in.

    Args:
        text: Any length; line breaks stay.
        context: Of the drawing.
        indent: Pixels already taken, at normal interface size.
    """
    scale = context.preferences.system.ui_scale or 1.0
    width = context.region.width / scale if context.region else 400
    letters = max(_FEWEST_LETTERS, int((width - _MARGIN_PIXELS - indent) / _PIXELS_A_LETTER))
    return [line for part in text.splitlines() for line in textwrap.wrap(part, letters) or [""]]


def draw(layout: Any, text: str, context: Any, *, icon: str = "NONE", indent: int = 0) -> None:
    """Draw a text over as many lines as it needs, the icon before the first."""
    column = layout.column(align=True)
    column.use_property_split = False
    for index, line in enumerate(lines(text, context, indent=indent + (_ICON_PIXELS if icon != "NONE" else 0))):
        blank = "BLANK1" if icon != "NONE" else "NONE"
        column.label(text=line, icon=icon if index == 0 else blank, translate=False)
