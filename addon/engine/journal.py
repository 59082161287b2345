# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files a stage has finished, and what has happened to them since.

One line a file, appended *before* the file gets its final name: a file whose content matches its line is
finished; a file that differs is damaged or the artist's; a file without a line is not ours.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .cache import checksum, disk_error, is_whole, part_path, write_part

Condition = Literal["finished", "edited", "damaged", "missing", "foreign"]


@dataclass(frozen=True)
class Entry:
    """Size in bytes, CRC-32 and modification time in nanoseconds of a finished file."""

    size: int
    checksum: int
    modified: int


class Journal:
    """The finished files of one stage.

    Args:
        path: The journal's file.
        root: Folder its names are relative to (the shot).
    """

    def __init__(self, path: Path, root: Path) -> None:
        self.path = path
        self.root = root
        self.entries: dict[str, Entry] = {}
        self._touched: dict[str, tuple[int, int, Condition]] = {}
        self._load()

    def _load(self) -> None:
        if not self.path.is_file():
            return
        for line in self.path.read_text(encoding="utf-8", errors="replace").splitlines():
            parts = line.rsplit(" ", 3)
            if len(parts) == 4 and all(part.isdigit() for part in parts[1:]):
                self.entries[parts[0]] = Entry(int(parts[1]), int(parts[2]), int(parts[3]))

    def write(self, name: str, data: bytes) -> None:
        """Finish the file `name` with content `data`: part file, line, rename."""
        path = self.root / name
        part = part_path(path)
        try:
            stat = write_part(part, data)
            self._append(name, Entry(stat.st_size, zlib.crc32(data), stat.st_mtime_ns))
            os.replace(part, path)
        except OSError as error:
            raise disk_error(error, path) from error
        finally:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)

    def adopt(self, name: str, part: Path) -> None:
        """Finish the file `name` from a file another program has written beside it."""
        path = self.root / name
        try:
            stat = part.stat()
            self._append(name, Entry(stat.st_size, checksum(part), stat.st_mtime_ns))
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(part, path)
        except OSError as error:
            raise disk_error(error, path) from error

    def _append(self, name: str, entry: Entry) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = f"{name} {entry.size} {entry.checksum} {entry.modified}\n"
        with self.path.open("ab+") as stream:
            if stream.tell() and not self._ends_with_line_break(stream.fileno()):
                line = "\n" + line
            stream.write(line.encode("utf-8"))
        self.entries[name] = entry
        self._touched.pop(name, None)

    def _ends_with_line_break(self, descriptor: int) -> bool:
        # A run killed in the middle of a line must not swallow the next one.
        os.lseek(descriptor, -1, os.SEEK_END)
        return os.read(descriptor, 1) == b"\n"

    def condition(self, name: str) -> Condition:
        """What has become of a file since it was finished."""
        path = self.root / name
        try:
            stat = path.stat()
        except OSError:
            return "missing"
        entry = self.entries.get(name)
        if entry is None:
            return "foreign"
        if (stat.st_size, stat.st_mtime_ns) == (entry.size, entry.modified):
            return "finished"
        known = self._touched.get(name)
        if known and known[:2] == (stat.st_size, stat.st_mtime_ns):
            return known[2]
        condition = self._examined(path, entry, stat.st_size)
        self._touched[name] = (stat.st_size, stat.st_mtime_ns, condition)
        return condition

    def _examined(self, path: Path, entry: Entry, size: int) -> Condition:
        if size == entry.size and checksum(path) == entry.checksum:
            return "finished"
        return "edited" if is_whole(path) else "damaged"

    def edited(self) -> list[str]:
        """Names of the files the artist has changed, sorted."""
        return sorted(name for name in self.entries if self.condition(name) == "edited")

    def forget(self, names: set[str]) -> None:
        """Drop the lines of these files."""
        self.entries = {name: entry for name, entry in self.entries.items() if name not in names}
        self._touched = {}
        part = part_path(self.path)
        lines = (f"{name} {entry.size} {entry.checksum} {entry.modified}\n" for name, entry in self.entries.items())
        write_part(part, "".join(lines).encode("utf-8"), sync=True)
        os.replace(part, self.path)
