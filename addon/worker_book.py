# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker was asked and has not answered yet; each request gets exactly one last message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .engine.errors import Cancelled, EngineError
from .engine.messages import Done, Failed, Message
from .engine.requests import LIGHT_VERBS, Ask, Free, Request

Answer = tuple[int, Message]

_LIGHT = tuple((verb,) for verb in LIGHT_VERBS)


@dataclass
class Open:
    """A request that is not answered yet.

    Attributes:
        is_sent: Whether the process that runs now was told.
        cancelled_at: The clock when it was cancelled; None when it was not.
    """

    ask: Ask
    is_sent: bool = False
    cancelled_at: float | None = None

    @property
    def is_light(self) -> bool:
        """Whether the worker answers it at once, beside the one it works on."""
        return isinstance(self.ask, Request) and self.ask.command[:1] in _LIGHT


class Book:
    """Open requests by their number, in order, and the answers nobody has fetched yet."""

    def __init__(self) -> None:
        self.open: dict[int, Open] = {}
        self._answers: list[Answer] = []

    def add(self, ask: Ask) -> None:
        """Open a request."""
        self.open[ask.id] = Open(ask)

    def tell(self, number: int, message: Message) -> None:
        """Keep an answer that belongs to no open request, or to the worker itself (0)."""
        self._answers.append((number, message))

    def hear(self, number: int, message: Message) -> None:
        """Keep what the process says of a request it was told, and close that with its last message."""
        if number in self.open and self.open[number].is_sent:
            self._answers.append((number, message))
            if isinstance(message, Done | Failed):
                del self.open[number]

    def fail(self, numbers: Sequence[int], error: EngineError) -> None:
        """Close requests with an error; those that are not open are left out."""
        message = Failed(error.what, error.where, error.remedy, type(error).__name__, error.exit_code)
        for number in numbers:
            if self.open.pop(number, None) is not None:
                self._answers.append((number, message))

    def take(self) -> list[Answer]:
        """The answers so far, which are then forgotten here."""
        answers, self._answers = self._answers, []
        return answers

    def give_back(self, answers: list[Answer]) -> None:
        """Put answers that were taken before all others."""
        self._answers[:0] = answers

    def in_work(self) -> int:
        """The request the process works on as far as can be told; the first that waits when it was told none; or 0."""
        sent = [number for number, entry in self.open.items() if entry.is_sent]
        heavy = [number for number in sent if not self.open[number].is_light]
        return next(iter(heavy or sent or self.open), 0)

    def cancelled_before(self, moment: float) -> list[int]:
        """Open requests that were cancelled before a clock reading."""
        return [
            number for number, entry in self.open.items()
            if entry.cancelled_at is not None and entry.cancelled_at < moment
        ]

    def postpone(self, seconds: float) -> None:
        """Time that does not count has passed."""
        for entry in self.open.values():
            if entry.cancelled_at is not None:
                entry.cancelled_at += seconds

    def lose_process(self) -> None:
        """The process has gone: what is left waits for the next one, unless that is of no use any more."""
        for number, entry in list(self.open.items()):
            entry.is_sent = False
            if entry.cancelled_at is not None:
                self.fail([number], Cancelled())
            elif isinstance(entry.ask, Free):
                del self.open[number]
                self._answers.append((number, Done({"freed": []})))
