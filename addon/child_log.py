# SPDX-License-Identifier: GPL-3.0-or-later
"""The file a child process writes its standard error to: kept small, one file for each Blender."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from .child_pipes import open_to_append
from .engine.cache import disk_error
from .engine.errors import BusyError
from .engine.lock import ShotLock

_MOST_BYTES = 4 << 20
_KEPT_BYTES = 1 << 20
_MOST_LOGS = 20
_TAIL_BYTES = 8 << 10
_LINE_LETTERS = 200


class ChildLog:
    """An open log.

    It goes on where the last process stopped writing, with a headline. Above 1 MB it is put aside before
    (`worker.previous.log`); above 4 MB `trim` shortens it while it is written.

    Args:
        wanted: Where to. When another Blender writes there now: `worker-2.log`, and so on.
        command: For the headline.

    Attributes:
        path: The file in use.
        stream: What the child gets as its standard error.

    Raises:
        EngineError: The folder cannot be written.
    """

    def __init__(self, wanted: Path, command: Sequence[str]) -> None:
        self._held = ExitStack()
        try:
            self.path = self._claim(wanted)
            self._put_aside()
            self.stream = self._held.enter_context(open_to_append(self.path))
            self.stream.write(f"--- {time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(command)}\n".encode())
            self._begin = self.path.stat().st_size
        except OSError as error:
            self._held.close()
            raise disk_error(error, wanted) from error

    @property
    def previous(self) -> Path:
        """Where what was put aside lies."""
        return self.path.with_name(f"{self.path.stem}.previous{self.path.suffix}")

    def _claim(self, wanted: Path) -> Path:
        for number in range(1, _MOST_LOGS):
            path = wanted if number == 1 else wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")
            with suppress(BusyError):
                self._held.enter_context(ShotLock(path.with_suffix(".lock"), "log"))
                return path
        raise BusyError("too many processes write logs here", where=str(wanted), remedy="Close some Blenders.")

    def _put_aside(self) -> None:
        if self.path.exists() and self.path.stat().st_size > _KEPT_BYTES:
            os.replace(self.path, self.previous)

    def trim(self) -> None:
        """Keep the last megabyte of a log that has grown too big in `previous`, and begin again."""
        with suppress(OSError):
            if self.path.stat().st_size <= _MOST_BYTES:
                return
            with self.path.open("r+b") as stream:
                stream.seek(-_KEPT_BYTES, os.SEEK_END)
                self.previous.write_bytes(stream.read(_KEPT_BYTES))
                stream.truncate(0)
            self._begin = 0

    def last_words(self, count: int = 3) -> str:
        """The last lines of this process, in one line; empty when it wrote none."""
        text = b""
        with suppress(OSError), self.path.open("rb") as stream:
            stream.seek(max(self._begin, stream.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = stream.read(_TAIL_BYTES)
        lines = [line.strip() for line in text.decode("utf-8", errors="replace").splitlines()]
        return " / ".join([line[:_LINE_LETTERS] for line in lines if line][-count:])

    def close(self) -> None:
        """Close our end; the child may go on writing."""
        self._held.close()
