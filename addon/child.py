# SPDX-License-Identifier: GPL-3.0-or-later
"""A child process that speaks in lines, for a program that must never wait: no threads, no blocking call.

Everything happens inside `read`, which the main loop calls a few times a second.
"""

from __future__ import annotations

import atexit
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .child_log import ChildLog
from .child_pipes import CREATION_FLAGS, HAS_SESSIONS, Group, never_block, receive, send
from .engine.errors import MissingError

_LINE_BYTES = 1 << 20
_CHUNK_BYTES = 16 << 10
_READ_BYTES = 256 << 10
_TRIM_SECONDS = 1.0
_REAP_SECONDS = 0.5
_TICK_SECONDS = 0.01
_LIBRARY_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")


class Child:
    """A started process. It ends with this one: `close` runs at exit, and a killed parent closes its input.

    Args:
        command: Program and arguments.
        log: Where its standard error goes; see `log` for the file in use.
        environment: Variables on top of this process's own, which lose what is Blender's (`child_environment`).

    Attributes:
        process: Its process number.
        log: The file its standard error goes to; not `log` as given when another Blender writes there.
        dropped_lines: How many lines of over 1 MB were thrown away.

    Raises:
        EngineError: It cannot be started, or its log cannot be written.
    """

    def __init__(self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._log = ChildLog(log, command)
        self.log = self._log.path
        try:
            self._popen = self._start(command, environment)
        except (OSError, ValueError) as error:
            self._log.close()
            reason = getattr(error, "strerror", None) or str(error)
            raise MissingError(
                f"cannot be started ({reason})", where=str(command[0]),
                remedy="Repair the environment in the extension's preferences.",
            ) from error
        self.process = self._popen.pid
        self.dropped_lines = 0
        self._group = Group(self.process)
        self._owner = os.getpid()
        self._outgoing = bytearray()
        self._partial = bytearray()
        self._is_skipping = False
        self._is_drained = False
        self._is_swept = False
        self._trimmed = time.monotonic()
        atexit.register(self._close_at_exit)

    def _start(self, command: Sequence[str], environment: Mapping[str, str] | None) -> subprocess.Popen[bytes]:
        popen = subprocess.Popen(
            list(command), bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log.stream,
            env=child_environment(environment), creationflags=CREATION_FLAGS, start_new_session=HAS_SESSIONS,
        )
        if popen.stdout is not None and popen.stdin is not None:
            never_block(popen.stdout.fileno(), popen.stdin.fileno())
        return popen

    def read(self, deadline_seconds: float = 0.01) -> list[str]:
        """Whole lines that have arrived, without their ends; empty ones are left out.

        Never waits for more. Takes at most 256 KB, and stops at the deadline; the rest comes with the next call.
        Also sends what `write` could not, and keeps the log small.
        """
        self._flush()
        self._trim()
        # Asked first: what a dead process has said is all in the pipe, and an empty pipe is then the end.
        is_alive = self.is_alive()
        stdout = self._popen.stdout
        if stdout is None or stdout.closed:
            self._is_drained = True
            return []
        lines: list[str] = []
        end = time.monotonic() + deadline_seconds
        for _ in range(_READ_BYTES // _CHUNK_BYTES):
            data = receive(stdout.fileno(), _CHUNK_BYTES)
            if not data:
                if data is not None or not is_alive:
                    lines += self._split(b"\n")
                    stdout.close()
                    self._is_drained = True
                break
            lines += self._split(data)
            if time.monotonic() >= end:
                break
        return lines

    def _split(self, data: bytes) -> list[str]:
        lines: list[str] = []
        *whole, rest = data.split(b"\n")
        for part in whole:
            self._collect(part)
            line = self._partial.rstrip(b"\r").decode("utf-8", errors="replace")
            if line:
                lines.append(line)
            self._partial.clear()
            self._is_skipping = False
        self._collect(rest)
        return lines

    def _collect(self, part: bytes) -> None:
        if self._is_skipping:
            return
        self._partial += part
        if len(self._partial) > _LINE_BYTES:
            self._partial.clear()
            self._is_skipping = True
            self.dropped_lines += 1

    def write(self, line: str) -> None:
        """Send a line. What the process does not take now is sent by the next calls of `read`."""
        self._outgoing += line.encode("utf-8") + b"\n"
        self._flush()

    def _flush(self) -> None:
        stdin = self._popen.stdin
        if stdin is None or stdin.closed:
            self._outgoing.clear()
        while self._outgoing and stdin is not None:
            try:
                sent = send(stdin.fileno(), bytes(self._outgoing[:_CHUNK_BYTES]))
            except OSError:
                # Nobody reads any more; `is_alive` tells.
                self._outgoing.clear()
                return
            if not sent:
                return
            del self._outgoing[:sent]

    def _trim(self) -> None:
        now = time.monotonic()
        if now - self._trimmed >= _TRIM_SECONDS:
            self._trimmed = now
            self._log.trim()

    def is_alive(self) -> bool:
        """Whether the process runs. When it has ended, whatever it started and left behind is ended too."""
        if self._popen.poll() is None:
            return True
        if not self._is_swept:
            self._is_swept = True
            self._group.kill()
        return False

    def is_over(self) -> bool:
        """Whether it has ended and `read` has returned all it said."""
        return self._is_drained and not self.is_alive()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; on POSIX minus the signal's number when one killed it."""
        return self._popen.poll()

    def ending(self) -> str:
        """How it ended, as the end of a sentence ("ended with code 3"); "still runs" while it does."""
        code = self.exit_code
        if code is None:
            return "still runs"
        if code < 0:
            return f"was killed (signal {-code})"
        return f"crashed (0x{code:08X})" if code > 0x7FFFFFFF else f"ended with code {code}"

    def last_words(self) -> str:
        """The last lines it wrote to its log, in one line; empty when it wrote none."""
        return self._log.last_words()

    def close(self, grace_seconds: float = 2.0) -> None:
        """End it: closes its input, waits `grace_seconds` for an orderly end, then kills it.

        Blocks for the grace and at most half a second more, which a killed process needs in the worst case.
        """
        self.close_input()
        self._wait(grace_seconds)
        self.kill()
        self._wait(_REAP_SECONDS)

    def kill(self) -> None:
        """End it and all it started now, without waiting; `is_alive` tells when it has gone."""
        if self.is_alive():
            self._group.kill()
        self.close_input()
        if self._popen.stdout is not None:
            self._popen.stdout.close()
        self._group.close()
        self._log.close()
        atexit.unregister(self._close_at_exit)

    def close_input(self) -> None:
        """Tell it that nothing more comes: a well-behaved process then stops what it does and ends. Never waits."""
        if self._popen.stdin is not None:
            with suppress(OSError):
                self._popen.stdin.close()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self.is_alive() and time.monotonic() < end:
            # A process that cannot say its last words cannot end.
            self.read(0)
            time.sleep(_TICK_SECONDS)

    def _close_at_exit(self) -> None:
        # A fork of this process has no children of its own to end.
        if os.getpid() == self._owner:
            self.close()


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's variables and `extra`, without what is meant for Blender and its Python.

    Blender's PYTHONHOME and the like break any other Python; so do its own libraries.
    """
    given = {**os.environ, **(extra or {})}
    kept = {name: text for name, text in given.items() if not name.strip("_").upper().startswith(("PYTHON", "PYVENV"))}
    blender = _blender_folder()
    for name in _LIBRARY_PATHS:
        if blender is None or name not in kept:
            continue
        places = [place for place in kept.pop(name).split(os.pathsep) if place and not _is_inside(place, blender)]
        if places:
            kept[name] = os.pathsep.join(places)
    return kept | {"PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


def _blender_folder() -> Path | None:
    """Where Blender is when its own Python runs this: `<blender>/4.2/python` is then the Python's folder."""
    python = Path(sys.prefix)
    is_blender = python.name == "python" and re.fullmatch(r"\d+\.\d+", python.parent.name)
    return python.parent.parent if is_blender else None


def _is_inside(place: str, folder: Path) -> bool:
    return Path(place).resolve().is_relative_to(folder.resolve())
