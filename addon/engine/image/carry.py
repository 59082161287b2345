# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps of positions from a frame to its key, followed frame by frame away from the key.

One map follows the static scene, one what moves by itself, so that neither drags the other at the silhouette.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .free_track import FreeTracker
from .ground_track import GroundTracker
from .view import View
from .warp import Flow, Image, compose


@dataclass(frozen=True)
class Maps:
    """Where a frame's pixels are in its key: flows float32 (H, W, 2), pixels, frame → key.

    Attributes:
        free: Of what moves by itself, extended beyond it.
        ground: Of the static scene, extended under what moves.
        lost: Where the free map was interrupted on the way: float32 (H, W), 0..1.
    """

    free: Flow
    ground: Flow
    lost: Image


class Tracker(Protocol):
    """Follows the maps to one key away from it, one frame at a time."""

    def advance(self, view: View, to_previous: Flow, from_previous: Flow) -> Maps:
        """The maps of the next frame.

        Args:
            view: The next frame (later or earlier in time; each call one further from the key).
            to_previous: Flow from it to the frame of the last call, float32 (H, W, 2).
            from_previous: Flow back.
        """
        ...


class LayerTracker:
    """Follows the static scene and what moves by itself, each on its own.

    Args:
        key: The key's own frame.
        refine: Compare the static scene with the key's footage and correct its map.
        planes: Hold flat parts of it to their planes.
        exact: The motion is known, not found.
    """

    def __init__(self, key: View, *, refine: bool = True, planes: bool = True, exact: bool = False) -> None:
        self._ground = GroundTracker(key, refine=refine, planes=planes, exact=exact)
        self._free = FreeTracker(key, exact=exact)

    def advance(self, view: View, to_previous: Flow, from_previous: Flow) -> Maps:
        """The maps of the next frame; see `Tracker`."""
        free = self._free.advance(view, to_previous, from_previous)
        return Maps(free, self._ground.advance(view, to_previous, from_previous), self._free.lost)


class ChainTracker:
    """Follows one map of the whole picture, the motion chained and nothing else.

    Args:
        key: The key's own frame.
    """

    def __init__(self, key: View) -> None:
        self._map: Flow = np.zeros((*key.grey.shape, 2), np.float32)
        self._lost = np.zeros(key.grey.shape, np.float32)

    def advance(self, view: View, to_previous: Flow, from_previous: Flow) -> Maps:
        """The maps of the next frame: both are the same; see `Tracker`."""
        self._map = compose(to_previous, self._map)
        return Maps(self._map, self._map, self._lost)
