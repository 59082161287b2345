# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys stage: which frames are redrawn. The artist's keys, locks and removals in `keys.json` stay."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np

from ..errors import InputError
from ..image import coverage
from ..image.flow import grey8
from ..image.flow_store import load_pair
from ..image.warp import Flow
from ..key_list import FILE_NAME, Key, KeyList, keys_text, load_keys, merge
from ..schema.flow import FOLDER as FLOW_FOLDER
from ..schema.keys import KeysSettings
from .context import StageContext
from .keys_choice import Chooser, Demand, SceneTable

_MOST_CANDIDATES_AHEAD = 16
_MOST_FRAMES_AHEAD = 120
# What cannot be measured (drift, slow change of light) grows with time: keys spread evenly where all else is equal.
_AGE = 0.08


def run(context: StageContext) -> None:
    """Choose the keys of every scene and write `keys.json`."""
    settings: KeysSettings = context.settings
    before = _present(context)
    footage = context.footage
    rate = float(footage.frame_rate)
    counts = _counts(settings.count, footage.scenes, before)
    if settings.count and sum(counts) > settings.count:
        context.warn(f"{sum(counts)} keys instead of {settings.count}: every scene needs one, and yours stay")
    window = _Window(context)
    chosen: list[Key] = []
    for (first, last), count in zip(footage.scenes, counts, strict=True):
        demand = Demand(
            count,
            settings.coverage,
            settings.figure_weight,
            max(1, round(settings.minimum_gap * rate)),
            max(1, round(settings.maximum_gap * rate)),
        )
        fixed = [key.frame for key in before.fixed if first <= key.frame <= last]
        if len(fixed) >= count > 0:
            continue
        table = _table(context, window, (first, last), demand, fixed)
        if not settings.prefer_sharp:
            table.sharpness = []
        chosen += Chooser(table, demand, fixed, before.removed).choose()
    _write(context, merge(before, chosen))


def _present(context: StageContext) -> KeyList:
    """What the artist decided so far; nothing when there is no file yet."""
    path = context.file(FILE_NAME)
    if not path.is_file():
        return KeyList()
    keys = load_keys(path)
    count = context.footage.count
    beyond = [key.frame for key in keys.fixed if key.frame > count]
    if beyond:
        raise InputError(
            f"has a key at frame {beyond[0]}, but the shot has {count} frames",
            where=str(path),
            remedy="Move or delete that key.",
        )
    return keys


def _counts(count: int, scenes: tuple[tuple[int, int], ...], before: KeyList) -> list[int]:
    """Keys of each scene for a requested number: at least one and the artist's, the rest by length."""
    if not count:
        return [0] * len(scenes)
    fixed = [sum(first <= key.frame <= last for key in before.fixed) for first, last in scenes]
    counts = [max(1, number) for number in fixed]
    while sum(counts) < count:
        spare = [(last - first + 1) / (number + 1) for (first, last), number in zip(scenes, counts, strict=True)]
        counts[int(np.argmax(spare))] += 1
    return counts


def _table(
    context: StageContext, window: _Window, scene: tuple[int, int], demand: Demand, fixed: list[int]
) -> SceneTable:
    first, last = scene
    reach = max(1, min(demand.maximum_gap, _MOST_FRAMES_AHEAD, last - first))
    stride = max(1, reach // _MOST_CANDIDATES_AHEAD)
    candidates = sorted({*range(first, last + 1, stride), last, *fixed})
    window.keep(scene, reach)
    table = SceneTable(first, last, reach)
    for frame in candidates:
        context.step("comparing frames", frame, context.footage.count)
        row = np.ones((2, 2 * reach + 1), np.float32)
        row[:, reach] = 0
        later = range(frame + 1, min(last, frame + reach) + 1)
        earlier = range(frame - 1, max(first, frame - reach) - 1, -1)
        for side in (later, earlier):
            for other, figure, ground in coverage.uncovered(frame, side, window.frame):
                age = _AGE * abs(other - frame) / reach
                row[:, other - frame + reach] = min(1, figure + age), min(1, ground + age)
        table.rows[frame] = row
    table.sharpness = [window.sharpness[frame] for frame in range(first, last + 1)]
    return table


class _Window:
    """Reduced frames, read once each while the candidates pass by; bounded by the reach."""

    def __init__(self, context: StageContext) -> None:
        self._context = context
        self._size = coverage.small_size(context.footage.width, context.footage.height)
        self._frames: OrderedDict[int, coverage.SmallFrame] = OrderedDict()
        self._scene = (1, 1)
        self._most = 3
        self._last_pair: tuple[int, tuple[Flow, Flow]] | None = None
        self.sharpness: dict[int, float] = {}

    def keep(self, scene: tuple[int, int], reach: int) -> None:
        """Start a scene."""
        self._frames.clear()
        self.sharpness.clear()
        self._scene = scene
        self._most = 2 * reach + 2 + reach // _MOST_CANDIDATES_AHEAD

    def frame(self, frame: int) -> coverage.SmallFrame:
        """A frame of the scene at the reduced size."""
        if frame not in self._frames:
            self._frames[frame] = self._read(frame)
            while len(self._frames) > self._most:
                del self._frames[min(self._frames)]
        return self._frames[frame]

    def _pair(self, frame: int) -> tuple[Flow, Flow]:
        """The flows between a frame and the next; the last ones stay, since the next frame asks for them too."""
        if self._last_pair is None or self._last_pair[0] != frame:
            self._last_pair = (frame, load_pair(self._context.path(FLOW_FOLDER, frame)))
        return self._last_pair[1]

    def _read(self, frame: int) -> coverage.SmallFrame:
        context, size = self._context, self._size
        image8 = context.read_rgb8("frames", frame)
        has_matte = context.is_enabled("matte")
        matte = context.read_grey("matte", frame) if has_matte else np.zeros(image8.shape[:2], np.float32)
        first, last = self._scene
        backward, from_previous = self._pair(frame - 1)[::-1] if frame > first else (None, None)
        forward, from_next = self._pair(frame) if frame < last else (None, None)
        new_next, new_previous = coverage.unseen(forward, from_next), coverage.unseen(backward, from_previous)
        self.sharpness[frame] = coverage.sharpness(grey8(image8), matte)
        return coverage.SmallFrame(
            colour=coverage.shrink(image8.astype(np.float32) * np.float32(1 / 255), size),
            matte=coverage.shrink(matte, size),
            to_next=None if forward is None else coverage.shrink_flow(forward, size),
            to_previous=None if backward is None else coverage.shrink_flow(backward, size),
            new_against_previous=None if new_previous is None else coverage.shrink(new_previous, size),
            new_against_next=None if new_next is None else coverage.shrink(new_next, size),
            sharpness=self.sharpness[frame],
        )


def _write(context: StageContext, keys: KeyList) -> None:
    context.write_text(FILE_NAME, keys_text(keys))
    count, frames = len(keys.keys), ", ".join(str(frame) for frame in keys.frames)
    context.note(f"{count} {'key' if count == 1 else 'keys'}: {frames}")
    context.record(keys=len(keys.keys), yours=len(keys.fixed))
