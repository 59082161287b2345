# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures what pairs of candidate keys fail to show of the frames between them, for one scene."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..image import coverage
from ..image.flow import grey8
from ..image.flow_store import load_pair
from ..image.warp import Flow
from ..schema.flow import FOLDER as FLOW_FOLDER
from .context import StageContext

Numbers = npt.NDArray[np.float32]

MOST_FRAMES_AHEAD = 120
_CANDIDATES_AHEAD = 16
_MOST_CANDIDATES = 2500
_SHORT = 150
# What cannot be measured (drift, slow change of light) grows with every frame: keys spread evenly where all else is
# equal.
_AGE = 0.001
# From what is not shown to the squared error of the carried frame, after carried sequences with exact answers.
_POWER = 0.9


@dataclass
class Span:
    """Sums over frames that share their keys.

    Attributes:
        error: Predicted error, any unit, added up.
        missing: Share of the picture that no key shows, the figure weighted, added up.
        worst: Of the frame where most is missing, 0..1.
    """

    error: Numbers
    missing: Numbers
    worst: Numbers

    @classmethod
    def zeros(cls, *shape: int) -> Span:
        """Nothing added up yet."""
        return cls(*(np.zeros(shape, np.float32) for _ in range(3)))


@dataclass
class SceneTable:
    """What the candidates of a scene fail to show.

    Attributes:
        first: First frame of the scene.
        last: Last frame.
        reach: Frames looked at on either side of a candidate; beyond them it shows nothing.
        candidates: Frames that may be keys, ascending.
        rows: For each candidate float32 (2, 2 * reach + 1): share of the figure and of the ground not shown, by
            distance from -reach to reach; 1 where nothing is known.
        before: Of all frames before each candidate with it alone, as far as it reaches; (candidates,).
        after: The same of the frames after it.
        between: Of the frames between candidate i and the d-th after it at [i, d - 1]; (candidates, band).
        sharpness: Of each candidate against its neighbours, 0.5..1.
    """

    first: int
    last: int
    reach: int
    candidates: npt.NDArray[np.int64]
    rows: dict[int, Numbers] = field(default_factory=dict[int, Numbers])
    before: Span = field(default_factory=lambda: Span.zeros(0))
    after: Span = field(default_factory=lambda: Span.zeros(0))
    between: Span = field(default_factory=lambda: Span.zeros(0, 0))
    sharpness: Numbers = field(default_factory=lambda: np.ones(0, np.float32))


def measure(
    context: StageContext, scene: tuple[int, int], maximum_gap: int, fixed: list[int], count: int, figure_weight: float
) -> SceneTable:
    """Compare the candidates of a scene.

    Args:
        context: Of the stage.
        scene: First and last frame.
        maximum_gap: Frames from a key at most.
        fixed: Keys that are candidates in any case.
        count: Keys asked for in the shot; 0 when that is open.
        figure_weight: See `coverage.weights`.
    """
    first, last = scene
    reach = max(1, min(maximum_gap, MOST_FRAMES_AHEAD, last - first))
    size = last - first + 1
    # Every frame in a short scene, and where many keys are asked for: then their places matter to the frame.
    stride = min(reach // _CANDIDATES_AHEAD, 1 + size // _SHORT, size // (4 * count) if count else reach)
    stride = max(1, stride, size // _MOST_CANDIDATES)
    candidates = np.array(sorted({*range(first, last + 1, stride), last, *fixed}))
    table = SceneTable(first, last, reach, candidates)
    return _Measurer(context, table, figure_weight).run()


class _Measurer:
    def __init__(self, context: StageContext, table: SceneTable, figure_weight: float) -> None:
        self._context = context
        self._table = table
        self._figure_weight = figure_weight
        self._window = _Window(context, (table.first, table.last), table.reach)
        self._lost: OrderedDict[int, Numbers] = OrderedDict()
        self._weights: OrderedDict[int, Numbers] = OrderedDict()

    def run(self) -> SceneTable:
        table, frames = self._table, self._table.candidates
        count, reach = len(frames), self._table.reach
        near = np.searchsorted(frames, frames + 2 * reach, side="right") - np.arange(count) - 1
        table.before, table.after = Span.zeros(count), Span.zeros(count)
        table.between = Span.zeros(count, max(1, int(near.max())))
        for index, frame in enumerate(frames.tolist()):
            self._context.step("comparing frames", frame, self._context.footage.count)
            self._alone(index, frame)
            for other in [other for other in self._lost if frame - other <= 2 * reach]:
                start = int(np.searchsorted(frames, other))
                if start < index:
                    self._pair(start, index - start - 1, other, frame)
            while next(iter(self._lost)) < frame - 2 * reach:
                self._lost.popitem(last=False)
        table.sharpness = self._relative_sharpness()
        return table

    def _alone(self, index: int, frame: int) -> None:
        """Compare a candidate with its neighbours on both sides."""
        table, reach = self._table, self._table.reach
        cells = self._window.frame(frame).matte.size
        lost = np.ones((2 * reach + 1, cells), np.float32)
        lost[reach] = 0
        later = range(frame + 1, min(table.last, frame + reach) + 1)
        earlier = range(frame - 1, max(table.first, frame - reach) - 1, -1)
        for side, span in ((later, table.after), (earlier, table.before)):
            for other, missing in coverage.uncovered(frame, side, self._window.frame):
                lost[other - frame + reach] = missing
            self._sum(span, (index,), list(side), lost[[other - frame + reach for other in side]])
        self._lost[frame] = lost
        row = np.ones((2, 2 * reach + 1), np.float32)
        low, high = min(earlier, default=frame), max(later, default=frame)
        around = slice(low - frame + reach, high - frame + reach + 1)
        weights = np.stack([self._weight(other)[:2] for other in range(low, high + 1)])
        row[:, around] = np.einsum("fc,fkc->kf", lost[around], weights)
        table.rows[frame] = row

    def _pair(self, index: int, step: int, first: int, second: int) -> None:
        """What neither of two keys shows of the frames between them."""
        reach = self._table.reach
        frames = range(first + 1, second)
        if not frames:
            return
        size = self._lost[first].shape[1]
        lost = np.ones((len(frames), size), np.float32)
        count = min(len(frames), reach)
        lost[:count] = self._lost[first][reach + 1 : reach + 1 + count]
        lost[-count:] = np.minimum(lost[-count:], self._lost[second][reach - count : reach])
        nearest = np.array([min(frame - first, second - frame) for frame in frames])
        self._sum(self._table.between, (index, step), list(frames), lost, nearest)

    def _sum(
        self,
        span: Span,
        place: tuple[int, ...],
        frames: list[int],
        lost: Numbers,
        distance: npt.NDArray[np.int64] | None = None,
    ) -> None:
        if not frames:
            return
        if distance is None:
            distance = np.arange(1, len(frames) + 1)
        shares = np.einsum("fc,fkc->fk", lost, np.stack([self._weight(frame) for frame in frames]))
        weight = self._figure_weight
        span.error[place] = predicted_error(shares[:, 2] + _AGE * distance).sum()
        span.missing[place] = shares[:, 2].sum()
        span.worst[place] = (weight * shares[:, 0] + (1 - weight) * shares[:, 1]).max()

    def _weight(self, frame: int) -> Numbers:
        if frame not in self._weights:
            self._weights[frame] = coverage.weights(self._window.frame(frame).matte, self._figure_weight)
            while len(self._weights) > 5 * self._table.reach + 5:
                del self._weights[min(self._weights)]
        return self._weights[frame]

    def _relative_sharpness(self) -> Numbers:
        table = self._table
        every = self._window.sharpness
        values = np.array([every[frame] for frame in range(table.first, table.last + 1)], np.float32)
        near = 5
        around = np.array([values[max(0, i - near) : i + near + 1].max() for i in range(len(values))], np.float32)
        relative = np.clip(values / np.maximum(around, np.float32(1e-6)), 0.5, 1)
        return relative[table.candidates - table.first].astype(np.float32)


def predicted_error(missing: Numbers) -> Numbers:
    """Error of carried frames, any unit, from the share of the picture that their keys do not show."""
    return np.minimum(missing, 1) ** np.float32(_POWER)


class _Window:
    """Reduced frames, read once each while the candidates pass by; bounded by the reach."""

    def __init__(self, context: StageContext, scene: tuple[int, int], reach: int) -> None:
        self._context = context
        self._size = coverage.small_size(context.footage.width, context.footage.height)
        self._frames: OrderedDict[int, coverage.SmallFrame] = OrderedDict()
        self._scene = scene
        self._most = 3 * reach + 3 + max(reach // _CANDIDATES_AHEAD, (scene[1] - scene[0]) // _MOST_CANDIDATES)
        self._last_pair: tuple[int, tuple[Flow, Flow]] | None = None
        self.sharpness: dict[int, float] = {}

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
            forward, backward = load_pair(self._context.path(FLOW_FOLDER, frame))
            small = coverage.shrink_flow(forward, self._size), coverage.shrink_flow(backward, self._size)
            self._last_pair = (frame, small)
        return self._last_pair[1]

    def _read(self, frame: int) -> coverage.SmallFrame:
        context, size = self._context, self._size
        image8 = context.read_rgb8("frames", frame)
        has_matte = context.is_enabled("matte")
        matte = context.read_grey("matte", frame) if has_matte else np.zeros(image8.shape[:2], np.float32)
        first, last = self._scene
        to_previous = self._pair(frame - 1)[1] if frame > first else None
        to_next = self._pair(frame)[0] if frame < last else None
        self.sharpness[frame] = coverage.sharpness(grey8(image8), matte)
        return coverage.SmallFrame(
            colour=coverage.shrink(image8.astype(np.float32) * np.float32(1 / 255), size),
            matte=coverage.cells(coverage.shrink(matte, size)),
            to_next=to_next,
            to_previous=to_previous,
            sharpness=self.sharpness[frame],
        )
