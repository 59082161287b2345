# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves by itself, found from the motion that the flow stage has just written."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ..frames import frame_name
from ..image.flow_store import load_pair
from ..image.movers_store import encode_movers
from ..image.moving import Moving
from ..image.warp import Flow
from ..schema.flow import FOLDER, MOVERS_FOLDER, SUFFIX, FlowSettings
from .context import StageContext


def write_movers(context: StageContext, pending: list[int]) -> None:
    """Make the mask of each pending frame that has none; an empty one where the setting is off."""
    settings: FlowSettings = context.settings
    missing = [frame for frame in pending if not context.has(f"{MOVERS_FOLDER}/{frame_name(frame, SUFFIX)}")]
    moving = _moving(context)
    empty = np.zeros((context.footage.height, context.footage.width), np.float32), 0.0
    for done, frame in enumerate(missing):
        context.step("finding what moves by itself", done, len(missing))
        mask, doubt = (moving.mask(frame), moving.doubt(frame)) if settings.movers else empty
        context.write_bytes_frame(MOVERS_FOLDER, frame, encode_movers(mask, doubt))
    context.step("finding what moves by itself", len(missing), len(missing))


def _moving(context: StageContext) -> Moving:
    scenes = context.footage.scenes
    pair = lru_cache(2)(lambda frame: load_pair(context.path(FOLDER, frame)))

    def flow(frame: int, other: int) -> Flow:
        forward, backward = pair(min(frame, other))
        return forward if other > frame else backward

    def picture(frame: int) -> npt.NDArray[np.uint8]:
        return context.read_rgb8("frames", frame)

    return Moving(
        picture,
        flow,
        lambda frame: next(scene for scene in scenes if scene[0] <= frame <= scene[1]),
        (context.footage.width, context.footage.height),
    )
