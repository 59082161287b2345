# SPDX-License-Identifier: GPL-3.0-or-later
"""Frame numbers and their file names: 1-based, six digits, the same number in every folder."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .errors import SettingError

_NAME = re.compile(r"^(\d{6,})(\.[A-Za-z0-9]+)$")


def frame_name(frame: int, suffix: str = ".png") -> str:
    """File name of a frame.

    >>> frame_name(12)
    '000012.png'
    """
    if frame < 1:
        raise SettingError(f"there is no frame {frame}: frames count from 1")
    return f"{frame:06d}{suffix}"


def list_frames(folder: Path, suffix: str = ".png") -> list[int]:
    """Numbers of the frames in a folder, ascending; empty when the folder is not there."""
    if not folder.is_dir():
        return []
    found: list[int] = []
    for path in folder.iterdir():
        match = _NAME.match(path.name)
        if match and match.group(2) == suffix:
            found.append(int(match.group(1)))
    return sorted(found)


def parse_ranges(text: str, count: int | None = None) -> tuple[int, ...]:
    """Frames of a text like "1-20,30", ascending and without doubles.

    Args:
        text: Frames and ranges, comma-separated; an open end ("10-") goes to `count`.
        count: Number of frames of the shot, when known; larger numbers are an error.

    Raises:
        SettingError: Not a range, reversed, or outside the shot.
    """
    wanted: set[int] = set()
    for part in text.replace(" ", "").split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d*))?", part)
        if not match:
            raise SettingError(f'"{text}" is not a range of frames', remedy="Write it like 1-20 or 1-20,30.")
        first = int(match.group(1))
        last = first if match.group(2) is None else int(match.group(2) or count or 0)
        if first < 1 or last < first:
            raise SettingError(f'"{part}" is not a range of frames', remedy="Frames count from 1, the smaller first.")
        if count is not None and last > count:
            raise SettingError(f'"{part}" goes past the last frame', remedy=f"The shot has frames 1-{count}.")
        wanted.update(range(first, last + 1))
    return tuple(sorted(wanted))


def range_text(frames: Iterable[int]) -> str:
    """Frames as a short text.

    >>> range_text([1, 2, 3, 7])
    '1-3,7'
    """
    parts: list[str] = []
    ordered = sorted(set(frames))
    start = 0
    for index in range(1, len(ordered) + 1):
        if index == len(ordered) or ordered[index] != ordered[index - 1] + 1:
            first, last = ordered[start], ordered[index - 1]
            parts.append(str(first) if first == last else f"{first}-{last}")
            start = index
    return ",".join(parts)
