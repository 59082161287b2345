# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys painted by the artist: checked for number and size, then taken as they are."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..frames import range_text
from ..image import files
from ..schema.diffuse import FOLDER, DiffuseSettings, painted_folder
from .context import StageContext

_SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp"}


def run(context: StageContext, settings: DiffuseSettings) -> None:
    """Take the artist's pictures over into the shot."""
    folder = painted_folder(settings, context.shot.root)
    pictures = find_pictures(folder)
    _check_number(pictures, context, folder)
    wanted = (context.footage.width, context.footage.height)
    scale = _common_scale({frame: pictures[frame] for frame in context.state.frames_of(context.spec)}, wanted)
    if scale > 1:
        context.note(f"the pictures are {scale} times the size of the footage and are carried at that size")
    pending = context.pending()
    for done, frame in enumerate(pending, 1):
        context.write_rgb(FOLDER, frame, _read_flat(pictures[frame]))
        context.step("taking painted keys", done, len(pending), "keys")


def find_pictures(folder: Path) -> dict[int, Path]:
    """The artist's pictures by frame: the last number in a name counts.

    Raises:
        InputError: No folder, no pictures, a name without a number, or two pictures for one frame.
    """
    if not folder.is_dir():
        raise InputError(
            "there is no such folder of painted keys", where=str(folder), remedy="Make it, or set diffuse.folder."
        )
    found: dict[int, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in _SUFFIXES or path.name.startswith("."):
            continue
        numbers = re.findall(r"\d+", path.stem)
        if not numbers:
            raise InputError("its name has no frame number", where=str(path), remedy="Name it like 000012.png.")
        frame = int(numbers[-1])
        if frame in found:
            raise InputError(
                f"{found[frame].name} and {path.name} are both for frame {frame}",
                where=str(folder),
                remedy="Take one of them away.",
            )
        found[frame] = path
    if not found:
        raise InputError("there are no pictures here", where=str(folder), remedy="Paint the keys named in keys.json.")
    return found


def _check_number(pictures: dict[int, Path], context: StageContext, folder: Path) -> None:
    count = context.footage.count
    beyond = [frame for frame in pictures if not 1 <= frame <= count]
    if beyond:
        raise InputError(
            f"{pictures[beyond[0]].name} is for frame {beyond[0]}, but the shot has frames 1-{count}", where=str(folder)
        )
    keys = set(context.state.frames_of(context.spec))
    missing = sorted(keys - set(pictures))
    if missing:
        raise InputError(
            f"frames {range_text(missing)} are keys and have no picture",
            where=str(folder),
            remedy="Paint them, or take them out of keys.json.",
        )
    spare = sorted(set(pictures) - keys)
    if spare:
        context.warn(f"pictures of frames {range_text(spare)} are not used: add these frames to keys.json to use them")


def _common_scale(pictures: dict[int, Path], wanted: tuple[int, int]) -> int:
    """How many times larger than the footage the pictures are: one whole number for all.

    Raises:
        InputError: A picture has another size; names it, its size and what it should be.
    """
    scales: dict[int, Path] = {}
    for path in pictures.values():
        height, width = files.read_rgb8(path).shape[:2]
        scale = width // wanted[0]
        if scale < 1 or (width, height) != (wanted[0] * scale, wanted[1] * scale):
            raise InputError(
                f"is {width}x{height} pixels",
                where=str(path),
                remedy=f"Paint at the size of the frames, {wanted[0]}x{wanted[1]}, or a whole multiple of it.",
            )
        scales.setdefault(scale, path)
    if len(scales) > 1:
        names = " and ".join(path.name for path in list(scales.values())[:2])
        raise InputError(f"{names} have different sizes", remedy="Paint all keys at one size.")
    return next(iter(scales))


def _read_flat(path: Path) -> npt.NDArray[np.float32]:
    """A painted picture, transparency laid on white; float32 (H, W, 3)."""
    raw = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    if raw is None or raw.ndim != 3 or raw.shape[2] != 4:
        return files.read_rgb(path)
    limit = 65535.0 if raw.dtype == np.uint16 else 255.0
    values = cv2.cvtColor(raw, cv2.COLOR_BGRA2RGBA).astype(np.float32) / np.float32(limit)
    alpha = values[..., 3:]
    return (values[..., :3] * alpha + (1 - alpha)).astype(np.float32)
