# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of one piece of work and of one stage, from the messages of the process that does it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .engine.errors import EngineError
from .engine.messages import Done, Failed, Message, Note, Preview, Progress, StageDone, StageStarted, Warned
from .engine.reporters import duration

STOPPED = "Cancelled"
_KEPT_LINES = 50


@dataclass
class StageView:
    """How a stage stands, as a panel shows it.

    Attributes:
        standing: `done`, `stale`, `partial`, `missing`, `off`, `running`, `failed`, or `unknown` before it was asked.
        finished: Frames that are made.
        total: Frames there will be; 0 when the stage makes no frames, or while unknown.
        why: The reason in words.
        facts: What the stage told of itself.
        error: Why it failed, when it did.
    """

    standing: str = "unknown"
    finished: int = 0
    total: int = 0
    why: str = ""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    error: Failed | None = None


@dataclass
class Task:
    """One piece of work, running or ended.

    Attributes:
        title: What the artist asked for ("Run All").
        command: Words of the command line that do it.
        shot: The shot it belongs to; None for the environment and other work without one.
        planned: Stages it will go through, as far as known.
        request: Its number at the worker; 0 when another process does it.
        stage: The stage in work.
        what: What that stage is doing.
        done: Of `total` in `unit`.
        rate: Units per second; 0 while unknown.
        seconds_left: Of what the stage is doing; -1 while unknown.
        has_worked: Whether any stage had something to make.
        preview: The last picture worth showing.
        error: Why it ended, unless it ended well.
        result: What it answered.
        is_over: Nothing more will come.
        is_cancelling: It was asked to stop and has not yet.
    """

    title: str
    command: tuple[str, ...] = ()
    shot: Path | None = None
    planned: tuple[str, ...] = ()
    request: int = 0
    stage: str = ""
    what: str = ""
    done: int = 0
    total: int = 0
    unit: str = "frames"
    rate: float = 0.0
    seconds_left: float = -1.0
    has_worked: bool = False
    notes: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    preview: str = ""
    error: Failed | None = None
    result: dict[str, Any] | None = None
    is_over: bool = False
    is_cancelling: bool = False
    seconds: float = 0.0
    _started: float = field(default_factory=time.monotonic)
    _finished_stages: set[str] = field(default_factory=set[str])
    _fraction: float = 0.0

    @property
    def is_cancelled(self) -> bool:
        """Whether it ended because it was asked to."""
        return self.error is not None and self.error.error == STOPPED

    @property
    def fraction(self) -> float:
        """How far it is, 0 to 1, over all its stages as far as known; never goes back."""
        if self.is_over and self.error is None:
            return 1.0
        part = min(1.0, self.done / self.total) if self.total > 0 else 0.0
        stages = max(1, len(self.planned))
        finished = len(self._finished_stages & set(self.planned))
        is_counted = self.stage in self._finished_stages or (self.planned and self.stage not in self.planned)
        within = 0.0 if is_counted else part
        self._fraction = max(self._fraction, min(0.999, (finished + within) / stages))
        return self._fraction

    def label(self) -> str:
        """What goes on, in one line: `matte  12/72 frames  3.1/s  20 s left`."""
        if self.is_over:
            return self.sentence()
        if self.is_cancelling:
            return "Stopping…"
        parts = [self.stage or self.title]
        if self.total > 0:
            parts.append(_amount(self.done, self.total, self.unit))
        elif self.what:
            parts.append(self.what)
        if self.rate > 0 and self.unit != "bytes":
            parts.append(f"{self.rate:.1f}/s" if self.rate >= 1 else f"{1 / self.rate:.1f} s each")
        if self.seconds_left >= 0 and self.done < self.total:
            parts.append(f"{duration(self.seconds_left)} left")
        return "  ".join(parts)

    def sentence(self) -> str:
        """How it ended, for a person."""
        if self.is_cancelled:
            return "Stopped; what is finished is kept."
        if self.error is not None:
            return EngineError(self.error.what, where=self.error.where, remedy=self.error.remedy).sentence()
        if self.planned and not self.has_worked and len(self._finished_stages) == len(self.planned):
            return f"{self.title}: everything was up to date."
        return f"{self.title}: done in {duration(self.seconds)}." if self.seconds >= 1 else f"{self.title}: done."

    def apply(self, message: Message) -> bool:
        """Take in a message of this task; True when there is something new to show."""
        if self.is_over:
            return False
        if isinstance(message, StageStarted):
            self._begin_stage(message)
        elif isinstance(message, Progress):
            self._progress(message)
        elif isinstance(message, StageDone):
            self._finished_stages.add(message.stage)
            self.has_worked |= bool(message.made or message.seconds)
        elif isinstance(message, Note):
            _keep(self.notes, message.text)
        elif isinstance(message, Warned):
            _keep(self.warnings, message.text)
        elif isinstance(message, Preview):
            self.preview = message.path
        elif isinstance(message, Done):
            self.end(result=message.result)
        elif isinstance(message, Failed):
            self.end(error=message)
        else:
            return False
        return True

    def end(self, *, result: dict[str, Any] | None = None, error: Failed | None = None) -> None:
        """Nothing more will come."""
        self.result, self.error = result, error
        self.is_over, self.is_cancelling = True, False
        self.seconds = time.monotonic() - self._started

    def _begin_stage(self, message: StageStarted) -> None:
        self.stage, self.what = message.stage, ""
        self.done, self.total = message.finished, message.finished + message.pending
        self.unit, self.rate, self.seconds_left = "frames", 0.0, -1.0

    def _progress(self, message: Progress) -> None:
        self.stage, self.what, self.unit = message.stage, message.what, message.unit
        self.done, self.total = message.done, message.total
        self.rate, self.seconds_left = message.rate, message.seconds_left


def _keep(lines: list[str], text: str) -> None:
    if not lines or lines[-1] != text:
        lines.append(text)
    del lines[:-_KEPT_LINES]


def _amount(done: int, total: int, unit: str) -> str:
    if unit == "bytes":
        return f"{done / 1e6:.0f}/{total / 1e6:.0f} MB"
    if unit == "%":
        return f"{done} %"
    return f"{done}/{total} {unit}"
