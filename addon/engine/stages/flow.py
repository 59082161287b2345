# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow stage: motion between the neighbouring frames of each scene, both ways, kept compactly."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ..footage import Footage
from ..frames import frame_name
from ..image.flow import FlowFinder, grey8
from ..image.flow_store import encode_end, encode_pair
from ..image.warp import Flow
from ..schema.flow import FOLDER, SUFFIX, FlowSettings
from .context import StageContext
from .flow_given import GivenMotion
from .flow_movers import write_movers
from .flow_regions import write_regions

Grey8 = npt.NDArray[np.uint8]


class _Finder:
    """Motion found by dense inverse search."""

    def __init__(self, context: StageContext) -> None:
        settings: FlowSettings = context.settings
        footage = context.footage
        self._context = context
        self._finder = FlowFinder(settings.quality, settings.finest_scale)
        self.size = search_size(footage.width, footage.height, settings.long_side)
        self._kept: tuple[int, Grey8] | None = None

    def pair(self, frame: int) -> tuple[Flow, Flow]:
        """The flow from a frame to the next and back, float32 (h, w, 2), pixels of its own size."""
        here = self._kept[1] if self._kept and self._kept[0] == frame else self._picture(frame)
        there = self._picture(frame + 1)
        self._kept = (frame + 1, there)
        return self._finder.between(here, there), self._finder.between(there, here)

    def _picture(self, frame: int) -> Grey8:
        image = grey8(self._context.read_rgb8("frames", frame))
        if image.shape[::-1] == self.size:
            return image
        return np.asarray(cv2.resize(image, self.size, interpolation=cv2.INTER_AREA), np.uint8)


def check(context: StageContext) -> None:
    """Look at the artist's motion before any that was found goes.

    Raises:
        InputError: A file is missing.
    """
    if context.settings.engine == "given":
        GivenMotion(context)


def run(context: StageContext) -> None:
    """Make the file of each pending frame: its flow to the next frame of the scene and back."""
    settings: FlowSettings = context.settings
    footage = context.footage
    source = GivenMotion(context) if settings.engine == "given" else _Finder(context)
    doing = "reading motion" if settings.engine == "given" else "finding motion"
    last_frames = {last for _, last in footage.scenes}
    wanted = context.pending()
    pending = [frame for frame in wanted if not context.has(f"{FOLDER}/{frame_name(frame, SUFFIX)}")]
    for done, frame in enumerate(pending):
        context.step(doing, done, len(pending))
        data = encode_end() if frame in last_frames else _encoded(source.pair(frame), footage)
        context.write_bytes_frame(FOLDER, frame, data)
    context.step(doing, len(pending), len(pending))
    write_movers(context, wanted)
    write_regions(context, wanted)
    context.record(engine=settings.engine, width=source.size[0], height=source.size[1])


def _encoded(pair: tuple[Flow, Flow], footage: Footage) -> bytes:
    return encode_pair(*pair, footage.width, footage.height)


def search_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """Width and height motion is searched at: the footage's, reduced to `long_side` when it is larger."""
    scale = min(1.0, long_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
