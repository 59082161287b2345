# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves by itself: found by its motion (`movers`), less what the scene's planes explain better (`unmoved`)."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from .guided import guided_enlarge
from .movers import REACH as FINDING_REACH
from .movers import Movers
from .planar_regions import small_size
from .recent import Recent
from .scene_regions import EVERY_ROUGHLY, SceneRegions
from .scene_regions import REACH as REGIONS_REACH
from .unmoved import REACH as COMPARED_REACH
from .unmoved import Unmoved
from .warp import Flow, Image

Bytes = npt.NDArray[np.uint8]

REACH = FINDING_REACH + max(REGIONS_REACH, COMPARED_REACH)
"""A mask depends on frames at most this far away."""
_EDGE_RADIUS, _EDGE_EPSILON = 5, 3e-4
_MIDDLE, _WIDTH = np.float32(0.5), np.float32(0.1)
"""Of `Unmoved.share`: what is scene and what is not part here, over this width."""


class Moving:
    """Soft masks of what moves by itself. A mask depends on frames up to `REACH` away within its scene, on no order.

    Args:
        picture: Frame → (H, W, 3) uint8 RGB, every frame of one size.
        flow: (frame, neighbour) → (H, W, 2) float32, pixels, from the frame to the next or the previous one.
        scene: Frame → first and last frame of its scene.
        size: Width and height of the pictures.
    """

    def __init__(
        self,
        picture: Callable[[int], Bytes],
        flow: Callable[[int, int], Flow],
        scene: Callable[[int], tuple[int, int]],
        size: tuple[int, int],
    ) -> None:
        self._picture = picture
        self._small_size = small_size(size)
        self._movers = Movers(picture, flow, scene)
        self._small = Recent(self._make_small, 2 * COMPARED_REACH + 2)
        regions = SceneRegions(flow, self._movers.region, scene, size, EVERY_ROUGHLY)
        self._unmoved = Unmoved(self._small, regions.is_free, regions, scene)

    def mask(self, frame: int) -> Image:
        """Of a frame: (H, W) float32, 0 the static scene, 1 what moves by itself."""
        found = self._movers.mask(frame)
        if not found.any():
            return found
        small, share = self._small(frame), self._unmoved.share(frame)
        share = guided_enlarge(small, share, self._picture(frame), _EDGE_RADIUS, _EDGE_EPSILON)
        return np.minimum(found, np.clip((share - _MIDDLE) / _WIDTH + np.float32(0.5), 0, 1))

    def doubt(self, frame: int) -> float:
        """How likely what is not marked moves by itself all the same, 0..0.5."""
        return self._movers.doubt(frame)

    def _make_small(self, frame: int) -> Bytes:
        picture = self._movers.small(frame)
        return np.asarray(cv2.resize(picture, self._small_size, interpolation=cv2.INTER_AREA), np.uint8)
