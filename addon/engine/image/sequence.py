# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of pictures as footage."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import av
import av.error
import cv2
import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..frames import range_text
from .hdr import linear_to_srgb

Image = npt.NDArray[np.float32]

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".exr", ".hdr")
_NUMBERED = re.compile(r"^(.*?)(\d+)(\D*)$")
_LINEAR = (".exr", ".hdr")


@dataclass(frozen=True)
class Sequence:
    """Pictures in order.

    Attributes:
        paths: Of the pictures that are there.
        numbers: The number in each name, ascending; 1, 2, 3 when the names have none.
    """

    paths: tuple[Path, ...]
    numbers: tuple[int, ...]

    def missing(self) -> tuple[int, ...]:
        """Numbers between the first and the last that are not there."""
        there = set(self.numbers)
        return tuple(number for number in range(self.numbers[0], self.numbers[-1]) if number not in there)

    def gap_text(self) -> str:
        """The missing numbers for a person; empty when there are none."""
        return range_text(self.missing())


def is_picture(path: Path) -> bool:
    """Whether a file's name is that of a picture."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def find_sequence(folder: Path) -> Sequence:
    """The pictures of a folder, by the last number in their names.

    Raises:
        InputError: No pictures, or more than one sequence.
    """
    paths = sorted(path for path in folder.iterdir() if path.is_file() and is_picture(path))
    if not paths:
        raise InputError(
            "there are no pictures in this folder", where=str(folder), remedy="Pictures are: " + " ".join(SUFFIXES)
        )
    groups: dict[tuple[str, str, str], dict[int, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in paths:
        match = _NUMBERED.match(path.stem)
        head, number, tail = match.groups() if match else (path.stem, "-1", "")
        groups[(head, tail, path.suffix.lower())][int(number)].append(path)
    if len(groups) == 1:
        return _numbered(next(iter(groups.values())), folder)
    if all(len(found) == 1 for found in groups.values()):
        return Sequence(tuple(paths), tuple(range(1, len(paths) + 1)))
    names = [next(iter(found.values()))[0].name for found in groups.values()]
    raise InputError(
        f"there are several sequences in this folder: {', '.join(names[:4])}{', …' if len(names) > 4 else ''}",
        where=str(folder),
        remedy="Put the pictures of the shot into a folder of their own.",
    )


def _numbered(found: dict[int, list[Path]], folder: Path) -> Sequence:
    for same in found.values():
        if len(same) > 1:
            raise InputError(f"{same[0].name} and {same[1].name} have the same number", where=str(folder))
    numbers = tuple(sorted(found))
    return Sequence(tuple(found[number][0] for number in numbers), numbers if numbers[0] >= 0 else (1,))


def read_picture(path: Path) -> tuple[Image, Image | None, int]:
    """A picture as the artist's other programs show it.

    Returns:
        float32 (H, W, 3) sRGB 0..1, alpha float32 (H, W) 0..1 when it has one, and its bits. Pictures in
        floating point are taken as linear light.

    Raises:
        InputError: Damaged or unknown; names the file.
    """
    stored = _read_exr(path) if path.suffix.lower() == ".exr" else _read(path)
    bits = {np.dtype(np.uint8): 8}.get(stored.dtype, 16)
    top = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}.get(stored.dtype, 1)
    image = stored.astype(np.float32) * np.float32(1 / top)
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, 2)
    alpha = np.ascontiguousarray(np.clip(image[..., 3], 0, 1)) if image.shape[2] == 4 else None
    colour = np.ascontiguousarray(image[..., :3])
    if top == 1:
        colour = linear_to_srgb(np.nan_to_num(colour))
    return colour, alpha, bits


def _read(path: Path) -> npt.NDArray[Any]:
    # JPEG tells by EXIF how the camera was held; OpenCV turns it only when it reads colour.
    is_photo = path.suffix.lower() in (".jpg", ".jpeg")
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH if is_photo else cv2.IMREAD_UNCHANGED
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        image = cv2.imdecode(data, flags) if data.size else None
    except (OSError, cv2.error) as error:
        raise _unreadable(path) from error
    if image is None:
        raise _unreadable(path)
    found = cast(npt.NDArray[Any], image)
    if found.ndim == 3:
        found = cv2.cvtColor(found, cv2.COLOR_BGRA2RGBA if found.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    return cast(npt.NDArray[Any], found)


def _read_exr(path: Path) -> npt.NDArray[Any]:
    try:
        with path.open("rb") as stream, av.open(stream, "r", format="exr_pipe") as container:
            frame = next(container.decode(video=0))
            has_alpha = any(component.is_alpha for component in frame.format.components)
            return frame.to_ndarray(format="gbrapf32le" if has_alpha else "gbrpf32le")
    except (OSError, ValueError, StopIteration, av.error.FFmpegError) as error:
        raise _unreadable(path) from error


def _unreadable(path: Path) -> InputError:
    return InputError("this picture is damaged or of an unknown kind", where=str(path), remedy="Make or copy it again.")
