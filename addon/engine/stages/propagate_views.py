# SPDX-License-Identifier: GPL-3.0-or-later
"""The footage as maps are followed on it: at most a certain size, with what moves by itself marked."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ..image.movers_store import load_movers
from ..image.regions_store import load_regions
from ..image.view import View, make_view
from ..schema.flow import MOVERS_FOLDER, REGIONS_FOLDER
from .context import StageContext
from .flow import search_size

Image = npt.NDArray[np.float32]

LONG_SIDE = 960
"""Maps are smooth: larger footage is reduced to this for following them, and the maps are enlarged again."""
_KEPT = 4


class Views:
    """Views of frames; the last few are kept.

    Args:
        context: Of the stage.
        long_side: Footage larger than this is reduced to it.
    """

    def __init__(self, context: StageContext, long_side: int = LONG_SIDE) -> None:
        self._context = context
        # Without a cut-out the whole picture is the character, which says nothing of what moves.
        self._has_matte = context.is_enabled("matte") and context.facts_of("matte").get("engine") != "off"
        self._kept: OrderedDict[int, View] = OrderedDict()
        self.size: tuple[int, int] = search_size(context.footage.width, context.footage.height, long_side)

    def __call__(self, frame: int) -> View:
        """The view of a frame."""
        if frame not in self._kept:
            self._kept[frame] = make_view(self._picture(frame), *self.free(frame), self._regions(frame))
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[frame]

    def _picture(self, frame: int) -> npt.NDArray[np.uint8]:
        return self._fitted(self._context.read_rgb8("frames", frame))

    def free(self, frame: int) -> tuple[Image, float]:
        """What moves by itself, float32 (H, W), 0..1, and how likely what is not marked does, 0..1."""
        movers, doubt = load_movers(self._context.path(MOVERS_FOLDER, frame))
        if self._has_matte:
            movers = np.maximum(movers, self._context.read_grey("matte", frame))
        return self._fitted(movers), doubt

    def _regions(self, frame: int) -> npt.NDArray[np.uint8]:
        labels = load_regions(self._context.path(REGIONS_FOLDER, frame))
        return np.asarray(cv2.resize(labels, self.size, interpolation=cv2.INTER_NEAREST), np.uint8)

    def _fitted(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if image.shape[1::-1] == self.size:
            return image
        return cv2.resize(image, self.size, interpolation=cv2.INTER_AREA)
