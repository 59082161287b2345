# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines in and out of a worker. Nobody who sends has to wait for whoever reads."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TextIO

from .messages import Done, Failed, Message, encode

LONGEST_LINE_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 16


class Outbox:
    """Writes lines from a thread of its own, in the order they come.

    A reader that is busy (Blender renders) neither stops the work nor loses a line: the lines wait in memory.

    Args:
        stream: Where the lines go.
        on_closed: Called once, from the thread, when nobody reads any more.
    """

    def __init__(self, stream: TextIO, on_closed: Callable[[], None]) -> None:
        self._stream = stream
        self._on_closed = on_closed
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="outbox", daemon=True)
        self._thread.start()

    def send(self, message: Message, request: int = 0) -> None:
        """Have a message written; 0 is the worker itself."""
        try:
            line = encode(message, request)
        except (TypeError, ValueError) as error:
            if not isinstance(message, Done | Failed):
                raise
            line = encode(Failed(f"the answer cannot be written ({error})", remedy="Please report it."), request)
        self._lines.put(line + "\n")

    def close(self, seconds: float) -> None:
        """Have what waits written, for so long at most."""
        self._lines.put(None)
        self._thread.join(seconds)

    def _write(self) -> None:
        try:
            while (line := self._lines.get()) is not None:
                self._stream.write(line)
                self._stream.flush()
        except OSError:
            # Later lines are dropped with the queue.
            self._on_closed()


def own_stdin() -> int:
    """The real standard input; neither libraries nor children of this process can read it or hold it open."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        kept = os.dup(0)
    except OSError:
        # Closed from the start: there is nobody to serve.
        return nothing
    os.dup2(nothing, 0)
    os.close(nothing)
    return kept


def read_lines(descriptor: int, take: Callable[[str], None]) -> None:
    """Give every line to `take`, until the other end is closed. A line that is too long comes as its beginning.

    Args:
        descriptor: Read without Python's buffers, whose locks would hold up the end of the process.
        take: Called with the text, without the line break.
    """
    rest = b""
    with contextlib.suppress(OSError):
        while block := os.read(descriptor, _BLOCK_BYTES):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                take(line[:LONGEST_LINE_BYTES].decode("utf-8", errors="replace").rstrip("\r"))
            # One byte more than allowed still tells that it is too long.
            rest = rest[: LONGEST_LINE_BYTES + 1]
