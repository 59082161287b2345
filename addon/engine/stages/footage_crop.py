# SPDX-License-Identifier: GPL-3.0-or-later
"""How frames were cut to a multiple of pixels, for what the artist brings at the size before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .footage_plan import work_size

if TYPE_CHECKING:
    from .context import StageContext


def uncropped_size(context: StageContext) -> tuple[int, int]:
    """Width and height of the frames before `footage.multiple` cropped them."""
    footage, settings = context.footage, context.settings_of("footage")
    stored = footage.source_width, footage.source_height
    size = footage.width, footage.height
    # A clip may be stored lying on its side.
    for width, height in (stored, stored[::-1]):
        whole = work_size(width, height, settings.long_side)
        if all(0 <= side - kept < settings.multiple for side, kept in zip(whole, size, strict=True)):
            return whole
    return size


def cropped(image: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    """The middle of a picture (H, W, ...), of a width and height not above its own."""
    (width, height), (whole_width, whole_height) = size, image.shape[1::-1]
    left, top = (whole_width - width) // 2, (whole_height - height) // 2
    return np.ascontiguousarray(image[top : top + height, left : left + width])
