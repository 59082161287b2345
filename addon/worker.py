# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker as Blender sees it: requests in, messages out, whatever the process does (docs/worker-protocol.md).

No threads: everything happens in `poll`, which the main loop calls a few times a second.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from .child import Child
from .engine import requests
from .engine.errors import Cancelled, EngineError
from .engine.messages import PROTOCOL_VERSION, Done, Heartbeat, Hello, Message, Warned, decode_answer
from .engine.requests import Ask, Cancel, Free, Request
from .worker_book import Answer, Book

State = Literal["off", "starting", "ready", "busy", "failed"]

_MOST_DEATHS = 3
_DEATHS_WITHIN_SECONDS = 60.0
_MOST_GARBAGE = 1000
# Longer without a poll, and what the clock says about the worker's silence means nothing.
_ABSENT_SECONDS = 5.0
_AGAIN = "Run again: what is finished is kept."
_MEND = "Check the environment in the extension's preferences, and repair it if needed."


class Worker:
    """Starts the worker when there is something to do, and again when it dies.

    Every request is answered by exactly one `done` or `failed`, also when the process dies, hangs, talks nonsense or
    cannot be started: the request it worked on then fails, those that waited go to the next process. After three
    deaths within a minute all fail, and nothing is started until that minute is over.

    Args:
        start: Gives the command line, the log file and the variables; raises EngineError when it cannot be started.
        hello_seconds: How long a new process may take until it says hello.
        silence_seconds: How long it may say nothing after that; it sends a heartbeat every second.
        cancel_seconds: How long it may work on after its request was cancelled.
        clock: Seconds, for tests.

    Attributes:
        hello: What the running process said of itself.
        heartbeat: Its last sign of life, with the memory it takes.
        log: Where its standard error goes; None before the first start.
    """

    def __init__(
        self,
        start: Callable[[], tuple[list[str], Path, dict[str, str]]],
        *,
        hello_seconds: float = 60.0,
        silence_seconds: float = 30.0,
        cancel_seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start = start
        self._hello_seconds = hello_seconds
        self._silence_seconds = silence_seconds
        self._cancel_seconds = cancel_seconds
        self._clock = clock
        self._numbers = itertools.count(1)
        self._book = Book()
        self._lines: deque[str] = deque()
        self._deaths: deque[float] = deque(maxlen=_MOST_DEATHS)
        self._child: Child | None = None
        self._ending: list[Child] = []
        self._has_failed = False
        self._garbage = 0
        self._heard_at = 0.0
        self._polled_at = 0.0
        self.hello: Hello | None = None
        self.heartbeat: Heartbeat | None = None
        self.log: Path | None = None

    @property
    def state(self) -> State:
        """`failed` is a process that has ended or could not be started; the next request starts a new one."""
        if self._child is None:
            return "failed" if self._has_failed else "off"
        if self.hello is None:
            return "starting"
        return "busy" if self._book.open else "ready"

    @property
    def open_requests(self) -> tuple[int, ...]:
        """Requests without an answer, in order."""
        return tuple(self._book.open)

    def request(self, command: Sequence[str]) -> int:
        """Ask for what the words of a command line say; returns the id its messages will carry.

        Raises:
            EngineError: The worker cannot be started; nothing is asked then.
        """
        while self._child is not None and not self._child.is_alive():
            # What died before this was asked must not take it along.
            self._book.give_back(self.poll())
        if self._child is None:
            self._launch()
        return self._ask(Request(next(self._numbers), tuple(command)))

    def free(self) -> int:
        """Ask for the memory of loaded models; returns the id. A worker that does not run has nothing to give."""
        number = next(self._numbers)
        if self._child is None:
            self._book.tell(number, Done({"freed": []}))
            return number
        return self._ask(Free(number))

    def cancel(self, request: int) -> None:
        """Ask to stop a request; it is answered by `failed` with error "Cancelled". Unknown ones are ignored."""
        entry = self._book.open.get(request)
        if entry is None or entry.cancelled_at is not None:
            return
        if entry.is_sent and self._child is not None:
            entry.cancelled_at = self._clock()
            self._child.write(requests.encode(Cancel(request)))
        else:
            self._book.fail([request], Cancelled())

    def poll(self, deadline_seconds: float = 0.01) -> list[Answer]:
        """What has been said since, as (request, message); id 0 are warnings of the worker itself.

        Never waits. What does not fit in the deadline comes with the next call.
        """
        end = self._clock() + deadline_seconds
        self._forget_ended()
        if self._child is not None:
            self._excuse_absence()
            self._listen(self._child, end)
        if self._child is not None:
            self._examine(self._child)
        return self._book.take()

    def kill(self) -> None:
        """End the worker now, without waiting. Open requests are answered as cancelled by the next `poll`."""
        self._book.fail(self.open_requests, Cancelled())
        self._drop_child()
        self._deaths.clear()
        self._has_failed = False

    def close(self) -> None:
        """End the worker in order, which blocks up to two seconds; it may be used again. Otherwise like `kill`."""
        if self._child is not None:
            self._child.close()
        self.kill()
        for child in self._ending:
            child.close(0)
        self._ending.clear()

    def _ask(self, ask: Ask) -> int:
        self._book.add(ask)
        self._send()
        return ask.id

    def _send(self) -> None:
        """Hand over what waits. Before the hello nobody knows whether it would be understood."""
        if self._child is None or self.hello is None:
            return
        for entry in self._book.open.values():
            if not entry.is_sent:
                entry.is_sent = True
                self._child.write(requests.encode(entry.ask))

    def _launch(self) -> None:
        now = self._clock()
        if len(self._deaths) == _MOST_DEATHS and now - self._deaths[0] < _DEATHS_WITHIN_SECONDS:
            raise EngineError(
                f"the worker ended {_MOST_DEATHS} times within a minute and is not started again now",
                where=str(self.log or ""), remedy=f"Look into this log, then try again in a minute. {_MEND}",
            )
        try:
            command, log, environment = self._start()
            self._child = Child(command, log, environment)
        except EngineError:
            self._has_failed = True
            raise
        self.log = self._child.log
        self._clear()
        self._heard_at = self._polled_at = now

    def _clear(self) -> None:
        self._lines.clear()
        self._garbage = 0
        self.hello = self.heartbeat = None

    def _forget_ended(self) -> None:
        self._ending = [child for child in self._ending if child.is_alive()]

    def _excuse_absence(self) -> None:
        """Blender was busy or the computer asleep: nothing was heard because nobody listened."""
        now = self._clock()
        if now - self._polled_at > _ABSENT_SECONDS:
            self._heard_at += now - self._polled_at
            self._book.postpone(now - self._polled_at)
        self._polled_at = now

    def _listen(self, child: Child, end: float) -> None:
        while self._child is child:
            if not self._lines:
                self._lines.extend(child.read(max(0.0, end - self._clock())))
            if not self._lines:
                return
            self._hear(self._lines.popleft())
            if self._clock() >= end:
                return

    def _hear(self, line: str) -> None:
        answer = decode_answer(line)
        if answer is None:
            self._garbage += 1
            return
        self._garbage = 0
        self._heard_at = self._clock()
        number, message = answer
        if number == 0:
            self._hear_of_itself(message)
        else:
            self._book.hear(number, message)

    def _hear_of_itself(self, message: Message) -> None:
        if isinstance(message, Hello):
            if self.hello is None:
                self._greet(message)
        elif isinstance(message, Heartbeat):
            self.heartbeat = message
        elif isinstance(message, Warned):
            self._book.tell(0, message)

    def _greet(self, hello: Hello) -> None:
        if hello.protocol == PROTOCOL_VERSION:
            self.hello = hello
            self._send()
            return
        self._lose(EngineError(
            f"the worker speaks protocol {hello.protocol} and this extension {PROTOCOL_VERSION}",
            where=str(self.log or ""),
            remedy="Restart Blender: the extension was changed while it ran. Then repair the environment.",
        ), takes_all=True)

    def _examine(self, child: Child) -> None:
        """Whether the process still is what it should be."""
        now = self._clock()
        silence = now - self._heard_at
        if child.is_over() and not self._lines:
            self._lose(self._death(child))
        elif self._garbage > _MOST_GARBAGE:
            self._lose(EngineError("the worker talks nonsense and was stopped", where=str(child.log), remedy=_MEND))
        elif self.hello is None and silence > self._hello_seconds:
            what = f"the worker did not get ready within {self._hello_seconds:.0f} s{_quoted(child)}"
            self._lose(EngineError(what, where=str(child.log), remedy=_MEND))
        elif self.hello is not None and silence > self._silence_seconds:
            what = f"the worker hung (no sign of life for {self._silence_seconds:.0f} s) and was stopped"
            self._lose(EngineError(what + _quoted(child), where=str(child.log), remedy=_AGAIN))
        else:
            self._insist_on_cancel(now)

    def _death(self, child: Child) -> EngineError:
        how = f"the worker {child.ending()}"
        if self.hello is None:
            return EngineError(f"{how} before it was ready{_quoted(child)}", where=str(child.log), remedy=_MEND)
        when = " in the middle of this" if self._book.open else ""
        return EngineError(f"{how}{when}{_quoted(child)}", where=str(child.log), remedy=_AGAIN)

    def _insist_on_cancel(self, now: float) -> None:
        late = self._book.cancelled_before(now - self._cancel_seconds)
        is_deaf = self._book.in_work() in late
        self._book.fail(late, Cancelled())
        if is_deaf:
            self._drop_child()
            self._start_for_waiting()

    def _lose(self, error: EngineError, *, takes_all: bool = False) -> None:
        """The process is of no use any more: its request fails, the others go to the next one."""
        self._deaths.append(self._clock())
        self._has_failed = True
        if not self._book.open:
            self._book.tell(0, Warned("", error.sentence()))
        self._book.fail(self.open_requests if takes_all else [self._book.in_work()], error)
        self._drop_child()
        self._start_for_waiting()

    def _drop_child(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._ending.append(self._child)
        self._child = None
        self._clear()
        self._book.lose_process()

    def _start_for_waiting(self) -> None:
        if not self._book.open:
            return
        try:
            self._launch()
        except EngineError as error:
            self._book.fail(self.open_requests, error)


def _quoted(child: Child) -> str:
    words = child.last_words()
    return f": {words}" if words else ""
