# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that does one thing and ends: the environment being made, checked or removed."""

from __future__ import annotations

import time
from pathlib import Path

from .child import Child
from .engine.messages import Done, Failed, Message, decode

_GRACE_SECONDS = 5.0


class Program:
    """A child process that tells what it does and ends with one `done` or `failed`.

    Args:
        command: What to start.
        log: Where its standard error goes.

    Raises:
        EngineError: It cannot be started.
    """

    def __init__(self, command: list[str], log: Path) -> None:
        self.is_over = False
        self._ended_at = 0.0
        self._child = Child(command, log)

    def poll(self, deadline_seconds: float) -> list[Message]:
        """What it said since the last call; an end without a last word is told as `failed`."""
        found: list[Message] = []
        for line in self._child.read(deadline_seconds):
            message = decode(line)
            if message is not None and not self.is_over:
                found.append(message)
                self.is_over = isinstance(message, Done | Failed)
        if not self.is_over and self._child.is_over():
            self.is_over = True
            found.append(self._silent_end())
        if self.is_over and not self._ended_at:
            self._ended_at = time.monotonic()
        return found

    def cancel(self) -> None:
        """Ask it to stop; its end still arrives by `poll`."""
        self._child.close_input()

    def is_gone(self) -> bool:
        """Whether the process has ended; one that lingers after its last word is killed."""
        if self._child.is_alive() and time.monotonic() - self._ended_at < _GRACE_SECONDS:
            return False
        self._child.kill()
        return True

    def close(self) -> None:
        """End it now, however."""
        self.is_over = True
        self._child.close(0.5)

    def _silent_end(self) -> Failed:
        words = self._child.last_words()
        what = f"the program {self._child.ending()} without a word" + (f": {words}" if words else "")
        return Failed(what, str(self._child.log), "Try again; the log says more.")
