# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of an environment's making."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from .engine.messages import Message, Progress
from .environment_lock import Requirement, megabytes, normal
from .environment_pip import bytes_told

STAGE = "environment"

# Starting pip and unpacking take about as long as fetching this much.
_PACKAGE_MEGABYTES = 3.0


class Meter:
    """Progress of the packages in percent, each counted by its known size.

    Args:
        report: Told the progress.
    """

    _INTERVAL_SECONDS = 0.2

    def __init__(self, report: Callable[[Message], None]) -> None:
        self.report = report
        self.sizes: dict[str, float] = {}
        self.done = 0.0
        self.counts = (0, 0)
        self.name = ""
        self._started = time.monotonic()
        self._last = 0.0

    def begin(self, requirements: list[Requirement], wanted: set[str], locks: Path) -> None:
        """What is to come: the requirements of which only the wanted are fetched."""
        self.sizes = {
            item.name: megabytes(item.name, item.version, locks)[0] + _PACKAGE_MEGABYTES
            for item in requirements if normal(item.name) in wanted
        }
        self.done, self.counts = 0.0, (0, len(self.sizes))
        self._started = time.monotonic()

    def start(self, name: str) -> None:
        """A package begins."""
        self.name = name
        self._tell(0.0)

    def line(self, text: str) -> None:
        """A line of pip, which may tell its bytes."""
        told = bytes_told(text)
        if told is not None and told[1] > 0 and time.monotonic() - self._last >= self._INTERVAL_SECONDS:
            self._tell(min(told[0] / told[1], 1.0) * (self.sizes[self.name] - _PACKAGE_MEGABYTES))

    def finish(self, name: str) -> None:
        """A package is installed."""
        self.done += self.sizes[name]
        self.counts = (self.counts[0] + 1, self.counts[1])
        self._tell(0.0)

    def _tell(self, part: float) -> None:
        self._last = time.monotonic()
        fraction = (self.done + part) / sum(self.sizes.values())
        seconds = self._last - self._started
        left = seconds * (1.0 - fraction) / fraction if fraction > 0 and seconds > 1 else -1.0
        number = min(self.counts[0] + 1, self.counts[1])
        what = f"package {number} of {self.counts[1]}: {self.name}"
        self.report(Progress(STAGE, what, round(100 * fraction), 100, "%", 0.0, round(left, 1)))
