# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a job in a Blender process of its own: messages in, cancel and death both ways."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from . import children, errors
from .blender import Blender
from .cache import write_json
from .errors import EngineError
from .messages import Done, Failed, Message, decode

_TICK_SECONDS = 0.2
_LAST_LINES = 3


def run_job(
    blender: Blender, job: dict[str, Any], folder: Path, on_message: Callable[[Message | None], None]
) -> dict[str, Any]:
    """Do a job and wait for its end.

    The child ends with this process: it holds the other end of its standard input, however this process dies.

    Args:
        blender: What to start.
        job: JSON-able; written to `folder`/job.json.
        folder: For the job and the log of what Blender prints.
        on_message: Told each message; None a few times a second while there is none. May raise to stop the child.

    Returns:
        The job's result.

    Raises:
        EngineError: The job failed, or Blender ended without a word.
    """
    job_path, log_path = folder / "job.json", folder / "log.txt"
    write_json(job_path, job)
    with log_path.open("wb") as log:
        child = _start(blender.command(job_path), log)
        with children.held(child):
            try:
                return _follow(child, on_message, log_path)
            finally:
                _end(child)


def _start(command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    # A group of its own, so that Ctrl-C reaches only this process, which then stops the child in order.
    is_windows = sys.platform == "win32"
    group = subprocess.CREATE_NEW_PROCESS_GROUP if sys.platform == "win32" else 0
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PYTHONUNBUFFERED"] = "1"
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            creationflags=group,
            start_new_session=not is_windows,
        )
    except OSError as error:
        raise EngineError(f"Blender cannot be started ({error.strerror})", where=command[0]) from error


def _follow(
    child: subprocess.Popen[bytes], on_message: Callable[[Message | None], None], log_path: Path
) -> dict[str, Any]:
    lines: queue.Queue[bytes | None] = queue.Queue()
    threading.Thread(target=_read, args=(child, lines), daemon=True).start()
    result: dict[str, Any] | None = None
    while True:
        try:
            line = lines.get(timeout=_TICK_SECONDS)
        except queue.Empty:
            on_message(None)
            continue
        if line is None:
            break
        message = decode(line.decode("utf-8", errors="replace"))
        if isinstance(message, Failed):
            raise _error_of(message)
        if isinstance(message, Done):
            result = message.result
        elif message is not None:
            on_message(message)
    if result is None:
        raise _silent_end(child, log_path)
    return result


def _read(child: subprocess.Popen[bytes], lines: queue.Queue[bytes | None]) -> None:
    if child.stdout is not None:
        for line in child.stdout:
            lines.put(line)
    lines.put(None)


def _error_of(message: Failed) -> EngineError:
    kind = getattr(errors, message.error, EngineError)
    if not (isinstance(kind, type) and issubclass(kind, EngineError)):
        kind = EngineError
    return kind(message.what, where=message.where, remedy=message.remedy)


def _silent_end(child: subprocess.Popen[bytes], log_path: Path) -> EngineError:
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(timeout=10)
    code = child.returncode
    how = f"was killed (signal {-code})" if code is not None and code < 0 else f"ended with code {code}"
    text = log_path.read_text(encoding="utf-8", errors="replace").splitlines()
    last = " / ".join(line.strip() for line in text[-_LAST_LINES:] if line.strip())
    return EngineError(
        f"Blender {how} in the middle of its work" + (f": {last}" if last else ""),
        where=str(log_path),
        remedy="Run again: what is finished is kept.",
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        if child.stdin is not None:
            child.stdin.close()
    if child.poll() is None:
        try:
            child.wait(timeout=2)
        except subprocess.TimeoutExpired:
            children.end(child)
            child.wait()
    if child.stdout is not None:
        child.stdout.close()
