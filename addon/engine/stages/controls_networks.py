# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks that controls may ask, loaded when the first frame needs one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..models.locate import locate
from ..models.vision.bodies import BodyFinder, Points
from ..models.vision.drawings import EdgeFinder, LineDrawer
from ..models.vision.segments import Segmenter
from ..schema.controls import ControlsSettings, network_names

Image8 = npt.NDArray[np.uint8]


class Networks:
    """Those that the settings ask for.

    Args:
        settings: Of the stage.
    """

    def __init__(self, settings: ControlsSettings) -> None:
        self._settings = settings
        self._bodies: BodyFinder | None = None
        self._segmenter: Segmenter | None = None
        self._drawer: LineDrawer | None = None
        self._edge_finder: EdgeFinder | None = None

    def check(self) -> None:
        """Say before any work what is not installed.

        Raises:
            MissingError: A network is not there; says how to get it.
        """
        for name in network_names(self._settings):
            locate(name, what="network")

    def bodies(self, image8: Image8) -> list[Points]:
        """Everybody's 18 points in OpenPose's order, of uint8 RGB (H, W, 3)."""
        if self._bodies is None:
            self._bodies = BodyFinder(locate("people", what="network"), locate("body", what="network"))
        return self._bodies(image8)

    def classes(self, image8: Image8) -> npt.NDArray[np.integer[Any]]:
        """ADE20K's class of every pixel, (H, W), of uint8 RGB (H, W, 3)."""
        if self._segmenter is None:
            self._segmenter = Segmenter(locate("segments", what="network"))
        return self._segmenter(image8)

    def lines(self, image8: Image8) -> Image8:
        """White lines on black, uint8 (H, W), of uint8 RGB (H, W, 3)."""
        if self._drawer is None:
            self._drawer = LineDrawer(locate("lines", what="network"))
        return self._drawer(image8)

    def edges(self, image8: Image8) -> Image8:
        """White edges on black, uint8 (H, W), of uint8 RGB (H, W, 3)."""
        if self._edge_finder is None:
            self._edge_finder = EdgeFinder(locate("edges", what="network"))
        return self._edge_finder(image8)
