# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact motion from the Vector pass that Blender writes into OpenEXR files.

The pass has four channels, in pixels, y upwards. X and Y are the way to where a point was in the previous frame; Z and
W are the way from where it will be in the next frame, which is the way there turned round. (Measured on Cycles renders
of Blender 4.2 to 5.0.) Multilayer files, of one part or of several, call them `ViewLayer.Vector.X` and so on; files of
one layer may leave out what stands before the letter.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .warp import Flow

_AXES = "XYZW"


def read_vectors(path: Path, frame: int) -> dict[str, Flow]:
    """The flows `to_next` and `to_previous` of a frame, each float32 (H, W, 2), (dx, dy) pixels, y downwards.

    Args:
        path: The file.
        frame: Its number, for messages.

    Raises:
        InputError: It cannot be read, or has no Vector pass, or more than one; names frame and file.
    """
    stat = path.stat()
    return _vectors(path, frame, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=2)
def _vectors(path: Path, frame: int, size: int, modified: int) -> dict[str, Flow]:
    """Both directions are wanted one after the other; size and date tell a file that was changed meanwhile."""
    channels = _channels(path, frame)
    layers = sorted(name for name in {name.rpartition(".")[0] for name in channels} if _is_pass(name, channels))
    if len(layers) != 1:
        found = f"has {', '.join(layers)}" if layers else "none can be read"
        raise InputError(
            f"frame {frame} should have one Vector pass but {found}",
            where=str(path),
            remedy="Switch Vector on in the passes of one view layer.",
        )
    prefix = f"{layers[0]}." if layers[0] else ""
    x, y, z, w = (channels[prefix + axis] for axis in _AXES)
    return {"to_previous": np.stack([x, -y], -1), "to_next": np.stack([-z, w], -1)}


def _is_pass(name: str, channels: dict[str, npt.NDArray[np.float32]]) -> bool:
    prefix = f"{name}." if name else ""
    return name.rpartition(".")[2].lower() in ("", "vector") and all(prefix + axis in channels for axis in _AXES)


def _channels(path: Path, frame: int) -> dict[str, npt.NDArray[np.float32]]:
    # Only for those who bring such files.
    import OpenEXR

    try:
        parts = cast(Any, OpenEXR).File(str(path), separate_channels=True).parts
    except (RuntimeError, ValueError, OSError) as error:
        raise InputError(
            f"the motion of frame {frame} is damaged, or no OpenEXR file",
            where=str(path),
            remedy="Render or save it again.",
        ) from error
    found: dict[str, npt.NDArray[np.float32]] = {}
    for part in parts:
        for name, channel in part.channels.items():
            if name.rpartition(".")[2] in _AXES:
                _check_window(part.header, path, frame)
                found[name] = np.asarray(channel.pixels, np.float32)
    return found


def _check_window(header: dict[str, Any], path: Path, frame: int) -> None:
    if not np.array_equal(header["dataWindow"], header["displayWindow"]):
        raise InputError(
            f"the motion of frame {frame} covers a part of the picture only",
            where=str(path),
            remedy="Render the whole picture, without a border.",
        )
