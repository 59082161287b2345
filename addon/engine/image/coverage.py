# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a frame a key fails to show, along the motion between them, at a reduced size.

A key shows a place of a frame when its footage, brought there by the motion, looks like the frame's. Measured on
carried sequences that tells the error of the result better than occlusion or the length of the motion: what was
hidden, what drifted and what changed its light all come out as another colour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .warp import Flow, Image, look_up, positions

# A colour difference this small is noise; one that much larger leaves half: another thing, or another light on it.
_NOISE = np.float32(0.02)
_HALF = np.float32(0.1)
_CELL = 4


@dataclass(frozen=True)
class SmallFrame:
    """What is kept of a frame while keys are compared, all at one reduced size.

    Attributes:
        colour: float32 (h, w, 3), 0..1.
        matte: float32 (cells,), 0..1, the figure's share of each cell.
        to_next: float32 (h, w, 2), pixels of this size; None at the end of the scene.
        to_previous: The same to the frame before; None at the start.
        sharpness: How sharp the full picture is, any unit.
    """

    colour: Image
    matte: Image
    to_next: Flow | None
    to_previous: Flow | None
    sharpness: float


def small_size(width: int, height: int, long_side: int = 160) -> tuple[int, int]:
    """Width and height of the reduced size."""
    scale = min(1.0, long_side / max(width, height))
    return max(8, round(width * scale)), max(8, round(height * scale))


def shrink(image: Image, size: tuple[int, int]) -> Image:
    """A picture or mask averaged down to (width, height)."""
    return cast(Image, cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def shrink_flow(flow: Flow, size: tuple[int, int]) -> Flow:
    """A flow averaged down, in pixels of the reduced size."""
    averaged = cast(Flow, cv2.resize(flow, size, interpolation=cv2.INTER_AREA))
    scale = np.array([size[0] / flow.shape[1], size[1] / flow.shape[0]], np.float32)
    return averaged * scale


def cells(image: Image) -> Image:
    """A mask of the reduced size, float32 (h, w), as means of cells of 4 x 4 pixels, float32 (cells,)."""
    height, width = image.shape
    size = max(1, width // _CELL), max(1, height // _CELL)
    return cast(Image, cv2.resize(image, size, interpolation=cv2.INTER_AREA)).ravel()


def sharpness(grey: npt.NDArray[np.uint8], matte: Image) -> float:
    """Mean strength of edges where it matters: inside the figure if there is one. `grey` uint8, `matte` (H, W)."""
    edges = np.abs(cv2.Laplacian(cv2.GaussianBlur(grey, (3, 3), 0), cv2.CV_32F))
    inside = matte > 0.5
    return float(edges[inside].mean() if inside.mean() > 0.005 else edges.mean())


def uncovered(key: int, frames: Iterable[int], frame_of: Callable[[int], SmallFrame]) -> list[tuple[int, Image]]:
    """What a key does not show of the frames one after another on one side of it.

    Args:
        key: Number of the key.
        frames: The frames on one side, going away from it: key + 1, key + 2, … or key - 1, key - 2, …
        frame_of: Gives a frame by its number.

    Returns:
        For each frame: its number, and the share of each of its cells that the key does not show, float32 (cells,).
    """
    start = frame_of(key)
    height, width = start.colour.shape[:2]
    grid = positions(height, width)
    motion = np.zeros((height, width, 2), np.float32)
    lost: list[tuple[int, Image]] = []
    for frame in frames:
        here = frame_of(frame)
        flow = here.to_previous if frame > key else here.to_next
        if flow is None:
            break
        motion = cast(Flow, look_up(motion, grid + flow)) + flow
        lost.append((frame, cells(_changed(start.colour, here.colour, cast(Image, grid + motion)))))
    return lost


def weights(matte: Image, figure_weight: float) -> Image:
    """What the cells of a frame count.

    Args:
        matte: float32 (cells,), the figure's share.
        figure_weight: What the figure counts against the ground, 0..1.

    Returns:
        float32 (3, cells): over the figure, over the ground, and over both with a cell of the figure counting
        `figure_weight` to a ground cell's 1 - `figure_weight`; each row adds up to 1. In a frame without figure all
        are the ground's.
    """
    even = np.full(matte.shape, 1 / matte.size, np.float32)
    if float(matte.mean()) < 0.002:
        return np.stack([even, even, even])
    rows = [matte, 1 - matte, figure_weight * matte + (1 - figure_weight) * (1 - matte)]
    return np.stack([row / row.sum() if row.sum() > 1e-3 else even for row in rows]).astype(np.float32)


def _changed(key_colour: Image, colour: Image, at: Image) -> Image:
    difference = np.abs(colour - look_up(key_colour, at)).max(-1)
    changed = np.maximum(difference - _NOISE, 0)
    return changed / (changed + _HALF)
