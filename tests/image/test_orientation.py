# SPDX-License-Identifier: GPL-3.0-or-later
"""The eight ways a phone stores a picture, through a real file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lineboil.addon.engine.image.clip import Decoder
from lineboil.addon.engine.image.orientation import from_matrix, orientation_of
from movies import write_clip

ONE, TOP = 1 << 16, 1 << 30
# a, b, c, d of the matrix, and where the stored top left, top right and bottom left corners are shown (row, column).
WAYS = {
    "upright": ((1, 0, 0, 1), (0, 0), (0, 1), (1, 0)),
    "clockwise": ((0, 1, -1, 0), (0, 1), (1, 1), (0, 0)),
    "anticlockwise": ((0, -1, 1, 0), (1, 0), (0, 0), (1, 1)),
    "upside down": ((-1, 0, 0, -1), (1, 1), (1, 0), (0, 1)),
    "mirrored": ((-1, 0, 0, 1), (0, 1), (0, 0), (1, 1)),
    "flipped": ((1, 0, 0, -1), (1, 0), (1, 1), (0, 0)),
    "transposed": ((0, 1, 1, 0), (0, 0), (1, 0), (0, 1)),
    "transversed": ((0, -1, -1, 0), (1, 1), (0, 1), (1, 0)),
}


def matrix_of(a: int, b: int, c: int, d: int) -> tuple[int, ...]:
    return (a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, TOP)


def corners_picture() -> np.ndarray:
    picture = np.zeros((32, 64, 3), np.uint8)
    picture[:16, :32] = (250, 20, 20)
    picture[:16, 32:] = (20, 250, 20)
    picture[16:, :32] = (20, 20, 250)
    return picture


@pytest.mark.parametrize("way", WAYS)
def test_a_stored_corner_is_shown_where_the_matrix_says(tmp_path: Path, way: str) -> None:
    numbers, *places = WAYS[way]
    clip = write_clip(tmp_path / "a.mp4", [corners_picture()], display_matrix=matrix_of(*numbers))
    frame = next(iter(Decoder(clip).frames())).frame
    found = orientation_of(frame)
    shown = found.upright(frame.to_ndarray(format="rgb24"))
    assert shown.shape[:2] == ((64, 32) if found.transpose else (32, 64))
    assert bool(found.words()) == (way != "upright")
    height, width = shown.shape[:2]
    for channel, (row, column) in enumerate(places):
        centre = shown[height * (2 * row + 1) // 4, width * (2 * column + 1) // 4]
        assert centre.argmax() == channel, way
        assert centre.max() > 200


def test_an_angle_between_goes_to_the_nearest_quarter() -> None:
    assert from_matrix((60000, 20000, 0, -20000, 60000, 0, 0, 0, TOP)).words() == ""
    assert "clockwise" in from_matrix((20000, 60000, 0, -60000, 20000, 0, 0, 0, TOP)).words()
