# SPDX-License-Identifier: GPL-3.0-or-later
"""The maps of one frame to a key, quickly: chained over the frames between, and settled once, at the end."""

from __future__ import annotations

import numpy as np

from .carry import Maps
from .fill import fill
from .free_fill import lost_since
from .free_track import chained_move
from .ground_track import GroundTracker, lost_of_ground
from .view import View
from .warp import Flow, Image, Mask, compose, warp


class QuickTracker:
    """Follows the static scene and what moves by itself without looking at the pictures on the way.

    Drift is corrected once, at the frame wanted, instead of at every frame: a preview.

    Args:
        free: What moves by itself in the key, float32 (H, W), 0..1.
    """

    def __init__(self, free: Image) -> None:
        self._last_free = free
        self._free: Flow = np.zeros((*free.shape, 2), np.float32)
        self._ground: Flow = np.zeros((*free.shape, 2), np.float32)
        self._lost: Image = np.zeros(free.shape, np.float32)
        self._hidden: Mask = np.zeros(free.shape, np.bool_)

    def advance(self, free: Image, to_previous: Flow, from_previous: Flow) -> None:
        """Go one frame further from the key.

        Args:
            free: What moves by itself in that frame, float32 (H, W), 0..1.
            to_previous: Flow from it to the frame of the last call, float32 (H, W, 2), pixels.
            from_previous: The flow back.
        """
        self._free = compose(chained_move(free, self._last_free, to_previous, from_previous), self._free)
        self._lost = lost_since(self._lost, to_previous, from_previous, self._last_free)
        hidden = lost_of_ground(free, to_previous, from_previous)
        self._ground = fill(compose(to_previous, self._ground), ~hidden)
        self._hidden = hidden | (warp(self._hidden.astype(np.float32), to_previous) > 0.5)
        self._last_free = free

    def maps(
        self, view: View, key: View, *, refine: bool = True, planes: bool = True, exact: bool = False
    ) -> Maps:
        """The maps of the frame last reached.

        Args:
            view: Its footage.
            key: The key's.
            refine: Correct the drift of the static scene's map.
            planes: Hold flat parts of it to their planes.
            exact: The motion is known, not found.
        """
        ground = self._ground
        if refine:
            ground = GroundTracker(key, planes=planes, exact=exact).corrected(view, ground, self._hidden | view.is_free)
        return Maps(self._free, ground, self._lost)
