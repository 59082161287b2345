# SPDX-License-Identifier: GPL-3.0-or-later
"""Where messages go: text for people, JSON lines for programs."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from . import messages
from .messages import Message

_COLOURS = {"green": "32", "yellow": "33", "red": "31", "dim": "2", "bold": "1"}
_PLAIN_INTERVAL_SECONDS = 5.0


class JsonReporter:
    """One JSON object a line.

    Args:
        stream: Where the lines go.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.stop = threading.Event()

    def send(self, message: Message) -> bool:
        """Write the message; True once `stop` is set."""
        self.stream.write(messages.encode(message) + "\n")
        self.stream.flush()
        return self.stop.is_set()


class TextReporter:
    """Lines for a person; on a terminal the progress line is drawn over.

    Args:
        stream: Where the text goes.
        environment: Looked at for NO_COLOR; the process's own when not given.
    """

    def __init__(self, stream: TextIO, environment: Mapping[str, str] | None = None) -> None:
        self.stream = stream
        self.is_terminal = stream.isatty()
        values = os.environ if environment is None else environment
        self.has_colour = self.is_terminal and not values.get("NO_COLOR") and values.get("TERM") != "dumb"
        self.stop = threading.Event()
        self._line_width = 0
        self._last_plain = 0.0
        self._up_to_date: list[str] = []
        self._show: dict[str, Callable[[Any], None]] = {
            "stage_started": self._stage_started, "progress": self._progress, "stage_done": self._stage_done,
            "note": self._note, "warning": self._warning, "preview": self._preview, "status": self._status,
            "failed": self._failed, "done": self._done,
        }

    def send(self, message: Message) -> bool:
        """Show the message; True once `stop` is set. What a worker tells programs is not for people: not shown."""
        show = self._show.get(message.kind)
        if show is not None:
            show(message)
        return self.stop.is_set()

    def paint(self, text: str, colour: str) -> str:
        """Text in a colour where the stream shows colours."""
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self.has_colour else text

    def line(self, text: str) -> None:
        """A line that stays."""
        self._wipe()
        if self._up_to_date:
            names, self._up_to_date = ", ".join(self._up_to_date), []
            self.stream.write(self.paint(f"up to date: {names}", "dim") + "\n")
        self.stream.write(text + "\n")
        self.stream.flush()

    def _wipe(self) -> None:
        if self._line_width:
            self.stream.write("\r" + " " * self._line_width + "\r")
            self._line_width = 0

    def _stage_started(self, message: messages.StageStarted) -> None:
        self._last_plain = time.monotonic()
        if message.finished:
            self.line(f"{message.stage:<10} goes on: {message.finished} finished, {message.pending} to do")

    def _progress(self, message: messages.Progress) -> None:
        amount = f"{message.done} %" if message.unit == "%" else f"{message.done}/{message.total} {message.unit}"
        text = f"{message.stage:<10} {message.what}  {amount}"
        if message.rate > 0:
            text += f"  {message.rate:.1f}/s" if message.rate >= 1 else f"  {1 / message.rate:.1f} s each"
        if message.seconds_left >= 0 and message.done < message.total:
            text += f"  {duration(message.seconds_left)} left"
        if self.is_terminal:
            self._wipe()
            self.stream.write(text)
            self.stream.flush()
            self._line_width = len(text)
        elif time.monotonic() - self._last_plain >= _PLAIN_INTERVAL_SECONDS:
            self._last_plain = time.monotonic()
            self.line(text)

    def _stage_done(self, message: messages.StageDone) -> None:
        if message.passed_through:
            return None
        if not message.made and not message.seconds:
            # One line for all of them, when something else is to be said.
            self._up_to_date.append(message.stage)
            return None
        count = f"{message.made} made, {message.reused} kept, " if message.made or message.reused else ""
        self.line(f"{self.paint(f'{message.stage:<10} done', 'green')}  {count}{duration(message.seconds)}")

    def _note(self, message: messages.Note) -> None:
        self.line(f"{message.stage:<10} {message.text}" if message.stage else message.text)

    def _warning(self, message: messages.Warned) -> None:
        self.line(f"{message.stage:<10} {self.paint('warning:', 'yellow')} {message.text}")

    def _preview(self, message: messages.Preview) -> None:
        self.line(f"{message.stage:<10} picture of frame {message.frame}: {message.path}")

    def _status(self, message: messages.Status) -> None:
        colour = {"done": "green", "stale": "yellow", "partial": "yellow"}.get(message.state, "dim")
        count = f"{message.finished}/{message.total}" if message.total else ""
        facts = ", ".join(f"{key} {value}" for key, value in message.facts.items() if value != "" and _is_short(value))
        text = "; ".join(part for part in (message.why, facts) if part)
        self.line(f"{message.stage:<10} {self.paint(f'{message.state:<8}', colour)} {count:>9}  {text}".rstrip())

    def _failed(self, message: messages.Failed) -> None:
        head = f"{message.where}: {message.what}." if message.where else f"{message.what}."
        self.line(f"{self.paint('error:', 'red')} {head} {message.remedy}".rstrip())

    def _done(self, message: messages.Done) -> None:
        if self._up_to_date and not message.result:
            self.line("nothing to do")
        for key, value in message.result.items():
            if isinstance(value, str | int | float):
                self.line(f"{key}: {value}")


def _is_short(value: Any) -> bool:
    return isinstance(value, str | int | float) and len(str(value)) <= 60


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(75)
    '1 min 15 s'
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
