# SPDX-License-Identifier: GPL-3.0-or-later
"""A strip of variations: pictures in rows and columns, each with its label."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Image8 = npt.NDArray[np.uint8]

_GROUND = 33
_TEXT = (235, 235, 235)
_GAP_PIXELS = 6
_HEAD_PIXELS = 30
_LARGEST_WIDTH = 2400
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def sheet_of(pictures: list[list[Image8 | None]], labels: list[list[str]]) -> Image8:
    """All pictures on one sheet.

    Args:
        pictures: Rows of pictures (H, W, 3), all of one size; None leaves the place empty.
        labels: A line of text for each, written above it.

    Returns:
        uint8 (H, W, 3), at most 2400 pixels wide.
    """
    first = next(picture for row in pictures for picture in row if picture is not None)
    columns = max(len(row) for row in pictures)
    scale = min(1.0, (_LARGEST_WIDTH / columns - _GAP_PIXELS) / first.shape[1])
    width, height = max(1, round(first.shape[1] * scale)), max(1, round(first.shape[0] * scale))
    step = (height + _HEAD_PIXELS + _GAP_PIXELS, width + _GAP_PIXELS)
    sheet = np.full((len(pictures) * step[0], columns * step[1], 3), _GROUND, np.uint8)
    for row, line in enumerate(pictures):
        for column, picture in enumerate(line):
            top, left = row * step[0], column * step[1]
            _write(sheet, labels[row][column], left, top, width)
            if picture is not None:
                small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA) if scale < 1 else picture
                sheet[top + _HEAD_PIXELS : top + _HEAD_PIXELS + height, left : left + width] = small
    return sheet


def _write(sheet: Image8, text: str, left: int, top: int, width: int) -> None:
    """A line of text, smaller where it would not fit."""
    wide = cv2.getTextSize(text, _FONT, 0.55, 1)[0][0]
    size = 0.55 * min(1.0, (width - 8) / max(1, wide))
    cv2.putText(sheet, text, (left + 4, top + _HEAD_PIXELS - 9), _FONT, size, _TEXT, 1, cv2.LINE_AA)
