# SPDX-License-Identifier: GPL-3.0-or-later
"""Children that make an environment: pip and others, followed line by line, stopped at any moment."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from .engine.errors import Cancelled, EngineError, InputError, MissingError

_TICK_SECONDS = 0.1
_KEPT_LINES = 60
_RAW_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_NO_NETWORK = ("connection", "network is unreachable", "name or service", "temporary failure in name", "getaddrinfo",
               "timed out", "proxy")


class Follower:
    """Starts children one after the other and follows them.

    Args:
        log: Everything they print is added to this file.
        temporary: Their folder for temporary files, on the disk where there is room for them.
        variables: Their environment variables.
        should_stop: Asked ten times a second; True kills the child.
        held: A file descriptor every child inherits, so that a lock outlives this process with them; -1 for none.
    """

    def __init__(
        self, log: Path, temporary: Path, variables: dict[str, str], should_stop: Callable[[], bool], held: int = -1
    ) -> None:
        self.log = log
        self.temporary = temporary
        self.variables = variables
        self.should_stop = should_stop
        self.held = held

    def run(self, command: list[str], on_line: Callable[[str], None], given: str = "") -> tuple[int, list[str]]:
        """Run a command; its exit code and its last lines.

        Args:
            command: The program and its words.
            on_line: Told each line.
            given: Text for its standard input.

        Raises:
            Cancelled: `should_stop` said so; the child and its children are gone.
            EngineError: It cannot be started.
        """
        self.temporary.mkdir(parents=True, exist_ok=True)
        child = self._start(command)
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_read, args=(child, lines), daemon=True).start()
        try:
            with contextlib.suppress(OSError):
                if child.stdin is not None:
                    child.stdin.write(given.encode("utf-8"))
                    child.stdin.close()
            kept = self._follow(lines, on_line)
            return child.wait(), kept
        finally:
            _end(child)

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        place = str(self.temporary)
        variables = self.variables | {"TMPDIR": place, "TEMP": place, "TMP": place}
        is_posix = os.name == "posix"
        try:
            return subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=variables,
                start_new_session=is_posix, pass_fds=(self.held,) if is_posix and self.held >= 0 else (),
                creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
            )
        except OSError as error:
            raise EngineError(f"cannot be started ({error.strerror or error})", where=command[0]) from error

    def _follow(self, lines: queue.Queue[str | None], on_line: Callable[[str], None]) -> list[str]:
        kept: list[str] = []
        with contextlib.ExitStack() as files:
            # The log is for reading afterwards: a full disk must not hide the reason it would show.
            log = None
            with contextlib.suppress(OSError):
                log = files.enter_context(self.log.open("a", encoding="utf-8"))
            while True:
                if self.should_stop():
                    raise Cancelled
                try:
                    line = lines.get(timeout=_TICK_SECONDS)
                except queue.Empty:
                    continue
                if line is None:
                    return kept
                on_line(line)
                if not _RAW_PROGRESS.match(line):
                    kept = [*kept[1 - _KEPT_LINES :], line]
                    with contextlib.suppress(OSError):
                        if log is not None:
                            log.write(line + "\n")


def _read(child: subprocess.Popen[bytes], lines: queue.Queue[str | None]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in child.stdout or ():
            lines.put(line.decode("utf-8", "replace").rstrip())
    lines.put(None)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a child, with the children it has started itself."""
    if child.poll() is None:
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(child.pid, signal.SIGKILL)
            else:
                child.kill()
        child.wait()
    for stream in (child.stdin, child.stdout):
        with contextlib.suppress(OSError):
            if stream is not None:
                stream.close()


def bytes_told(line: str) -> tuple[int, int] | None:
    """Bytes so far and in all, when a line of pip tells them (`--progress-bar raw`)."""
    match = _RAW_PROGRESS.match(line)
    return (int(match[1]), int(match[2])) if match else None


def pip_error(what: str, lines: list[str], log: Path) -> EngineError:
    """Why pip failed, in words an artist understands."""
    text = "\n".join(lines).lower()
    if "no space left" in text or "not enough space" in text or "errno 28" in text:
        return InputError("the disk is full", where=str(log.parent),
                          remedy="Make room and start again: it goes on from here.")
    if "permission denied" in text or "access is denied" in text or "read-only file system" in text:
        return InputError("no permission to write here", where=str(log.parent),
                          remedy="Choose another folder, or close what uses it.")
    if "no matching distribution" in text and not any(word in text for word in _NO_NETWORK):
        reason = "the package index does not have it for this machine"
    elif any(word in text for word in _NO_NETWORK):
        reason = "no connection to the package index"
    else:
        told = [line for line in lines if line.lower().startswith("error")] or [line for line in lines if line]
        reason = told[-1].removeprefix("ERROR: ").rstrip(".") if told else "pip gave no reason"
    return MissingError(
        f"{what} could not be installed ({reason})",
        remedy=f"Look at the network and start again: it goes on from here. All that pip said is in {log}.",
    )
