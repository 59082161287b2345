# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses keys greedily: always the frame that shows most of what the keys so far do not."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..key_list import Key

Numbers = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Demand:
    """What is asked of the keys of a scene.

    Attributes:
        count: This many, fixed ones included; 0 as many as needed.
        coverage: Share of every frame that a key must show.
        figure_weight: What the figure counts against the ground, 0..1.
        minimum_gap: Frames between two keys at least.
        maximum_gap: Frames from a key at most.
    """

    count: int
    coverage: float
    figure_weight: float
    minimum_gap: int
    maximum_gap: int


@dataclass
class SceneTable:
    """What each candidate fails to show of its neighbours.

    Attributes:
        first: First frame of the scene.
        last: Last frame.
        reach: Frames looked at on either side of a candidate.
        rows: For each candidate float32 (2, 2 * reach + 1): share of the figure and of the ground not shown, by
            distance from -reach to reach; 1 where nothing is known.
        sharpness: For each frame of the scene.
    """

    first: int
    last: int
    reach: int
    rows: dict[int, Numbers] = field(default_factory=dict[int, Numbers])
    sharpness: list[float] = field(default_factory=list[float])


class Chooser:
    """Chooses the keys of one scene.

    Args:
        table: What the candidates fail to show.
        demand: What is asked.
        fixed: Frames that are keys already (the artist's, locked ones).
        removed: Frames that must not be keys.
    """

    def __init__(self, table: SceneTable, demand: Demand, fixed: list[int], removed: tuple[int, ...]) -> None:
        self.table = table
        self.demand = demand
        self.keys: list[Key] = []
        self._removed = removed
        self._taken = list(fixed)
        self._size = table.last - table.first + 1
        self._missing = np.ones((2, self._size), np.float32)
        self._by = np.zeros(self._size, np.int64)
        self._gap = max(1, demand.minimum_gap)
        self._sharp = self._relative_sharpness()
        for frame in fixed:
            self._cover(frame)

    def choose(self) -> list[Key]:
        """The new keys, in the order they were chosen."""
        if not self._taken:
            self._add(self._best(range(self.table.first, self.table.last + 1)), first=True)
        while not self._enough():
            frame = self._best(self._where_needed())
            if frame is not None:
                self._add(frame)
            elif self.demand.count and self._gap > 1:
                # The number asked for goes before the gap asked for.
                self._gap //= 2
            else:
                break
        return self.keys

    def shortfall(self) -> float:
        """The weighted share of the worst frame that no key shows."""
        return float(self._weighted(self._missing).max())

    def _weighted(self, shares: Numbers) -> Numbers:
        weight = np.float32(self.demand.figure_weight)
        return weight * shares[0] + (1 - weight) * shares[1]

    def _enough(self) -> bool:
        if self.demand.count:
            return len(self._taken) >= self.demand.count
        return self.shortfall() <= 1 - self.demand.coverage and self._widest_gap() <= self.demand.maximum_gap

    def _distance(self) -> npt.NDArray[np.int64]:
        frames = np.arange(self.table.first, self.table.last + 1)
        return np.abs(frames[:, None] - np.array(self._taken)[None, :]).min(1)

    def _widest_gap(self) -> int:
        return int(self._distance().max())

    def _where_needed(self) -> range:
        """The frames worth looking at: all, or those around the one that is too far from every key."""
        if not self.demand.count and self.shortfall() <= 1 - self.demand.coverage:
            far = self.table.first + int(self._distance().argmax())
            return range(far - self.demand.maximum_gap // 2, far + self.demand.maximum_gap // 2 + 1)
        return range(self.table.first, self.table.last + 1)

    def _best(self, frames: range) -> int | None:
        allowed = [frame for frame in self.table.rows if frame in frames and self._may_be_key(frame)]
        if not allowed:
            return None
        # The worst frames count most: a mean alone would leave single frames uncovered for good.
        present = np.square(self._weighted(self._missing))
        gains = [self._gain(frame, present) * self._sharp[frame - self.table.first] for frame in allowed]
        best = int(np.argmax(np.array(gains)))
        return allowed[best] if gains[best] > 0 else None

    def _may_be_key(self, frame: int) -> bool:
        near_removed = any(abs(frame - other) <= self._gap // 2 for other in self._removed)
        return not near_removed and all(abs(frame - other) >= self._gap for other in self._taken)

    def _window(self, frame: int) -> tuple[slice, slice]:
        """Slices of the scene and of a candidate's row that name the same frames."""
        low = max(self.table.first, frame - self.table.reach)
        high = min(self.table.last, frame + self.table.reach)
        start = low - frame + self.table.reach
        return slice(low - self.table.first, high - self.table.first + 1), slice(start, start + high - low + 1)

    def _gain(self, frame: int, present: Numbers) -> float:
        scene, row = self._window(frame)
        shares = np.minimum(self._missing[:, scene], self.table.rows[frame][:, row])
        return float((present[scene] - np.square(self._weighted(shares))).sum())

    def _cover(self, frame: int) -> None:
        scene, row = self._window(frame)
        shares = self.table.rows[frame][:, row]
        better = self._weighted(shares) < self._weighted(self._missing[:, scene])
        self._missing[:, scene] = np.where(better, shares, self._missing[:, scene])
        self._by[scene][better] = frame

    def _add(self, frame: int | None, *, first: bool = False) -> None:
        if frame is None:
            return
        reason = self._first_reason(frame) if first else self._reason(frame)
        self.keys.append(Key(frame, reason, added_by="lineboil"))
        self._taken.append(frame)
        self._cover(frame)

    def _first_reason(self, frame: int) -> str:
        if self.table.first == self.table.last:
            return "the only frame of the scene"
        if frame == self.table.first:
            return "first frame of the scene"
        return "shows more of the scene than any other frame"

    def _reason(self, frame: int) -> str:
        index = frame - self.table.first
        figure, ground = (float(share) for share in self._missing[:, index])
        by = int(self._by[index])
        weight = self.demand.figure_weight
        share, what = figure, "the character"
        if figure == ground:
            what = "the picture"
        elif weight * figure < (1 - weight) * ground:
            share, what = ground, "the background"
        if not by or self._where_needed() != range(self.table.first, self.table.last + 1):
            return f"the next key is more than {self.demand.maximum_gap} frames away"
        return f"{share:.0%} of {what} is not covered by frame {by}".replace("%", " %")

    def _relative_sharpness(self) -> Numbers:
        values = np.array(self.table.sharpness or [1.0] * self._size, np.float32)
        reach = max(2, self.demand.minimum_gap)
        around = np.array([values[max(0, i - reach) : i + reach + 1].max() for i in range(len(values))], np.float32)
        return np.clip(values / np.maximum(around, np.float32(1e-6)), 0.5, 1).astype(np.float32)
