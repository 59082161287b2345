# SPDX-License-Identifier: GPL-3.0-or-later
"""The flat regions of the static scene, found from the motion and from what moves by itself."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..frames import frame_name
from ..image.flow_store import load_small_pair
from ..image.movers_store import load_movers
from ..image.regions_store import encode_regions
from ..image.scene_regions import SceneRegions
from ..image.warp import Flow
from ..schema.flow import FOLDER, MOVERS_FOLDER, REGIONS_FOLDER, SUFFIX, FlowSettings
from .context import StageContext


def write_regions(context: StageContext, pending: list[int]) -> None:
    """Make the regions of each pending frame that has none; empty ones where the setting is off."""
    settings: FlowSettings = context.settings
    missing = [frame for frame in pending if not context.has(f"{REGIONS_FOLDER}/{frame_name(frame, SUFFIX)}")]
    regions = _regions(context)
    empty = np.zeros((1, 1), np.uint8)
    for done, frame in enumerate(missing):
        context.step("finding flat regions", done, len(missing))
        labels = regions.labels(frame) if settings.movers else empty
        context.write_bytes_frame(REGIONS_FOLDER, frame, encode_regions(labels))
    context.step("finding flat regions", len(missing), len(missing))


def _regions(context: StageContext) -> SceneRegions:
    footage = context.footage
    scenes = footage.scenes
    pair = lru_cache(2)(lambda frame: load_small_pair(context.path(FOLDER, frame)))

    def flow(frame: int, other: int) -> Flow:
        forward, backward = pair(min(frame, other))
        return forward if other > frame else backward

    return SceneRegions(
        flow,
        lambda frame: load_movers(context.path(MOVERS_FOLDER, frame))[0],
        lambda frame: next(scene for scene in scenes if scene[0] <= frame <= scene[1]),
        (footage.width, footage.height),
    )
