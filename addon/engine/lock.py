# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time on one shot: a lock that says who holds it and that a dead holder cannot keep.

The operating system holds the lock on an open file, so it goes with the process, however that ends; the
file's text only says who it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any, cast

from .cache import disk_error
from .errors import BusyError


class ShotLock:
    """Context manager that holds a shot.

    Args:
        path: The lock file (`state/lock`).
        purpose: What is being done, for whoever finds the lock ("run", "render").
        subject: What is held, for the sentence.
        where: Its folder, for the sentence; the shot of `state/lock` when not given.

    Raises:
        BusyError: Another process holds it; names that process.
    """

    # The text starts behind the byte that is locked, because Windows lets nobody read locked bytes.
    _TEXT_AT = 1

    def __init__(
        self, path: Path, purpose: str, *, subject: str = "this shot", where: Path | None = None
    ) -> None:
        self.path = path
        self.purpose = purpose
        self.subject = subject
        self.where = where or path.parent.parent
        self.dead_holder: dict[str, Any] = {}
        self._descriptor = -1

    def __enter__(self) -> ShotLock:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise disk_error(error, self.path) from error
        if not _try_lock(self._descriptor):
            holder = self._read()
            os.close(self._descriptor)
            raise BusyError(
                f"{self.subject} is in use by {_describe(holder)}",
                where=str(self.where),
                remedy="Wait until it is finished, or stop it, then try again.",
            )
        self.dead_holder = self._read()
        # The lock holds without its text too, so that a finished shot can be looked at on a full disk.
        with contextlib.suppress(OSError):
            self._write({
                "process": os.getpid(), "host": platform.node(), "purpose": self.purpose,
                "since": time.strftime("%Y-%m-%d %H:%M:%S"),
            })
        return self

    @property
    def descriptor(self) -> int:
        """The locked file: a child that inherits it keeps the lock for as long as it lives."""
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        # An emptied file tells the next run that this one ended by itself.
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)

    def _read(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            os.lseek(self._descriptor, self._TEXT_AT, os.SEEK_SET)
            value = json.loads(os.read(self._descriptor, 4096).decode("utf-8"))
            return cast(dict[str, Any], value) if isinstance(value, dict) else {}
        return {}

    def _write(self, holder: dict[str, Any]) -> None:
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, b"\n" + json.dumps(holder).encode("utf-8"))


def _describe(holder: dict[str, Any]) -> str:
    if not holder:
        return "another process"
    return "process {process} on {host} ({purpose}, since {since})".format_map(
        {key: holder.get(key, "?") for key in ("process", "host", "purpose", "since")}
    )


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
