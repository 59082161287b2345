# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests of a worker one after the other: each is answered once, by `done` or by `failed`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from .errors import Cancelled
from .messages import Done, Failed, Message, Reporter
from .serve_lines import Outbox

Work = Callable[[Reporter], Done | Failed]

class Task:
    """One request: reporter of its work, and what has become of it.

    Args:
        request: Its id.
        work: Does it; takes the reporter, returns the last message.
        outbox: Where the messages go.
        on_end: Told when it is answered.
    """

    def __init__(self, request: int, work: Work, outbox: Outbox, on_end: Callable[[Task], None]) -> None:
        self.request = request
        self._work = work
        self._outbox = outbox
        self._on_end = on_end
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._is_waiting = True

    def send(self, message: Message) -> bool:
        """Deliver a message of the request; True when it shall stop."""
        self._outbox.send(message, self.request)
        return self._stop.is_set()

    def run(self) -> None:
        """Do the work and answer; nothing when it was cancelled while it waited."""
        if self._claim():
            self._answer(self._work(self))

    def cancel(self) -> None:
        """Answer at once when it still waits; otherwise its work is asked to stop, and answers."""
        self._stop.set()
        if self._claim():
            error = Cancelled("Stopped before it began")
            self._answer(Failed(error.what, error=type(error).__name__, exit_code=error.exit_code))

    def _claim(self) -> bool:
        with self._lock:
            was_waiting, self._is_waiting = self._is_waiting, False
        return was_waiting

    def _answer(self, message: Done | Failed) -> None:
        self._on_end(self)
        self._outbox.send(message, self.request)


class Lane:
    """A queue of tasks, done in order of arrival by whoever calls `work`.

    Attributes:
        busy: Id of the request that is being done; 0 for none.
    """

    def __init__(self) -> None:
        self.busy = 0
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()

    def put(self, task: Task) -> None:
        """Append a task."""
        self._tasks.put(task)

    def close(self) -> None:
        """Have `work` return after the tasks there are."""
        self._tasks.put(None)

    def work(self) -> None:
        """Do tasks until the lane is closed."""
        while (task := self._tasks.get()) is not None:
            self.busy = task.request
            task.run()
            self.busy = 0
