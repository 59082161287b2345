# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls at the size they are drawn at: lines stay white, classes stay classes."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

Image8 = npt.NDArray[np.uint8]

_THIN = ("lineart", "canny", "mlsd")


def fitted(kind: str, picture: Image8, size: tuple[int, int]) -> Image8:
    """A control of another width and height, uint8 RGB.

    Averaging would grey lines of one pixel, which the ControlNets have seen white, and mix the colours of two classes
    into that of a third.

    Args:
        kind: Of control.
        picture: uint8 RGB (H, W, 3).
        size: Wanted width and height.
    """
    if picture.shape[1::-1] == size:
        return picture
    if kind == "segmentation":
        return cast(Image8, cv2.resize(picture, size, interpolation=cv2.INTER_NEAREST_EXACT))
    shrinks = min(picture.shape[1] / size[0], picture.shape[0] / size[1])
    if shrinks < 1:
        return cast(Image8, cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR))
    wide = round(shrinks)
    if kind in _THIN and wide > 1:
        picture = cast(Image8, cv2.dilate(picture, np.ones((wide, wide), np.uint8)))
    return cast(Image8, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
