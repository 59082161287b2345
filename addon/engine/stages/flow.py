# SPDX-License-Identifier: GPL-3.0-or-later
"""The flow stage: motion between the neighbouring frames of each scene, both ways, kept compactly."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ..frames import frame_name
from ..image.flow import FlowFinder, grey8
from ..image.flow_store import encode_end, encode_pair
from ..schema.flow import FOLDER, SUFFIX, FlowSettings
from .context import StageContext
from .flow_movers import write_movers

Grey8 = npt.NDArray[np.uint8]


def run(context: StageContext) -> None:
    """Make the file of each pending frame: its flow to the next frame of the scene and back."""
    settings: FlowSettings = context.settings
    footage = context.footage
    finder = FlowFinder(settings.quality, settings.finest_scale)
    size = search_size(footage.width, footage.height, settings.long_side)
    last_frames = {last for _, last in footage.scenes}
    wanted = context.pending()
    pending = [frame for frame in wanted if not context.has(f"{FOLDER}/{frame_name(frame, SUFFIX)}")]
    kept: tuple[int, Grey8] | None = None
    for done, frame in enumerate(pending):
        context.step("finding motion", done, len(pending))
        if frame in last_frames:
            context.write_bytes_frame(FOLDER, frame, encode_end())
            continue
        here = kept[1] if kept and kept[0] == frame else _picture(context, frame, size)
        there = _picture(context, frame + 1, size)
        kept = (frame + 1, there)
        data = encode_pair(finder.between(here, there), finder.between(there, here), footage.width, footage.height)
        context.write_bytes_frame(FOLDER, frame, data)
    context.step("finding motion", len(pending), len(pending))
    write_movers(context, wanted)
    context.record(engine="dis", width=size[0], height=size[1])


def search_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """Width and height motion is searched at: the footage's, reduced to `long_side` when it is larger."""
    scale = min(1.0, long_side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _picture(context: StageContext, frame: int, size: tuple[int, int]) -> Grey8:
    image = grey8(context.read_rgb8("frames", frame))
    if image.shape[::-1] == size:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
