# SPDX-License-Identifier: GPL-3.0-or-later
"""What the head of a .safetensors file tells: names and shapes of its tensors, and notes. No tensor is read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..errors import InputError, MissingError

SUFFIX = ".safetensors"
REFUSED = (".ckpt", ".pt", ".pth", ".bin", ".pkl")
"""Kinds of files that can hold programs, which run when the file is opened."""

_LONGEST_BYTES = 100_000_000
_AGAIN = "Fetch or copy it again."
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head", b"<script")
# Archives and pickles: what torch.save writes.
_PICKLES = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_POINTER = b"version https://git-lfs"


@dataclass(frozen=True)
class Header:
    """The head of a file.

    Attributes:
        shapes: Shape of each tensor by name.
        notes: What its maker wrote beside them.
    """

    shapes: dict[str, tuple[int, ...]]
    notes: dict[str, str]


def refused(path: Path, kind: str = "") -> InputError:
    """What to say about a file that can hold a program, by its ending or what else tells its kind."""
    return InputError(
        f"is a {kind or path.suffix.lower()} file, which can run hidden programs when it is opened", where=str(path),
        remedy="Get the same model as .safetensors, or convert it with a program you trust.",
    )


def read_header(path: Path) -> Header:
    """The head of a .safetensors file, after a look whether the file is as long as it says.

    Raises:
        MissingError: It is not there.
        InputError: It is of another kind, damaged, or cannot be read.
    """
    if path.suffix.lower() in REFUSED:
        raise refused(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            first = stream.read(64)
            length = int.from_bytes(first[:8], "little")
            if not 2 <= length <= min(_LONGEST_BYTES, size - 8):
                raise _stranger(path, first, size)
            stream.seek(8)
            value = json.loads(stream.read(length))
    except FileNotFoundError as error:
        raise MissingError("there is no such file", where=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error
    except (ValueError, RecursionError) as error:
        raise InputError("is no .safetensors file, whatever its name says", where=str(path), remedy=_AGAIN) from error
    return _checked(value, size - 8 - length, path)


def _checked(value: Any, data_bytes: int, path: Path) -> Header:
    if not isinstance(value, dict):
        raise _damaged(path)
    entries = cast(dict[str, Any], value)
    notes = entries.pop("__metadata__", None) or {}
    try:
        shapes = {name: tuple(int(side) for side in entry["shape"]) for name, entry in entries.items()}
        end = max((int(entry["data_offsets"][1]) for entry in entries.values()), default=0)
        told = {str(name): str(text) for name, text in notes.items()}
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _damaged(path) from error
    if end > data_bytes:
        raise InputError(
            f"is cut off: {data_bytes / 1e6:.0f} MB of {end / 1e6:.0f} MB are there", where=str(path), remedy=_AGAIN
        )
    return Header(shapes, told)


def _stranger(path: Path, first: bytes, size: int) -> InputError:
    """What a file is that does not begin as a .safetensors file does."""
    if not size:
        return InputError("is empty", where=str(path), remedy=_AGAIN)
    if first.startswith(_POINTER):
        remedy = "Fetch the model itself: `git lfs pull`, or the download button of its page."
        return InputError("is only a pointer of Git LFS, not the model it stands for", where=str(path), remedy=remedy)
    if first.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(_PAGES):
        remedy = "Fetch it again from the download button; some sites want you to sign in first."
        return InputError("is a web page that was saved under a model's name", where=str(path), remedy=remedy)
    if first.startswith(_PICKLES):
        return refused(path, "renamed .ckpt or .zip")
    if size > 8 and first[8:9] == b"{":
        return InputError("is cut off within its head", where=str(path), remedy=_AGAIN)
    return _damaged(path)


def _damaged(path: Path) -> InputError:
    return InputError("is damaged: its head cannot be understood", where=str(path), remedy=_AGAIN)
