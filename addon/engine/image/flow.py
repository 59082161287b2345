# SPDX-License-Identifier: GPL-3.0-or-later
"""Dense motion between two pictures, and where it cannot be trusted."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from .warp import Flow, Image, Mask, inside, warp

_PRESETS = {"fast": cv2.DISOPTICAL_FLOW_PRESET_FAST, "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM}
_SMALLEST_SIDE = 16


class FlowFinder:
    """Dense inverse search (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016) by OpenCV.

    The result does not depend on the number of threads.

    Args:
        quality: "fast" or "medium".
        finest_scale: Pyramid level where the search stops; 0 is full size.
    """

    def __init__(self, quality: str = "medium", finest_scale: int = 0) -> None:
        self._finder = cv2.DISOpticalFlow.create(_PRESETS[quality])
        self._finder.setFinestScale(finest_scale)

    def between(self, a: npt.NDArray[np.uint8], b: npt.NDArray[np.uint8]) -> Flow:
        """The flow a → b, float32 (H, W, 2), pixels, of two grey pictures uint8 (H, W) of one size."""
        height, width = a.shape
        bottom, right = max(0, _SMALLEST_SIDE - height), max(0, _SMALLEST_SIDE - width)
        if bottom or right:
            a, b = (np.pad(side, ((0, bottom), (0, right)), mode="edge") for side in (a, b))
        flow = self._finder.calc(a, b, cast(Any, None))
        return np.ascontiguousarray(flow[:height, :width], np.float32)


def grey8(image8: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The luma of an RGB picture uint8 (H, W, 3), uint8 (H, W)."""
    return cast(npt.NDArray[np.uint8], cv2.cvtColor(image8, cv2.COLOR_RGB2GRAY))


def occluded(flow_ab: Flow, flow_ba: Flow) -> Mask:
    """Pixels of a that b does not show: bool (H, W).

    There and back must agree: `|f_ab + f_ba(x + f_ab)|² > 0.01 (|f_ab|² + |f_ba|²) + 0.5` is occluded (Sundaram,
    Brox, Keutzer, "Dense Point Trajectories by GPU-Accelerated Large Displacement Optical Flow", 2010), and so is
    what leaves the picture.

    Args:
        flow_ab: float32 (H, W, 2), pixels, from a to b.
        flow_ba: float32 (H, W, 2), pixels, from b to a.
    """
    back = cast(Flow, warp(flow_ba, flow_ab))
    limit = (_squared(flow_ab) + _squared(back)) * np.float32(0.01) + np.float32(0.5)
    return (_squared(flow_ab + back) > limit) | ~inside(flow_ab, flow_ba.shape[0], flow_ba.shape[1])


def _squared(flow: Flow) -> Image:
    x, y = flow[..., 0], flow[..., 1]
    return cast(Image, x * x + y * y)
