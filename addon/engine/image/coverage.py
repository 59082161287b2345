# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a frame a key fails to show, along the motion between them, at a reduced size."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .flow import occluded
from .warp import Flow, Image, look_up, positions, resize_flow

# A colour difference this small is noise; one that much larger is another thing, or another light on it.
_NOISE = np.float32(0.06)
_CHANGED = np.float32(0.2)


@dataclass(frozen=True)
class SmallFrame:
    """What is kept of a frame while keys are compared, all at one reduced size.

    Attributes:
        colour: float32 (h, w, 3), 0..1.
        matte: float32 (h, w), 0..1.
        to_next: float32 (h, w, 2), pixels of this size; None at the end of the scene.
        to_previous: The same to the frame before; None at the start.
        new_against_previous: float32 (h, w), 1 where the frame before does not show it.
        new_against_next: The same of the frame after.
        sharpness: How sharp the full picture is, any unit.
    """

    colour: Image
    matte: Image
    to_next: Flow | None
    to_previous: Flow | None
    new_against_previous: Image | None
    new_against_next: Image | None
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


def unseen(flow: Flow | None, back: Flow | None, long_side: int = 480) -> Image | None:
    """1 where the frame at the other end does not show a pixel, float32; None without motion."""
    if flow is None or back is None:
        return None
    scale = min(1.0, long_side / max(flow.shape[:2]))
    height, width = max(1, round(flow.shape[0] * scale)), max(1, round(flow.shape[1] * scale))
    return occluded(resize_flow(flow, height, width), resize_flow(back, height, width)).astype(np.float32)


def sharpness(grey: npt.NDArray[np.uint8], matte: Image) -> float:
    """Mean strength of edges where it matters: inside the figure if there is one. `grey` uint8, `matte` (H, W)."""
    edges = np.abs(cv2.Laplacian(cv2.GaussianBlur(grey, (3, 3), 0), cv2.CV_32F))
    inside = matte > 0.5
    return float(edges[inside].mean() if inside.mean() > 0.005 else edges.mean())


def uncovered(key: int, frames: Iterable[int], frame_of: Callable[[int], SmallFrame]) -> list[tuple[int, float, float]]:
    """What a key does not show of the frames one after another on one side of it.

    Args:
        key: Number of the key.
        frames: The frames on one side, going away from it: key + 1, key + 2, … or key - 1, key - 2, …
        frame_of: Gives a frame by its number.

    Returns:
        For each frame: its number, the share of its figure and the share of its ground that the key does not
        show, 0..1. In a frame without figure both are the ground's.
    """
    start = frame_of(key)
    height, width = start.matte.shape
    state = np.zeros((height, width, 3), np.float32)
    grid = positions(height, width)
    shares: list[tuple[int, float, float]] = []
    for frame in frames:
        here = frame_of(frame)
        flow, new = (
            (here.to_previous, here.new_against_previous) if frame > key else (here.to_next, here.new_against_next)
        )
        if flow is None or new is None:
            break
        state = cast(Image, look_up(state, grid + flow))
        state[..., :2] += flow
        state[..., 2] = np.maximum(state[..., 2], new)
        lost = np.maximum(state[..., 2], _changed(start.colour, here.colour, grid + state[..., :2]))
        shares.append((frame, *_shares(lost, here.matte)))
    return shares


def _changed(key_colour: Image, colour: Image, at: Image) -> Image:
    difference = np.abs(colour - look_up(key_colour, at)).max(-1)
    return np.clip((difference - _NOISE) / _CHANGED, 0, 1)


def _shares(lost: Image, matte: Image) -> tuple[float, float]:
    figure_area = float(matte.sum())
    ground = 1 - matte
    ground_share = float((lost * ground).sum()) / max(float(ground.sum()), 1.0)
    if figure_area < 0.002 * matte.size:
        return ground_share, ground_share
    return float((lost * matte).sum()) / figure_area, ground_share
