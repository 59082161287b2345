# SPDX-License-Identifier: GPL-3.0-or-later
"""A mask painted over a key in Blender's image editor, in any colour: what differs from the key is the mask.

Under `masks` in the shot lie, for a key, `000012_key.png` (what was painted over), `000012_paint.png` (with the paint)
and `000012.png` (the mask, white where there is paint).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from ..engine.errors import InputError, MissingError
from ..engine.key_list import key_frames

FOLDER = "masks"
_MARK = "lineboil_mask"
# Of 0..1: paint that is lighter than this is the rounding of colours.
_LEAST = 0.02


def nearest_key(root: Path, frame: int) -> int:
    """The key at a frame, or the one nearest to it.

    Raises:
        MissingError: The shot has no keys yet.
        InputError: `keys.json` is broken.
    """
    frames = key_frames(root)
    if not frames:
        raise MissingError("no keys are chosen yet", remedy="Run the keys stage.")
    return min(frames, key=lambda key: (abs(key - frame), key))


def mask_path(root: Path, frame: int) -> Path:
    """Where the mask of a key is."""
    return root / FOLDER / f"{frame:06d}.png"


def begin(root: Path, frame: int) -> Any:
    """The picture to paint over: the redrawn key as it is now. Earlier paint over it is taken away.

    Raises:
        MissingError: The key is not redrawn yet.
        InputError: The files cannot be written.
    """
    styled = root / "styled" / f"{frame:06d}.png"
    if not styled.is_file():
        raise MissingError(f"frame {frame} is not redrawn yet", where=str(styled), remedy="Run the diffuse stage.")
    key, paint = _files(mask_path(root, frame))
    try:
        key.parent.mkdir(exist_ok=True)
        shutil.copyfile(styled, key)
        shutil.copyfile(styled, paint)
    except OSError as error:
        raise InputError(f"cannot be written ({error})", where=str(key.parent)) from error
    image = _image(mask_path(root, frame))
    if image is None:
        image = bpy.data.images.load(str(paint))
        image[_MARK] = str(mask_path(root, frame))
        image.name = f"Mask of {frame}"
    else:
        image.reload()
    return image


def finish(path: Path) -> bool:
    """Write the mask of what was painted; False where this mask was not painted in this Blender.

    Args:
        path: Of the mask.

    Raises:
        InputError: Nothing is painted, the picture was given another size, or the mask cannot be written.
    """
    image = _image(path)
    if image is None:
        return False
    key = bpy.data.images.load(str(_files(path)[0]))
    try:
        if tuple(key.size) != tuple(image.size):
            raise InputError("has another size than its key", where=image.name, remedy="Press Paint Mask again.")
        painted = np.abs(_pixels(image) - _pixels(key))[..., :3].max(axis=2) > _LEAST
    finally:
        bpy.data.images.remove(key)
    if not painted.any():
        raise InputError("nothing is painted over this key", where=image.name, remedy="Paint what is to change.")
    _write(painted, path)
    if image.is_dirty:
        image.save()
    return True


def _write(painted: npt.NDArray[np.bool_], path: Path) -> None:
    """Write a mask as a picture, by Blender's own means."""
    height, width = painted.shape
    mask = bpy.data.images.new(path.stem, width, height)
    try:
        mask.colorspace_settings.name = "Non-Color"
        values = np.repeat(painted[..., None].astype(np.float32), 4, axis=2)
        values[..., 3] = 1
        mask.pixels.foreach_set(values.ravel())
        mask.filepath_raw, mask.file_format = str(path), "PNG"
        mask.save()
    except RuntimeError as error:
        raise InputError(f"cannot be written ({str(error).strip()})", where=str(path)) from error
    finally:
        bpy.data.images.remove(mask)


def _files(path: Path) -> tuple[Path, Path]:
    return path.with_name(f"{path.stem}_key.png"), path.with_name(f"{path.stem}_paint.png")


def _image(path: Path) -> Any:
    return next((item for item in bpy.data.images if item.get(_MARK) == str(path)), None)


def _pixels(image: Any) -> npt.NDArray[np.float32]:
    """Colours as the file has them, float32 (H, W, channels) 0..1, the lowest row first."""
    width, height = image.size
    values = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(height, width, image.channels)
