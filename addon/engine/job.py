# SPDX-License-Identifier: GPL-3.0-or-later
"""The talking side of a running stage: progress with rate and time left, notes, and the wish to stop."""

from __future__ import annotations

import time

from .errors import Cancelled
from .messages import Message, Note, Preview, Progress, Reporter, Warned


class Job:
    """Reports for one stage.

    Args:
        reporter: Receives the messages.
        stage: Name of the stage.
    """

    # Often enough to look alive, seldom enough to cost nothing.
    _INTERVAL_SECONDS = 0.1

    def __init__(self, reporter: Reporter, stage: str) -> None:
        self.reporter = reporter
        self.stage = stage
        self._what = ""
        self._started = 0.0
        self._first_done = 0
        self._last_sent = 0.0

    def send(self, message: Message) -> None:
        """Deliver a message.

        Raises:
            Cancelled: The receiver asked to stop.
        """
        if self.reporter.send(message):
            raise Cancelled

    def step(self, what: str, done: int, total: int, unit: str = "frames") -> None:
        """Progress of a pass: `done` of `total`. Call it once a frame.

        Raises:
            Cancelled: The receiver asked to stop.
        """
        now = time.monotonic()
        if what != self._what or done < self._first_done:
            self._what, self._started, self._first_done, self._last_sent = what, now, done, 0.0
        if done < total and now - self._last_sent < self._INTERVAL_SECONDS:
            return
        self._last_sent = now
        seconds = now - self._started
        rate = (done - self._first_done) / seconds if seconds > 0 and done > self._first_done else 0.0
        left = (total - done) / rate if rate > 0 else -1.0
        self.send(Progress(self.stage, what, done, total, unit, round(rate, 3), round(left, 1)))

    def note(self, text: str) -> None:
        """A choice the engine made."""
        self.send(Note(self.stage, text))

    def warn(self, text: str) -> None:
        """Something the artist should know; the work goes on."""
        self.send(Warned(self.stage, text))

    def preview(self, frame: int, path: str) -> None:
        """A picture worth showing now."""
        self.send(Preview(self.stage, frame, path))
