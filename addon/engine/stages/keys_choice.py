# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses keys by dynamic programming: of all choices that keep the rules, one with the least predicted error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .keys_table import SceneTable, Span

Values = npt.NDArray[np.float64]
Frames = list[int]

# What a key adds that is half as sharp as its neighbours, to the error of every frame it serves: as much as showing
# nothing. A little blur adds next to nothing.
_BLURRED = 1.0
# Above every error there can be, so that fewer keys go before less error, and the rules before fewer keys.
_A_KEY = 1e5
_A_FAULT = 1e11


@dataclass(frozen=True)
class Demand:
    """What is asked of the keys of a scene.

    Attributes:
        coverage: Share of every frame that a key must show when their number is open.
        figure_weight: What the figure counts against the ground, 0..1.
        minimum_gap: Frames between two keys at least.
        maximum_gap: Frames from a key at most.
    """

    coverage: float
    figure_weight: float
    minimum_gap: int
    maximum_gap: int


@dataclass(frozen=True)
class Choice:
    """Keys of a scene, and what is predicted of them.

    Attributes:
        frames: Ascending, the fixed ones among them.
        error: Predicted error, any unit, added up over the frames.
        missing: Share of the picture that no key shows, added up.
        worst: Of the frame where most is missing, 0..1.
    """

    frames: tuple[int, ...]
    error: float
    missing: float
    worst: float


class Chooser:
    """Chooses the keys of one scene.

    Args:
        table: What the candidates fail to show.
        demand: What is asked.
        fixed: Frames that are keys already (the artist's, locked ones).
        removed: Frames that must not be keys.

    Attributes:
        blur: What each candidate adds to the error of a frame it serves, for want of sharpness; (candidates,).
    """

    def __init__(self, table: SceneTable, demand: Demand, fixed: Frames, removed: tuple[int, ...]) -> None:
        self.table = table
        self.demand = demand
        self._fixed = np.isin(table.candidates, fixed)
        self._removed = removed
        # A fixed key stays whatever it costs.
        self.blur = np.where(self._fixed, 0, _BLURRED * (2 * (1 - table.sharpness)) ** 4).astype(np.float32)

    def by_number(self, most: int) -> dict[int, Choice]:
        """The best choice of every number of keys up to `most` that the scene has room for, fixed ones included.

        The number goes before the minimum gap: where it asks for more, keys come closer.
        """
        most = max(1, min(most, len(self.table.candidates)))
        found: dict[int, Choice] = {}
        gap = self.demand.minimum_gap
        while True:
            for frames in self._of_every_number(most, gap):
                found.setdefault(len(frames), self.judged(frames))
            if gap <= 1 or max(found, default=0) >= most:
                return found
            gap //= 2

    def as_needed(self) -> Choice:
        """As few keys as show every frame as demanded, and of those the best."""
        steps = _Steps(self, self.demand.minimum_gap)
        count = len(self.table.candidates)
        best, back = np.full(count, np.inf), np.full(count, -1)
        for index in range(count):
            if not steps.may[index]:
                continue
            best[index] = self._demanded(steps.start(index), steps.start_distance(index)) + steps.start_rule(index)
            if index:
                values = best[:index] + self._demanded(steps.to(index), steps.distance(index)) + steps.rule(index)
                before = int(values.argmin())
                if values[before] < best[index]:
                    best[index], back[index] = values[before], before
        ends = best + self._demanded(steps.end(), steps.end_distance()) + steps.end_rule()
        index = int(ends.argmin())
        if not np.isfinite(ends[index]):
            return self.judged([])
        chain = [index]
        while back[chain[-1]] >= 0:
            chain.append(int(back[chain[-1]]))
        return self.judged(self.table.candidates[chain[::-1]].tolist())

    def judged(self, frames: Frames) -> Choice:
        """What is predicted of keys that are all candidates."""
        table = self.table
        if not frames:
            size = table.last - table.first + 1
            return Choice((), float(size), float(size), 1.0)
        steps = _Steps(self, 1)
        at = np.searchsorted(table.candidates, frames).tolist()
        spans = [steps.start(at[0])]
        for before, after in zip(at, at[1:], strict=False):
            span = steps.to(after)
            spans.append(Span(span.error[before], span.missing[before], span.worst[before]))
        end = steps.end()
        spans.append(Span(end.error[at[-1]], end.missing[at[-1]], end.worst[at[-1]]))
        return Choice(
            tuple(frames),
            float(sum(float(span.error) for span in spans)),
            float(sum(float(span.missing) for span in spans)),
            max(float(span.worst) for span in spans),
        )

    def may_be_keys(self, gap: int) -> npt.NDArray[np.bool_]:
        """Which candidates may be keys: none near one that was removed."""
        candidates = self.table.candidates
        may = np.ones(len(candidates), np.bool_)
        for frame in self._removed:
            may &= np.abs(candidates - frame) > gap // 2
        return may | self._fixed

    @property
    def is_fixed(self) -> npt.NDArray[np.bool_]:
        """Which candidates are keys in any case."""
        return self._fixed

    def _demanded(self, span: Span, distance: Values | float) -> Values:
        """What a step costs when the number is open: faults first, then a key, then the error."""
        missing = np.maximum(0, span.worst - (1 - self.demand.coverage) - 1e-6)
        far = np.maximum(0, distance - self.demand.maximum_gap)
        # Counted in whole thousandths of frames: what little is left of a fault must not outweigh a key by rounding.
        faults = np.floor(1e3 * missing) + 1e3 * far
        return np.asarray(_A_FAULT * faults + _A_KEY + span.error, np.float64)

    def _of_every_number(self, most: int, gap: int) -> list[Frames]:
        steps = _Steps(self, gap)
        count = len(self.table.candidates)
        best, back = np.full((most, count), np.inf), np.zeros((most, count), np.int32)
        for index in range(count):
            if not steps.may[index]:
                continue
            best[0, index] = steps.start(index).error + steps.start_rule(index)
            if index and most > 1:
                values = best[:-1, :index] + (steps.to(index).error + steps.rule(index))
                back[1:, index] = values.argmin(1)
                best[1:, index] = values.min(1)
        ends = best + steps.end().error + steps.end_rule()
        return [self._chain(back, ends, number) for number in range(most) if np.isfinite(ends[number].min())]

    def _chain(self, back: npt.NDArray[np.int32], ends: Values, number: int) -> Frames:
        index = int(ends[number].argmin())
        chain = [index]
        for left in range(number, 0, -1):
            index = int(back[left, index])
            chain.append(index)
        return self.table.candidates[chain[::-1]].tolist()


class _Steps:
    """From key to key: what lies between, and whether the rules allow it."""

    def __init__(self, chooser: Chooser, gap: int) -> None:
        self._table = chooser.table
        self._gap = gap
        self._frames = chooser.table.candidates
        self._is_fixed = chooser.is_fixed
        self._blur = chooser.blur
        self._fixed_upto = np.cumsum(chooser.is_fixed)
        self.may = chooser.may_be_keys(gap)

    def start(self, index: int) -> Span:
        """The frames before the first key."""
        span, distance = self._table.before, self.start_distance(index)
        error = span.error[index] + self._blur[index] * np.float32(distance)
        return _with_unknown(
            Span(error, span.missing[index], span.worst[index]), np.asarray(distance - self._table.reach)
        )

    def end(self) -> Span:
        """The frames after the last key, for every candidate; (candidates,)."""
        span, distance = self._table.after, self.end_distance()
        error = (span.error + self._blur * distance).astype(np.float32)
        return _with_unknown(Span(error, span.missing, span.worst), distance - self._table.reach)

    def to(self, index: int) -> Span:
        """The frames between every earlier candidate and this one; (index,)."""
        table = self._table
        far = max(0, index - table.between.error.shape[1])
        near = np.arange(far, index)
        near = near[self._frames[index] - self._frames[near] <= 2 * table.reach]
        far = int(near[0]) if len(near) else index
        alone, own = table.after, table.before
        unknown = self._frames[index] - self._frames[:far] - 1 - 2 * table.reach
        spans = Span(
            alone.error[:far] + own.error[index],
            alone.missing[:far] + own.missing[index],
            np.maximum(alone.worst[:far], own.worst[index]),
        )
        spans = _with_unknown(spans, unknown)
        place = near, index - near - 1
        between = table.between
        served = (self._frames[index] - self._frames[:index]).astype(np.float32) / 2
        return Span(
            np.concatenate([spans.error, between.error[place]]) + (self._blur[:index] + self._blur[index]) * served,
            np.concatenate([spans.missing, between.missing[place]]),
            np.concatenate([spans.worst, between.worst[place]]),
        )

    def start_distance(self, index: int) -> float:
        """Frames from the first key back to the scene's first."""
        return float(self._frames[index] - self._table.first)

    def end_distance(self) -> Values:
        """Frames from every candidate to the scene's last."""
        return (self._table.last - self._frames).astype(np.float64)

    def distance(self, index: int) -> Values:
        """Frames from the middle of every step to this candidate to the nearest key."""
        return (self._frames[index] - self._frames[:index]) // 2 * 1.0

    def start_rule(self, index: int) -> float:
        """0, or infinite where a fixed key would be passed over."""
        return np.inf if self._fixed_upto[index] - self._is_fixed[index] else 0.0

    def end_rule(self) -> Values:
        """The same after every candidate."""
        return np.where(self._fixed_upto[-1] > self._fixed_upto, np.inf, 0.0)

    def rule(self, index: int) -> Values:
        """The same between every earlier candidate and this one; too small a gap is infinite as well."""
        passed = self._fixed_upto[index] - self._is_fixed[index] - self._fixed_upto[:index]
        is_close = self._frames[index] - self._frames[:index] < self._gap
        is_close &= ~(self._is_fixed[:index] & self._is_fixed[index])
        return np.where((passed > 0) | is_close, np.inf, 0.0)


def _with_unknown(span: Span, frames: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> Span:
    """A span with this many frames more that no key reaches."""
    more = np.maximum(frames, 0).astype(np.float32)
    # `predicted_error` of a frame of which nothing is shown is 1.
    return Span(span.error + more, span.missing + more, np.where(more > 0, np.float32(1), span.worst))
