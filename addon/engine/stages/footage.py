# SPDX-License-Identifier: GPL-3.0-or-later
"""The footage stage: the clip becomes upright sRGB frames with exact times, its sound and its scenes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..footage import Footage, footage_text
from ..image.cuts import find_cuts, scenes_of
from ..image.sequence import is_picture
from ..image.sound import extract_sound
from ..schema.footage import FootageSettings, source_path
from .context import StageContext
from .footage_clip import ClipSource
from .footage_crop import cropped
from .footage_pictures import PictureSource
from .footage_plan import Plan, load_plan, save_plan

_SOUND = "sound.flac"


def run(context: StageContext) -> None:
    """Make the missing frames, then sound, scenes and `footage.json`, which says that the stage is whole.

    Raises:
        InputError: The clip is not there, not a video, has no frames, changes its size, or the trim leaves nothing.
    """
    settings: FootageSettings = context.settings
    path = source_path(settings, context.shot.root)
    is_clip = path.is_file() and not is_picture(path)
    source = ClipSource(path, settings) if is_clip else PictureSource(path, settings)
    plan_path = context.cache() / "plan.json"
    plan = load_plan(plan_path)
    if plan is None:
        plan = source.plan(context.step)
        save_plan(plan_path, plan)
    _tell(context, plan)
    _write_frames(context, source, plan)
    sound = _write_sound(context, plan) if is_clip and settings.sound else ""
    footage = _footage(settings, plan, sound, _scenes(context, plan))
    context.write_text("footage.json", footage_text(footage))
    context.record(
        size=f"{footage.width}x{footage.height}",
        frames=footage.count,
        rate=f"{float(footage.frame_rate):.3f}" + ("" if footage.constant_rate else " (varies)"),
        colour=plan.colour,
        scenes=len(footage.scenes),
        told=[text.removeprefix("! ") for text in plan.told],
    )


def _tell(context: StageContext, plan: Plan) -> None:
    for text in plan.told:
        if text.startswith("! "):
            context.warn(text[2:])
        else:
            context.note(text)


def _write_frames(context: StageContext, source: ClipSource | PictureSource, plan: Plan) -> None:
    waiting: dict[int, list[int]] = defaultdict(list)
    for frame, pick in enumerate(plan.timing.picks, 1):
        if not context.is_finished(frame) or (plan.has_alpha and not context.path("alpha", frame).is_file()):
            waiting[pick].append(frame)
    total, done = sum(map(len, waiting.values())), 0
    for number, image, alpha in source.pictures(plan, set(waiting)):
        for frame in waiting.pop(number):
            context.step("writing frames", done, total)
            if alpha is not None:
                context.write_grey("alpha", frame, cropped(alpha, plan.size), plan.bits)
            context.write_rgb("frames", frame, cropped(image, plan.size), plan.bits)
            done += 1
    if waiting:
        raise InputError(
            f"frame {min(waiting)} of the clip could be decoded before but not now",
            where=context.settings.source,
            remedy="Look whether the clip was changed, and run again.",
        )
    context.step("writing frames", total, total)


def _write_sound(context: StageContext, plan: Plan) -> str:
    path = source_path(context.settings, context.shot.root)
    if context.has(_SOUND):
        return _SOUND
    made = context.cache() / _SOUND
    sound = extract_sound(path, made, plan.clock_seconds, plan.timing.duration_seconds)
    if sound.warning:
        context.warn(sound.warning)
    if not sound.seconds:
        return ""
    context.adopt(_SOUND, made)
    return _SOUND


def _scenes(context: StageContext, plan: Plan) -> tuple[tuple[int, int], ...]:
    settings: FootageSettings = context.settings
    count = len(plan.timing.picks)
    outside = [cut for cut in settings.cuts if cut > count]
    if outside:
        raise InputError(f"footage.cuts names frame {outside[0]}, but the shot has {count} frames")
    found: list[int] = []
    if settings.find_cuts and count > 1:
        found = find_cuts(
            _shown(context, count),
            threshold=settings.cut_threshold,
            minimum_change=settings.cut_minimum_change,
            minimum_scene=settings.minimum_scene,
        )
    cuts = sorted({*settings.cuts, *(cut for cut in found if cut not in settings.no_cuts)})
    if cuts:
        context.note(f"{len(cuts) + 1} scenes; they begin at frames {', '.join(map(str, [1, *cuts]))}")
    return scenes_of(count, cuts)


def _shown(context: StageContext, count: int) -> Iterator[npt.NDArray[np.uint8]]:
    for frame in range(1, count + 1):
        context.step("looking for cuts", frame - 1, count)
        yield context.read_rgb8("frames", frame)


def _footage(settings: FootageSettings, plan: Plan, sound: str, scenes: tuple[tuple[int, int], ...]) -> Footage:
    timing = plan.timing
    return Footage(
        source=settings.source,
        width=plan.size[0],
        height=plan.size[1],
        count=len(timing.picks),
        frame_rate=timing.frame_rate,
        times_seconds=timing.times_seconds,
        duration_seconds=timing.duration_seconds,
        scenes=scenes,
        has_alpha=plan.has_alpha,
        sound=sound,
        bits=plan.bits,
        constant_rate=timing.constant,
        start_seconds=timing.start_seconds,
        source_frames=timing.picks,
        source_width=plan.stored[0],
        source_height=plan.stored[1],
        colour=plan.colour,
    )
