# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries keys interval by interval between neighbouring keys of a scene.

Maps are always followed anew from the key, so an interrupted run makes the frames it lacks exactly as an
undisturbed one would. The maps to the later key come in reverse order: they wait on disk, not in memory.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from ..cache import write_atomic
from ..frames import frame_name
from ..image.blend import (
    WHOLE,
    Box,
    Plate,
    box_of_figure,
    carried,
    joined,
    over,
    ring_pixels,
    split,
    trusted,
    whole_plate,
)
from ..image.carry import ChainTracker, LayerTracker, Maps, View, make_view
from ..image.flow_store import load_pair
from ..image.map_store import encode_maps, load_maps
from ..image.recolour import Recolouring
from ..image.warp import Flow, invert, resize_flow
from ..schema.flow import FOLDER as FLOW_FOLDER
from ..schema.propagate import FOLDER, PropagateSettings
from .context import StageContext
from .propagate_paint import Paint

Image = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Layers:
    """The paint of one key: the figure, and what is behind it; the plain way has the whole picture as ground."""

    figure: Plate | None
    ground: Plate
    recolouring: Recolouring | None = None


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
    """

    def __init__(self, context: StageContext, paint: Paint) -> None:
        self._context = context
        self._settings: PropagateSettings = context.settings
        self._paint = paint
        self._in_layers = self._settings.method == "layers"
        self._has_matte = self._in_layers and context.is_enabled("matte")

    def carry(self, interval: Interval, made: Callable[[], None]) -> None:
        """Make the frames of an interval; `made` is called after each."""
        if interval.before is not None and interval.after is not None:
            self._carry_between(interval.before, interval.after, interval.frames, made)
        elif interval.before is not None:
            self._carry_away(interval.before, interval.frames[-1], interval.frames, made)
        elif interval.after is not None:
            self._carry_away(interval.after, interval.frames[0], interval.frames, made)

    def _carry_away(self, key: int, end: int, frames: tuple[int, ...], made: Callable[[], None]) -> None:
        layers = self._layers(key, [])
        for frame, maps in self._follow(key, end):
            if frame in frames:
                self._write(frame, [(layers, maps, 1.0)])
                made()

    def _carry_between(self, before: int, after: int, frames: tuple[int, ...], made: Callable[[], None]) -> None:
        shelf = self._context.cache(f"{before:06d}-{after:06d}")
        self._shelve(shelf, after, before)
        there = load_maps(_shelved(shelf, before)).ground
        first = self._layers(before, [(after, there)])
        second = self._layers(after, [(before, invert(there))])
        for frame, maps in self._follow(before, frames[-1]):
            if frame in frames:
                share = (frame - before) / (after - before)
                back = load_maps(_shelved(shelf, frame))
                self._write(frame, [(first, maps, 1 - share), (second, back, share)])
                made()
        shutil.rmtree(shelf, ignore_errors=True)

    def _shelve(self, shelf: Path, key: int, end: int) -> None:
        """Keep the maps from every frame of `end` … `key` - 1 to `key` on disk."""
        if all(_shelved(shelf, frame).is_file() for frame in range(end, key)):
            return
        for frame, maps in self._follow(key, end):
            self._context.step(f"following frame {key} back", key - frame, key - end)
            write_atomic(_shelved(shelf, frame), encode_maps(maps))

    def _follow(self, key: int, end: int) -> Iterator[tuple[int, Maps]]:
        """The maps to a key of one frame after the other, from beside the key to `end`."""
        view = self._view(key)
        refine, plane = self._settings.refine, self._settings.plane
        tracker = LayerTracker(view, refine=refine, plane=plane) if self._in_layers else ChainTracker(view)
        step = 1 if end > key else -1
        for frame in range(key + step, end + step, step):
            before = frame - step
            forward, backward = load_pair(self._context.path(FLOW_FOLDER, min(frame, before)))
            flows = (backward, forward) if step > 0 else (forward, backward)
            yield frame, tracker.advance(self._view(frame), *flows)

    def _view(self, frame: int) -> View:
        return make_view(self._context.read_rgb8("frames", frame), self._matte(frame))

    def _matte(self, frame: int) -> Image:
        footage = self._context.footage
        if self._has_matte:
            return self._context.read_grey("matte", frame)
        return np.zeros((footage.height, footage.width), np.float32)

    def _matte_at_paint_size(self, frame: int) -> Image:
        return np.clip(self._at_paint_size(self._matte(frame), cv2.INTER_CUBIC), 0, 1)

    def _at_paint_size(self, image: Image, interpolation: int = cv2.INTER_LINEAR) -> Image:
        size = self._paint.size
        if image.shape[1::-1] == size:
            return image
        return cast(Image, cv2.resize(image, size, interpolation=interpolation))

    def _flow_at_paint_size(self, flow: Flow) -> Flow:
        return resize_flow(flow, self._paint.size[1], self._paint.size[0])

    def _layers(self, key: int, others: list[tuple[int, Flow]]) -> Layers:
        """The layers of a key; `others` are other keys with the ground's map from this key to them."""
        if not self._in_layers:
            return Layers(None, whole_plate(self._paint.read(key)))
        grounds = [
            carried(self._split(other, [])[1], self._flow_at_paint_size(flow), self._settings.lookup)
            for other, flow in others
        ]
        return Layers(*self._split(key, grounds), self._recolouring(key))

    def _recolouring(self, key: int) -> Recolouring | None:
        if not self._settings.recolour or not self._has_matte:
            return None
        footage8 = self._context.read_rgb8("frames", key)
        size = footage8.shape[1], footage8.shape[0]
        painted = cast(Image, cv2.resize(self._paint.read(key), size, interpolation=cv2.INTER_AREA))
        return Recolouring(footage8, painted, self._matte(key))

    def _split(self, key: int, grounds: list[Plate]) -> tuple[Plate, Plate]:
        return split(self._paint.read(key), self._matte_at_paint_size(key), grounds)

    def _write(self, frame: int, sources: list[tuple[Layers, Maps, float]]) -> None:
        nearness = [near for _, _, near in sources]
        grounds = [self._layer(layers.ground, maps.ground, maps.ground_cost) for layers, maps, _ in sources]
        picture = joined(grounds, nearness).colour
        matte = self._matte_at_paint_size(frame)
        box = box_of_figure(matte) if self._in_layers else None
        if box is not None:
            figures = [self._figure(frame, layers, maps, box) for layers, maps, _ in sources]
            picture[box] = over(joined(figures, nearness), picture[box], matte[box], ring_pixels(matte))
        self._context.write_rgb(FOLDER, frame, picture)

    def _figure(self, frame: int, layers: Layers, maps: Maps, box: Box) -> Plate:
        figure = self._layer(cast(Plate, layers.figure), maps.figure, maps.figure_cost, box)
        if layers.recolouring is None:
            return figure
        frame8 = self._context.read_rgb8("frames", frame)
        lost = self._at_paint_size(layers.recolouring.lost(frame8, maps.figure))[box][..., None]
        painted = self._at_paint_size(layers.recolouring.painted(frame8))[box]
        return replace(figure, colour=figure.colour + (painted - figure.colour) * lost)

    def _layer(self, plate: Plate, flow: Flow, cost: Image, box: Box = WHOLE) -> Plate:
        start = box[0].start or 0, box[1].start or 0
        moved = carried(plate, self._flow_at_paint_size(flow)[box], self._settings.lookup, start)
        return trusted(moved, self._at_paint_size(cost)[box], self._settings.trust) if self._in_layers else moved


def _shelved(shelf: Path, frame: int) -> Path:
    return shelf / frame_name(frame, ".npz")
