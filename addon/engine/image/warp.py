# SPDX-License-Identifier: GPL-3.0-or-later
"""Backward warps and maps of positions, in float.

A *map* is a flow from a frame to its key: `map[y, x] = (dx, dy)`, pixels, so `out(x) = key(x + map(x))`. Maps are
chained as numbers, so that the colours of a key are looked up once, however far away the key is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, cast

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]
Flow = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Lookup = Literal["nearest", "linear", "cubic", "lanczos"]

_LOOKUPS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}


@lru_cache(maxsize=4)
def positions(height: int, width: int) -> Image:
    """Where each pixel is: float32 (H, W, 2), (x, y), centres at integers. Shared: not to be written to.

    >>> positions(2, 3)[1, 2].tolist()
    [2.0, 1.0]
    """
    y, x = np.mgrid[0:height, 0:width]
    grid = np.dstack([x, y]).astype(np.float32)
    grid.setflags(write=False)
    return grid


def warp(image: npt.NDArray[Any], flow: Flow, lookup: Lookup = "linear") -> npt.NDArray[Any]:
    """Backward warp `out(x) = image(x + flow(x))`; the border of the image is repeated outside.

    Args:
        image: (H', W') or (H', W', C), uint8 or float32.
        flow: float32 (H, W, 2), (dx, dy) pixels, from the frame made to `image`.
        lookup: How colours between pixels are made; cubic and lanczos may leave the range of the image.

    Returns:
        (H, W) or (H, W, C) of the image's type.
    """
    return look_up(image, positions(flow.shape[0], flow.shape[1]) + flow, lookup)


def look_up(image: npt.NDArray[Any], at: Image, lookup: Lookup = "linear") -> npt.NDArray[Any]:
    """The image at positions `at`, float32 (H, W, 2), (x, y), pixels; the border is repeated outside."""
    return cv2.remap(image, at, cast(Any, None), _LOOKUPS[lookup], borderMode=cv2.BORDER_REPLICATE)


def compose(first: Flow, then: Flow) -> Flow:
    """The flow a → c of the flows a → b (`first`) and b → c (`then`), both float32 (H, W, 2), pixels.

    Motion is smooth where pictures are not, so linear lookup of the motion loses next to nothing.
    """
    return first + cast(Flow, warp(then, first))


def invert(flow: Flow, steps: int = 8) -> Flow:
    """The flow b → a of a smooth flow a → b, by fixed-point iteration; float32 (H, W, 2), pixels."""
    inverse = -flow
    for _ in range(steps):
        inverse = -cast(Flow, warp(flow, inverse))
    return inverse


def inside(flow: Flow, height: int, width: int, margin: float = 0.5) -> Mask:
    """Where `x + flow(x)` is in a picture of that size: bool (H, W). `margin` in pixels beyond the outer centres."""
    at = positions(flow.shape[0], flow.shape[1]) + flow
    x, y = at[..., 0], at[..., 1]
    return (x >= -margin) & (y >= -margin) & (x <= width - 1 + margin) & (y <= height - 1 + margin)


def resize_flow(flow: Flow, height: int, width: int) -> Flow:
    """The same motion at another size: lengths are scaled with the picture. float32 (height, width, 2)."""
    if flow.shape[:2] == (height, width):
        return flow
    scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
    return cast(Flow, cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)) * scale


def homography_flow(matrix: npt.NDArray[np.float64], height: int, width: int) -> Flow:
    """The flow of a plane: `x + flow(x) = matrix · x`.

    Args:
        matrix: (3, 3), maps (x, y, 1) of the frame made to the other frame, in pixels.
        height: Rows of the frame made.
        width: Columns of it.

    Returns:
        float32 (height, width, 2).
    """
    columns = np.arange(width, dtype=np.float32)[None, :]
    rows = np.arange(height, dtype=np.float32)[:, None]
    m = (matrix / matrix[2, 2]).astype(np.float32)
    scale = np.maximum(m[2, 0] * columns + (m[2, 1] * rows + 1), np.float32(1e-3))
    flow = np.empty((height, width, 2), np.float32)
    # The small part of each product apart from the large one: single precision keeps a ten-thousandth of a pixel.
    across, down, shrink = m[0, 0] - 1, m[1, 1] - 1, scale - 1
    flow[..., 0] = (across * columns + (m[0, 1] * rows + m[0, 2]) - shrink * columns) / scale
    flow[..., 1] = (m[1, 0] * columns + (down * rows + m[1, 2]) - shrink * rows) / scale
    return flow
