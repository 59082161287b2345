# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker: `lineboil serve --json` does requests until its standard input is closed (docs/worker-protocol.md).

Requests are done on the main thread in order of arrival; the light verbs have a lane of their own. One thread reads,
one writes, and one hears: it takes every line and every signal, never waits for anything else, and is the heartbeat.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import platform
import signal
import sys
import threading
import time
from functools import partial
from queue import Empty, SimpleQueue
from typing import NoReturn, TextIO

from . import children, cli, commands, own_python, requests
from .errors import Cancelled
from .messages import PROTOCOL_VERSION, Done, Failed, Heartbeat, Hello, Reporter, Warned
from .models import kept
from .serve_lane import Lane, Task, Work
from .serve_lines import Outbox, own_stdin, read_lines
from .serve_memory import memory_bytes

_HEARTBEAT_SECONDS = 1.0
# Each under the five seconds in which a worker has ended, whatever happens; the second needs no Python to run.
_ORDER_SECONDS = 4.0
_FORCE_SECONDS = 4.6
_LAST_LINES_SECONDS = 0.5
_SHOWN_CHARACTERS = 80
_NICENESS = 5
_BELOW_NORMAL_PRIORITY_CLASS = 0x4000


def serve(stream: TextIO) -> NoReturn:
    """Serve until standard input is closed, a `quit` comes, or a signal asks to end; then end the process.

    Args:
        stream: The real standard output, which nothing else may write to.
    """
    # A crash in a library leaves its place in the log.
    faulthandler.enable()
    _step_aside()
    kept.hold()
    server = Server(stream)
    with own_python.in_use("worker"):
        code = server.run(own_stdin())
    sys.stderr.flush()
    # Libraries may hang in their tidying up, and everything worth keeping is on the disk.
    os._exit(code)


def _step_aside() -> None:
    """The artist's program goes first where there are not enough processors for both."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        kernel.SetPriorityClass(ctypes.c_void_p(kernel.GetCurrentProcess()), _BELOW_NORMAL_PRIORITY_CLASS)
        return
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)


class _End:
    """The wish to end, with the exit code."""

    def __init__(self, code: int) -> None:
        self.code = code


class Server:
    """A worker's ears, lanes and mouth.

    Args:
        stream: Where the lines go.
    """

    def __init__(self, stream: TextIO) -> None:
        self._inbox: SimpleQueue[str | _End] = SimpleQueue()
        self._outbox = Outbox(stream, on_closed=lambda: self._inbox.put(_End(0)))
        self._main = Lane()
        self._light = Lane()
        self._open: dict[int, Task] = {}
        self._code = 0

    def run(self, stdin: int) -> int:
        """Serve the lines of a descriptor; must be called on the main thread. The exit code."""
        self._listen_to_signals()
        self._outbox.send(Hello(PROTOCOL_VERSION, commands.version(), os.getpid(), platform.python_version()))
        light = threading.Thread(target=self._light.work, name="light", daemon=True)
        light.start()
        threading.Thread(target=self._hear, name="ears", daemon=True).start()
        threading.Thread(target=self._read, args=(stdin,), name="reader", daemon=True).start()
        self._main.work()
        light.join(_LAST_LINES_SECONDS)
        self._outbox.close(_LAST_LINES_SECONDS)
        return self._code

    def _read(self, stdin: int) -> None:
        read_lines(stdin, self._inbox.put)
        self._inbox.put(_End(0))

    def _listen_to_signals(self) -> None:
        # Python calls handlers only between two steps of the main thread, which may be deep in a library: what
        # hears at once is the descriptor that the signal's number is written to.
        ears, mouth = os.pipe()
        if sys.platform != "win32":
            os.set_blocking(mouth, False)
        signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
        for number in cli.ending_signals():
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda *_: None)
        threading.Thread(target=self._hear_signals, args=(ears,), name="signals", daemon=True).start()

    def _hear_signals(self, ears: int) -> None:
        numbers = {int(number) for number in cli.ending_signals()}
        while byte := os.read(ears, 1):
            if byte[0] in numbers:
                self._inbox.put(_End(Cancelled.exit_code))

    def _hear(self) -> None:
        next_beat = time.monotonic() + _HEARTBEAT_SECONDS
        code = 1
        try:
            while True:
                with contextlib.suppress(Empty):
                    item = self._inbox.get(timeout=max(0.0, next_beat - time.monotonic()))
                    if isinstance(item, _End):
                        code = item.code
                        return
                    self._take(item)
                if time.monotonic() >= next_beat:
                    next_beat = time.monotonic() + _HEARTBEAT_SECONDS
                    self._outbox.send(Heartbeat(self._main.busy, memory_bytes()))
        finally:
            # Also after a fault of this thread: a worker that is deaf must not stay.
            self._end(code)

    def _take(self, line: str) -> None:
        ask = requests.decode(line)
        if isinstance(ask, requests.Quit):
            self._inbox.put(_End(0))
        elif isinstance(ask, requests.Cancel):
            # One that is answered already needs no cancelling: both lines were under way at the same time.
            if task := self._open.get(ask.id):
                task.cancel()
        elif ask is None:
            self._warn(f"this line asks nothing that is understood: {line[:_SHOWN_CHARACTERS]}")
        elif ask.id in self._open:
            self._warn(f"request {ask.id} is not answered yet; its number cannot be used again")
        elif isinstance(ask, requests.Request):
            self._begin(ask)
        else:
            self._put(self._main, ask.id, _free)

    def _warn(self, text: str) -> None:
        self._outbox.send(Warned("", text))

    def _begin(self, ask: requests.Request) -> None:
        try:
            options = cli.parse(list(ask.command))
        except cli.UsageError as wrong:
            self._outbox.send(wrong.failed(), ask.id)
            return
        except SystemExit:
            # `--help` and `--version` have printed to the log.
            text = "a worker shows neither help nor version"
            self._outbox.send(cli.UsageError(text, "").failed(), ask.id)
            return
        if options.verb == "serve":
            self._outbox.send(cli.UsageError("a worker does not start another", "").failed(), ask.id)
            return
        lane = self._light if options.verb in requests.LIGHT_VERBS else self._main
        self._put(lane, ask.id, partial(cli.conclude, options, log="the worker's log"))

    def _put(self, lane: Lane, request: int, work: Work) -> None:
        task = self._open[request] = Task(request, work, self._outbox, self._forget)
        lane.put(task)

    def _forget(self, task: Task) -> None:
        self._open.pop(task.request, None)

    def _end(self, code: int) -> None:
        """Stop what runs, answer what waits, and see to it that the process ends."""
        faulthandler.dump_traceback_later(_FORCE_SECONDS, exit=True)
        threading.Thread(target=_end_without_order, name="watchdog", daemon=True).start()
        self._code = code
        for task in list(self._open.values()):
            task.cancel()
        self._main.close()
        self._light.close()


def _free(reporter: Reporter) -> Done | Failed:
    return Done({"freed": kept.free()})


def _end_without_order() -> None:
    time.sleep(_ORDER_SECONDS)
    faulthandler.dump_traceback()
    children.end_all()
    os._exit(1)
