# SPDX-License-Identifier: GPL-3.0-or-later
"""Sentences in Blender's interface, whose labels never wrap by themselves."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import blf

# The tabs beside the sidebar, and the edges of the panel, of a box and of a label.
_MARGIN_PIXELS = 68
_ICON_PIXELS = 20
_FEWEST_PIXELS = 120
_NO_REGION_PIXELS = 400
_PIECES = re.compile(r"\s+|[^\s/\\]+[/\\]?|[/\\]")
"""Where a line may be cut: at spaces, and behind the slashes of a path."""


def lines(text: str, context: Any, *, indent: int = 0) -> list[str]:
    """A text cut into lines as wide as the region it is drawn in.

    Args:
        text: Any length; line breaks stay.
        context: Of the drawing.
        indent: Pixels already taken, at normal interface size.
    """
    scale = context.preferences.system.ui_scale or 1.0
    width = context.region.width / scale if context.region else _NO_REGION_PIXELS
    points = context.preferences.ui_styles[0].widget.points
    return list(_cut(text, max(_FEWEST_PIXELS, int(width) - _MARGIN_PIXELS - indent), points))


@lru_cache(maxsize=256)
def _cut(text: str, width: int, points: float) -> tuple[str, ...]:
    found: list[str] = []
    for part in text.splitlines():
        line = ""
        for piece in _PIECES.findall(part):
            if line and _width(f"{line}{piece}".rstrip(), points) > width:
                found.append(line.rstrip())
                line = ""
            line = f"{line}{piece}".lstrip()
            line = _break(line, width, points, found)
        found.append(line.rstrip())
    return tuple(found)


def _break(word: str, width: int, points: float, found: list[str]) -> str:
    """Move what does not fit of one long word to `found`; the rest is answered."""
    while len(word) > 1 and _width(word.rstrip(), points) > width:
        fitting = next(count for count in range(len(word) - 1, 0, -1) if count == 1 or _width(
            word[:count], points) <= width)
        found.append(word[:fitting])
        word = word[fitting:]
    return word


@lru_cache(maxsize=4096)
def _width(text: str, points: float) -> float:
    blf.size(0, points)
    return float(blf.dimensions(0, text)[0])


def draw(layout: Any, text: str, context: Any, *, icon: str = "NONE", indent: int = 0) -> None:
    """Draw a text over as many lines as it needs, the icon before the first."""
    column = layout.column(align=True)
    column.use_property_split = False
    for index, line in enumerate(lines(text, context, indent=indent + (_ICON_PIXELS if icon != "NONE" else 0))):
        blank = "BLANK1" if icon != "NONE" else "NONE"
        column.label(text=line, icon=icon if index == 0 else blank, translate=False)
