# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of exact motion that the artist brings: a NumPy archive (`.npz`) a frame, or a render's OpenEXR file.

The arrays of an archive are `to_next` and `to_previous`, each (H, W, 2), (dx, dy) pixels: the flow of the frame to the
next one and to the one before, as docs/conventions.md defines flow.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .motion_exr import read_vectors
from .warp import Flow

SUFFIXES = (".npz", ".exr")
Direction = Literal["to_next", "to_previous"]

_LONGEST_PIXELS = 1e5
"""What is farther is out of every picture; larger numbers would overflow when they are scaled."""
_MOST_BYTES = 1 << 31
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (
    ValueError, EOFError, OverflowError, MemoryError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error,
)


def read_motion(path: Path, direction: Direction, frame: int) -> Flow:
    """One flow of a frame's file, float32 (H, W, 2), (dx, dy) pixels.

    Args:
        path: The file.
        direction: To the next frame or to the one before.
        frame: Its number, for messages.

    Raises:
        InputError: It cannot be read, or its motion is no motion; names frame and file.
    """
    if path.suffix.lower() == ".exr":
        values: npt.NDArray[Any] = read_vectors(path, frame)[direction]
    else:
        values = _read(path, direction, frame)
    if values.dtype.kind not in "fiu" or values.ndim != 3 or values.shape[2] != 2 or not values.size:
        raise InputError(
            f"{direction} of frame {frame} is {values.dtype} of the shape {_shape(values)}, not (height, width, 2)",
            where=str(path),
            remedy="Its last axis is right, down; in pixels.",
        )
    if not np.isfinite(values).all():
        raise InputError(
            f"{direction} of frame {frame} has values that are not numbers",
            where=str(path),
            remedy="Where nothing is known of the motion, write what is known beside it, or 0.",
        )
    numbers = values.astype(np.result_type(values.dtype, np.float32), copy=False)
    return np.ascontiguousarray(np.clip(numbers, -_LONGEST_PIXELS, _LONGEST_PIXELS), np.float32)


def _read(path: Path, direction: Direction, frame: int) -> npt.NDArray[Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if f"{direction}.npy" not in names:
                raise InputError(
                    f'the motion of frame {frame} has no "{direction}"',
                    where=str(path),
                    remedy=f"It has: {', '.join(name.removesuffix('.npy') for name in names[:8]) or 'nothing'}.",
                )
            member = archive.getinfo(f"{direction}.npy")
            if member.file_size > _MOST_BYTES or member.compress_type not in _COMPRESSIONS:
                raise ValueError("not as NumPy writes it")
            # Read as a whole, its checksum is compared before anything is made of it. Never pickles: they run code.
            return np.lib.format.read_array(io.BytesIO(archive.read(member)), allow_pickle=False)
    except OSError as error:
        why = error.strerror or error
        raise InputError(f"the motion of frame {frame} cannot be read ({why})", where=str(path)) from error
    except _DAMAGE as error:
        raise InputError(
            f"the motion of frame {frame} is damaged, or no plain NumPy archive",
            where=str(path),
            remedy="Save it again.",
        ) from error


def _shape(values: npt.NDArray[Any]) -> str:
    return "(" + ", ".join(map(str, values.shape)) + ")"
