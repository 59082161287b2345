# SPDX-License-Identifier: GPL-3.0-or-later
"""The map of what moves by itself to one key: the best motion between neighbours, chained.

Comparing with the key's footage is left out on purpose: folds and shading change on a figure that turns, and a map
that follows what looks alike drifts more than the chain does (measured).
"""

from __future__ import annotations

import cv2
import numpy as np

from .fill import fill
from .fine_flow import FineFlow
from .flow import occluded
from .free_fill import lost_since
from .view import View
from .warp import Flow, Image, Mask, compose, warp

_BESIDE_PIXELS = 3


class FreeTracker:
    """Follows what moves by itself to one key.

    Attributes:
        lost: Where the chain was interrupted on the way to the last frame: float32 (H, W), 0..1.

    Args:
        key: The key's own frame.
        exact: The motion is known, not found: it is not searched anew.
    """

    def __init__(self, key: View, *, exact: bool = False) -> None:
        self._previous = key
        self._finder = None if exact else FineFlow()
        self._map: Flow = np.zeros((*key.grey.shape, 2), np.float32)
        self.lost: Image = np.zeros(key.grey.shape, np.float32)

    def advance(self, view: View, to_previous: Flow, from_previous: Flow) -> Flow:
        """The map of the next frame, float32 (H, W, 2), pixels, frame → key.

        The motion within the figure reaches a little beyond it; farther away it is what it is, for what moves too
        little to be marked.

        Args:
            view: The next frame (later or earlier in time; each call one further from the key).
            to_previous: Flow from it to the frame of the last call, float32 (H, W, 2).
            from_previous: Flow back.
        """
        step = to_previous
        if self._finder:
            step = self._finder.refine(view.grey, self._previous.grey, to_previous, view.free > 0.5)
        self._map = compose(chained_move(view.free, self._previous.free, step, from_previous), self._map)
        self.lost = lost_since(self.lost, to_previous, from_previous, self._previous.free)
        self._previous = view
        return self._map


def chained_move(free: Image, free_previous: Image, to_previous: Flow, from_previous: Flow) -> Flow:
    """The motion to the frame before as what moves by itself is chained with, float32 (H, W, 2), pixels.

    Args:
        free: What moves by itself in the frame, float32 (H, W), 0..1.
        free_previous: The same in the one before.
        to_previous: The motion found, float32 (H, W, 2), pixels.
        from_previous: The motion back.
    """
    figure = free > 0.5
    shown = ~occluded(to_previous, from_previous)
    move = fill(to_previous, shown)
    if not figure.any():
        return move
    held = figure & shown & (warp((free_previous > 0.5).astype(np.float32), to_previous) > 0.5)
    within = fill(to_previous, held if held.any() else ~held)
    return np.where(_near(figure)[..., None], within, move)


def _near(figure: Mask) -> Mask:
    size = 2 * _BESIDE_PIXELS + 1
    return cv2.dilate(figure.astype(np.uint8), np.ones((size, size), np.uint8)) > 0
