# SPDX-License-Identifier: GPL-3.0-or-later
"""One frame of the propagate stage on request, small and quick: nothing else of the film is made."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..image.flow_store import SMALL_LONG_SIDE, load_small_pair
from ..image.quick_track import QuickTracker
from ..image.warp import Flow, Image, resize_flow
from ..schema.flow import FOLDER as FLOW_FOLDER
from ..schema.propagate import FOLDER, PropagateSettings
from .context import StageContext
from .propagate import checked_keys
from .propagate_carry import Interval, intervals
from .propagate_mix import Offers, make_mixer
from .propagate_paint import Paint
from .propagate_views import Views

REDUCTION = 2
_FAR_FRAMES = 60


def preview(context: StageContext, frame: int) -> Image:
    """A frame as the stage would about make it, at half size.

    The motion is chained as it is to the neighbouring keys and corrected once, at the end; what was hidden on the way
    is looked for without the frames before. Needs the footage's analysis (flow) and the painted keys, nothing else,
    and writes nothing.

    Args:
        context: Of the propagate stage.
        frame: From 1.

    Returns:
        float32 (H / 2, W / 2, 3 or 4), 0..1, sRGB, alpha straight.

    Raises:
        InputError: The keys do not fit the footage.
        MissingError: A key has no picture.
    """
    keys = checked_keys(context)
    paint = Paint(context, keys, REDUCTION)
    if frame in keys:
        return paint.finished(paint.read(frame))
    interval = next(iter(intervals(context.footage.scenes, keys, {frame})))
    far = max(abs(frame - key) for key in _of(interval))
    if far > _FAR_FRAMES:
        context.note(f"the key is {far} frames away: the preview drifts more over so many than the film will")
    views = Views(context, min(SMALL_LONG_SIDE, max(paint.size) // REDUCTION))
    mixer = make_mixer(context.settings, paint, views, _of(interval), None)
    picture = mixer.frame(views(frame), _offers(context, views, interval, frame), None)
    return paint.finished(np.clip(picture, 0, 1))


def _of(interval: Interval) -> tuple[int, ...]:
    return tuple(key for key in (interval.before, interval.after) if key is not None)


def _offers(context: StageContext, views: Views, interval: Interval, frame: int) -> Offers:
    settings: PropagateSettings = context.settings
    before, after = interval.before, interval.after
    share = 0.0 if before is None or after is None else (frame - before) / (after - before)
    near = {before: 1 - share if after is not None else 1.0, after: share if before is not None else 1.0}
    refine = settings.refine and settings.method == "layers"
    exact = context.facts_of("flow").get("engine") == "given"
    offers: Offers = {}
    for key in _of(interval):
        tracker = QuickTracker(views.free(key)[0])
        for there, flows in _steps(context, views, key, frame):
            tracker.advance(views.free(there)[0], *flows)
        maps = tracker.maps(views(frame), views(key), refine=refine, planes=settings.plane, exact=exact)
        offers[key] = maps, near[key]
    return offers


def _steps(context: StageContext, views: Views, key: int, frame: int) -> Iterator[tuple[int, tuple[Flow, Flow]]]:
    """Each frame from beside the key to the one wanted, with its motion to the one before it on the way and back."""
    width, height = views.size
    step = int(np.sign(frame - key))
    for there in range(key + step, frame + step, step):
        context.step(f"following frame {key}", abs(there - key), abs(frame - key))
        pair = load_small_pair(context.path(FLOW_FOLDER, min(there, there - step)))
        forward, backward = (resize_flow(flow, height, width) for flow in pair)
        yield there, (backward, forward) if step > 0 else (forward, backward)


def is_made(context: StageContext, frame: int) -> bool:
    """Whether the film's own frame is there and up to date."""
    standing = context.state.report("propagate").standing
    return standing in ("done", "partial") and context.path(FOLDER, frame).is_file() and context.is_finished(frame)
