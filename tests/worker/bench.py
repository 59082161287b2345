"""A worker's client on a fake process, with a clock that tests move."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from lineboil.addon.engine.errors import EngineError
from lineboil.addon.engine.messages import Done, Failed, Message
from lineboil.addon.worker import Worker
from processes import until

FAKE = Path(__file__).with_name("fake_worker.py")


class Clock:
    """A clock that only moves when it is looked at, a millisecond at a time, or when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


class Bench:
    """A worker on a fake process, everything it said, and the processes that were started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock()
        self.modes: list[str] = []
        self.mode = "well"
        self.said: list[tuple[int, Message]] = []
        self.error: EngineError | None = None
        self.python = sys.executable
        self.worker = Worker(self.start, clock=self.clock)

    def start(self) -> tuple[list[str], Path, dict[str, str]]:
        if self.error:
            raise self.error
        self.modes.append(self.mode)
        return [self.python, "-I", str(FAKE), self.mode], self.folder / "worker.log", {"FAKE": "yes"}

    def poll(self) -> list[tuple[int, Message]]:
        found = self.worker.poll()
        self.said += found
        return found

    def until(self, is_reached: Callable[[], object], step_seconds: float = 0.0) -> None:
        """Poll until something is reached; the worker's clock goes `step_seconds` on with each poll."""

        def is_reached_now() -> bool:
            if is_reached():
                return True
            self.poll()
            self.clock.now += step_seconds
            return False

        until(is_reached_now, lambda: (self.said[-5:], self.worker.state))

    def until_ready(self) -> None:
        self.until(lambda: self.worker.hello)

    def until_answered(self, step_seconds: float = 0.0) -> None:
        self.until(lambda: not self.worker.open_requests, step_seconds)
        self.poll()

    def of(self, request: int, kind: type[Message]) -> list:
        return [message for number, message in self.said if number == request and isinstance(message, kind)]

    def ends(self, request: int) -> list:
        return [message for number, message in self.said if number == request and isinstance(message, Done | Failed)]

    def failure(self, request: int) -> Failed:
        (end,) = self.ends(request)
        assert isinstance(end, Failed), end
        return end

    def is_done(self, request: int) -> bool:
        (end,) = self.ends(request)
        return isinstance(end, Done)
