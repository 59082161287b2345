# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's files in a folder, each named by the number of its frame."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import InputError

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")


@dataclass(frozen=True)
class Look:
    """What a picture is like: its size in pixels, and whether any of it is transparent."""

    width: int
    height: int
    has_alpha: bool


def find_numbered(
    folder: Path, *, subject: str, remedy: str, empty: str, suffixes: tuple[str, ...] = SUFFIXES
) -> dict[int, Path]:
    """Files by the last number in their names, ascending; those of other kinds are passed over.

    Args:
        folder: Where they are.
        subject: What they are, for the sentence ("painted keys").
        remedy: What to do when there is no such folder.
        empty: What to do when it holds none.
        suffixes: Of the kinds of files that count, in small letters; pictures when not given.

    Raises:
        InputError: No folder, nothing in it, a name without a number, or two files for one frame.
    """
    if not folder.is_dir():
        raise InputError(f"there is no such folder of {subject}", where=str(folder), remedy=remedy)
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in suffixes or path.name.startswith(".") or not path.is_file():
            continue
        numbers = re.findall(r"\d+", path.stem)
        if not numbers:
            remedy = f"Name it like 000012{suffixes[0]}."
            raise InputError("its name has no frame number", where=str(path), remedy=remedy)
        frame = int(numbers[-1])
        if frame in found:
            raise InputError(
                f"{found[frame].name} and {path.name} are both for frame {frame}",
                where=str(folder),
                remedy="Take one of them away.",
            )
        found[frame] = path
    if not found:
        what = "pictures" if suffixes == SUFFIXES else subject
        raise InputError(f"there are no {what} here", where=str(folder), remedy=empty)
    return dict(sorted(found.items()))


def read_painted(path: Path) -> npt.NDArray[np.float32]:
    """A picture as it was painted: float32 (H, W, 3), or (H, W, 4) with straight alpha; sRGB 0..1.

    Raises:
        InputError: It cannot be read, or is no picture; names it.
    """
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if image is None:
        raise InputError(
            "this picture is damaged", where=str(path), remedy="If it is yours, save it again; if not, delete it."
        )
    found = cast(npt.NDArray[Any], image)
    limit = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}.get(found.dtype, 1)
    values = found.astype(np.float32) * np.float32(1 / limit)
    if values.ndim == 2:
        return np.repeat(values[..., None], 3, 2)
    return cast(
        npt.NDArray[np.float32],
        cv2.cvtColor(values, cv2.COLOR_BGRA2RGBA if values.shape[2] == 4 else cv2.COLOR_BGR2RGB),
    )


def look_at(path: Path) -> Look:
    """What a picture is like; raises what `read_painted` raises."""
    image = read_painted(path)
    has_alpha = image.shape[2] == 4 and float(image[..., 3].min()) < 254 / 255
    return Look(image.shape[1], image.shape[0], has_alpha)


def fits(size: tuple[int, int], frame: tuple[int, int]) -> bool:
    """Whether a (width, height) is that of a frame, larger or smaller to within rounding.

    >>> fits((1280, 720), (1920, 1080)), fits((480, 270), (960, 540)), fits((480, 264), (480, 270))
    (True, True, False)
    """
    (width, height), (frame_width, frame_height) = size, frame
    return abs(height - width * frame_height / frame_width) < 1 or abs(width - height * frame_width / frame_height) < 1
