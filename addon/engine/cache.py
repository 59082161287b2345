# SPDX-License-Identifier: GPL-3.0-or-later
"""Atomic writes, and hashes of files and values."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import json
import os
import struct
import uuid
import zipfile
import zlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

from .errors import EngineError, InputError

_SAMPLE_BYTES = 1 << 20
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_WHOLE_FILE_BYTES = 64 << 20


def disk_error(error: OSError, path: Path) -> EngineError:
    """An operating system's refusal in words an artist understands."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return InputError("the disk is full", where=str(path), remedy="Make room and run again: it goes on from here.")
    if error.errno in (errno.EACCES, errno.EPERM) and os.path.isfile(path) and not os.access(path, os.R_OK):
        return InputError("no permission to read this file", where=str(path), remedy="Change its rights and run again.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return InputError(
            "no permission to write here", where=str(path), remedy="Choose another folder or change its rights."
        )
    if error.errno == errno.ENOENT:
        return InputError("is missing or cannot be made", where=str(path), remedy="Look at the path and run again.")
    return InputError(f"cannot be written ({error.strerror or error})", where=str(path))


@contextlib.contextmanager
def atomic_path(path: Path) -> Generator[Path, None, None]:
    """A `.part` path beside `path` that replaces it when the block ends well, and vanishes when it does not.

    The name keeps the suffix of `path`, because writers choose their format by it.

    Raises:
        InputError: The disk is full or not writable.
    """
    part = path.with_name(f"{path.stem}.{uuid.uuid4().hex[:8]}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        with part.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(part, path)
    except OSError as error:
        raise disk_error(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def write_atomic(path: Path, data: bytes, *, sync: bool = False) -> os.stat_result:
    """Write `data` so that `path` holds either the old or the whole new content.

    Args:
        path: The file; its folder is made.
        data: Its new content.
        sync: Also force it to the disk (for small files that decide what is done).

    Returns:
        Size and times of the new file.

    Raises:
        InputError: The disk is full or not writable.
    """
    part = part_path(path)
    try:
        stat = write_part(part, data, sync=sync)
        os.replace(part, path)
    except OSError as error:
        raise disk_error(error, path) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return stat


def part_path(path: Path) -> Path:
    """A unique name beside `path` for content that is being written."""
    return path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")


def write_part(part: Path, data: bytes, *, sync: bool = False) -> os.stat_result:
    """Write the unfinished file; its times stay when it is renamed."""
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("wb") as stream:
        stream.write(data)
        stream.flush()
        if sync:
            os.fsync(stream.fileno())
    return part.stat()


def write_json(path: Path, value: Any) -> None:
    """Write a value as readable JSON, atomically and to the disk."""
    write_atomic(path, (json.dumps(value, indent=1, sort_keys=True) + "\n").encode("utf-8"), sync=True)


def digest(value: Any) -> str:
    """Hash of a JSON-able value; equal values give equal hashes."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def checksum(path: Path) -> int:
    """CRC-32 of a file's content."""
    value = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            value = zlib.crc32(block, value)
    return value


def file_identity(path: Path) -> str:
    """Identity of the artist's file or folder by its content, not its date.

    Files over 64 MB are sampled (size, first, middle and last megabyte), since footage may be huge.
    A folder is its files' names and identities. A path that is not there is "missing".
    """
    if path.is_dir():
        names = sorted(entry.name for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))
        return digest([(name, _folder_entry(path / name)) for name in names])
    if not path.is_file():
        return "missing"
    size = path.stat().st_size
    hasher = hashlib.sha256(str(size).encode())
    with path.open("rb") as stream:
        if size <= _WHOLE_FILE_BYTES:
            while block := stream.read(_SAMPLE_BYTES):
                hasher.update(block)
        else:
            for offset in (0, size // 2, size - _SAMPLE_BYTES):
                stream.seek(offset)
                hasher.update(stream.read(_SAMPLE_BYTES))
    return hasher.hexdigest()[:32]


def _folder_entry(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, _checksum_since(path, stat.st_size, stat.st_mtime_ns)]


@functools.lru_cache(maxsize=100_000)
def _checksum_since(path: Path, size: int, modified: int) -> int:
    """The checksum of a file as it is since a date: a run asks for a folder's identity many times."""
    return checksum(path)


def is_whole(path: Path) -> bool:
    """Whether a file is complete: every PNG chunk or archive member with its own checksum, every box of a movie.

    Kinds of file that are not known only have to be there and not empty. A JPEG under the name of a PNG is whole too:
    it is read by what it is.
    """
    try:
        if path.suffix == ".png":
            data = path.read_bytes()
            return _png_is_whole(data) or (data[:3] == b"\xff\xd8\xff" and data.rstrip(b"\0")[-2:] == b"\xff\xd9")
        if path.suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                return archive.testzip() is None
        if path.suffix in (".mp4", ".mov"):
            return _movie_is_whole(path)
        if path.suffix == ".json":
            return isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
        with path.open("rb") as stream:
            return stream.read(4) == b"fLaC" if path.suffix == ".flac" else bool(stream.read(1))
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error):
        return False


def is_png(path: Path) -> bool:
    """Whether a file begins as a PNG does, or as one that a crash has left: empty or zeros."""
    try:
        with path.open("rb") as stream:
            return stream.read(8) in (_PNG_HEAD, bytes(8), b"")
    except OSError:
        return True


def _movie_is_whole(path: Path) -> bool:
    """Whether the boxes of an MP4 or MOV fill the file and its index is among them."""
    kinds: set[bytes] = set()
    end, at = path.stat().st_size, 0
    with path.open("rb") as stream:
        while at + 8 <= end:
            stream.seek(at)
            head = stream.read(16)
            size = int.from_bytes(head[:4], "big")
            if size == 1:
                size = int.from_bytes(head[8:16], "big")
            if size < 8:
                return False
            kinds.add(head[4:8])
            at += size
    return at == end and b"moov" in kinds


def _png_is_whole(data: bytes) -> bool:
    if data[:8] != _PNG_HEAD:
        return False
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        end = at + 12 + length
        if end > len(data):
            return False
        if zlib.crc32(data[at + 4 : end - 4]) != struct.unpack(">I", data[end - 4 : end])[0]:
            return False
        if data[at + 4 : at + 8] == b"IEND":
            return True
        at = end
    return False
