# SPDX-License-Identifier: GPL-3.0-or-later
"""The display matrix of phones: which of the eight upright or mirrored ways a picture is stored."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import Type

from .clip import side_data


@dataclass(frozen=True)
class Orientation:
    """How a stored picture is made upright: first rows and columns change places, then it is mirrored."""

    transpose: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    def words(self) -> str:
        """For a person; empty when nothing is done."""
        known = {
            (True, True, False): "turned by 90° clockwise",
            (True, False, True): "turned by 90° anticlockwise",
            (False, True, True): "turned upside down",
            (False, True, False): "mirrored left to right",
            (False, False, True): "mirrored top to bottom",
            (True, False, False): "turned and mirrored",
            (True, True, True): "turned and mirrored",
        }
        return known.get((self.transpose, self.mirror_x, self.mirror_y), "")

    def upright(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The picture (H, W) or (H, W, C) upright."""
        if self.transpose:
            image = image.swapaxes(0, 1)
        if self.mirror_x:
            image = image[:, ::-1]
        if self.mirror_y:
            image = image[::-1]
        return np.ascontiguousarray(image)


def orientation_of(frame: av.VideoFrame) -> Orientation:
    """The orientation a decoded frame carries; angles between quarter turns go to the nearest one."""
    matrix = side_data(frame, Type.DISPLAYMATRIX)
    if len(matrix) >= 36:
        return from_matrix(struct.unpack("=9i", matrix[:36]))
    return Orientation()


def from_matrix(matrix: tuple[int, ...]) -> Orientation:
    """Orientation of the nine numbers a b u c d v x y w of an ISO base media display matrix.

    A stored point (p, q) is shown at (a p + c q + x, b p + d q + y).

    >>> from_matrix((0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)).words()
    'turned by 90° clockwise'
    """
    a, b, _, c, d = matrix[:5]
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, c < 0, b < 0)
    return Orientation(False, a < 0, d < 0)
