"""Talks to a real worker: what it says is collected by a thread, and tests wait for what they expect."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lineboil.addon.engine import requests
from lineboil.addon.engine.messages import Done, Failed, Message, decode_answer

PATIENCE_SECONDS = 120


class Talk:
    """A worker process and everything it has said, as (request, message)."""

    def __init__(self, command: list[str], log: Path, environment: dict[str, str] | None = None) -> None:
        self.log = log
        # Whoever runs the tests in the background makes them deaf to Ctrl-C, and their children with them.
        hearing = (lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) if os.name == "posix" else None
        with log.open("wb") as stream:
            self.child = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stream,
                env=os.environ | (environment or {}), preexec_fn=hearing,
            )
        self.said: list[tuple[int, Message]] = []
        self.garbage: list[str] = []
        self._numbers = itertools.count(1)
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.child.stdout:
            answer = decode_answer(line.decode("utf-8"))
            with self._news:
                if answer is None:
                    self.garbage.append(line.decode("utf-8"))
                else:
                    self.said.append(answer)
                self._news.notify_all()

    def write(self, data: bytes) -> None:
        self.child.stdin.write(data)
        self.child.stdin.flush()

    def ask(self, *words: object) -> int:
        number = next(self._numbers)
        self.send(requests.Request(number, tuple(map(str, words))))
        return number

    def send(self, ask: requests.Ask) -> None:
        self.write(requests.encode(ask).encode() + b"\n")

    def cancel(self, request: int) -> None:
        self.send(requests.Cancel(request))

    def free(self) -> list[str]:
        number = next(self._numbers)
        self.send(requests.Free(number))
        return self.end(number).result["freed"]

    def until(self, is_reached: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        with self._news:
            while not is_reached():
                left = end - time.monotonic()
                assert left > 0, f"waited in vain; the last words: {self.said[-5:]}"
                assert self._reader.is_alive() or is_reached(), f"it ended; its log: {self.log.read_text()[-2000:]}"
                self._news.wait(min(left, 0.2))

    def of(self, request: int, kind: str = "") -> list:
        return [message for number, message in self.said if number == request and kind in ("", message.kind)]

    def ends(self, request: int) -> list[Done | Failed]:
        return [message for message in self.of(request) if isinstance(message, Done | Failed)]

    def end(self, request: int) -> Done | Failed:
        """The last message of a request, waited for."""
        self.until(lambda: self.ends(request))
        return self.ends(request)[0]

    def done(self, *words: object) -> int:
        """Ask and wait until it went well; the request."""
        number = self.ask(*words)
        end = self.end(number)
        assert isinstance(end, Done), end
        return number

    def failed(self, *words: object) -> Failed:
        end = self.end(self.ask(*words))
        assert isinstance(end, Failed), end
        return end

    def exit_code(self) -> int:
        code = self.child.wait(PATIENCE_SECONDS)
        self._reader.join(10)
        return code

    def close(self) -> int:
        self.child.stdin.close()
        return self.exit_code()
