# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries keys interval by interval between neighbouring keys of a scene.

Maps are always followed anew from the key, so an interrupted run makes the frames it lacks exactly as an
undisturbed one would. The maps to the later key come in reverse order: they wait on disk, not in memory.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..cache import write_atomic
from ..frames import frame_name
from ..image.carry import ChainTracker, LayerTracker, Maps, Tracker
from ..image.flow_store import load_pair
from ..image.map_store import encode_maps, load_maps
from ..image.torch_device import Device
from ..image.view import View
from ..image.warp import Flow
from ..schema.flow import FOLDER as FLOW_FOLDER
from ..schema.propagate import FOLDER, PropagateSettings
from .context import StageContext
from .propagate_mix import Mixer, make_mixer
from .propagate_paint import Paint
from .propagate_views import Views


@dataclass(frozen=True)
class Interval:
    """Frames between two neighbouring keys of a scene.

    Attributes:
        before: The key before them; None at the start of a scene.
        after: The key after them; None at its end.
        frames: The frames wanted, ascending, none of them a key.
    """

    before: int | None
    after: int | None
    frames: tuple[int, ...]


def intervals(scenes: tuple[tuple[int, int], ...], keys: tuple[int, ...], wanted: set[int]) -> list[Interval]:
    """The intervals that hold wanted frames, in order; none reaches across a cut."""
    found: list[Interval] = []
    for first, last in scenes:
        inside = [key for key in keys if first <= key <= last]
        for before, after in zip([None, *inside], [*inside, None], strict=True):
            low = first if before is None else before + 1
            high = last if after is None else after - 1
            frames = tuple(frame for frame in range(low, high + 1) if frame in wanted)
            if frames:
                found.append(Interval(before, after, frames))
    return found


class Carrier:
    """Carries the keys of a shot.

    Args:
        context: Of the stage.
        paint: The painted keys.
        device: What PyTorch mixes frames on; None for the processor's own engine.
    """

    def __init__(self, context: StageContext, paint: Paint, device: Device | None = None) -> None:
        self._context = context
        self._settings: PropagateSettings = context.settings
        self._paint = paint
        self._device = device
        self._views = Views(context)

    def carry(self, interval: Interval, made: Callable[[], None]) -> None:
        """Make the frames of an interval; `made` is called after each."""
        if interval.before is not None and interval.after is not None:
            self._carry_between(interval.before, interval.after, interval.frames, made)
        elif interval.before is not None:
            self._carry_away(interval.before, interval.frames[-1], interval.frames, made)
        elif interval.after is not None:
            self._carry_away(interval.after, interval.frames[0], interval.frames, made)

    def _carry_away(self, key: int, end: int, frames: tuple[int, ...], made: Callable[[], None]) -> None:
        mixer = self._mixer((key,), None)
        for frame, view, maps, to_last in self._follow(key, end):
            if not mixer.goes_on and frame not in frames:
                continue
            picture = mixer.frame(view, {key: (maps, 1.0)}, to_last)
            if frame in frames:
                self._context.write_rgb(FOLDER, frame, self._paint.finished(picture))
                made()

    def _carry_between(self, before: int, after: int, frames: tuple[int, ...], made: Callable[[], None]) -> None:
        shelf = self._context.cache(f"{before:06d}-{after:06d}")
        self._shelve(shelf, after, before)
        mixer = self._mixer((before, after), load_maps(_shelved(shelf, before)).ground)
        for frame, view, maps, to_last in self._follow(before, frames[-1]):
            if not mixer.goes_on and frame not in frames:
                continue
            share = (frame - before) / (after - before)
            back = load_maps(_shelved(shelf, frame))
            picture = mixer.frame(view, {before: (maps, 1 - share), after: (back, share)}, to_last)
            if frame in frames:
                self._context.write_rgb(FOLDER, frame, self._paint.finished(picture))
                made()
        shutil.rmtree(shelf, ignore_errors=True)

    def _mixer(self, keys: tuple[int, ...], between: Flow | None) -> Mixer:
        return make_mixer(self._settings, self._paint, self._views, keys, between, self._device)

    def _shelve(self, shelf: Path, key: int, end: int) -> None:
        """Keep the maps from every frame of `end` … `key` - 1 to `key` on disk."""
        if all(_shelved(shelf, frame).is_file() for frame in range(end, key)):
            return
        for frame, _, maps, _ in self._follow(key, end):
            self._context.step(f"following frame {key} back", key - frame, key - end)
            write_atomic(_shelved(shelf, frame), encode_maps(maps))

    def _follow(self, key: int, end: int) -> Iterator[tuple[int, View, Maps, Flow]]:
        """The maps to a key of one frame after the other, from beside the key to `end`; and the flow a frame back."""
        tracker = self._tracker(key)
        step = 1 if end > key else -1
        for frame in range(key + step, end + step, step):
            before = frame - step
            forward, backward = self._flows(min(frame, before))
            flows = (backward, forward) if step > 0 else (forward, backward)
            view = self._views(frame)
            yield frame, view, tracker.advance(view, *flows), flows[0]

    def _tracker(self, key: int) -> Tracker:
        if self._settings.method == "linear":
            return ChainTracker(self._views(key))
        exact = self._context.facts_of("flow").get("engine") == "given"
        return LayerTracker(self._views(key), refine=self._settings.refine, planes=self._settings.plane, exact=exact)

    def _flows(self, frame: int) -> tuple[Flow, Flow]:
        """The flow from a frame to the next and back, at the size maps are followed at."""
        width, height = self._views.size
        return load_pair(self._context.path(FLOW_FOLDER, frame), (height, width))


def _shelved(shelf: Path, frame: int) -> Path:
    return shelf / frame_name(frame, ".npz")
