# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and writing pictures: PNG with OpenCV, RGB order, atomic."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from ..cache import write_atomic
from ..errors import InputError

Image = npt.NDArray[np.float32]
Image8 = npt.NDArray[np.uint8]

_FAST_COMPRESSION = 1


def _decode(path: Path, flags: int) -> npt.NDArray[Any]:
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise InputError("this picture is missing or cannot be read", where=str(path)) from error
    image = cv2.imdecode(data, flags) if data.size else None
    if image is None:
        raise InputError(
            "this picture is damaged",
            where=str(path),
            remedy="If it is yours, save it again; if not, delete it and run again.",
        )
    return cast(npt.NDArray[Any], image)


def _to_float(image: npt.NDArray[Any]) -> Image:
    if image.dtype == np.uint8:
        return image.astype(np.float32) * np.float32(1 / 255)
    if image.dtype == np.uint16:
        return image.astype(np.float32) * np.float32(1 / 65535)
    return image.astype(np.float32)


def read_rgb(path: Path) -> Image:
    """A colour picture, float32 (H, W, 3), 0..1, sRGB; alpha is dropped, grey is repeated.

    Raises:
        InputError: Missing or damaged; names the file.
    """
    image = _decode(path, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION)
    return _to_float(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def read_rgba(path: Path) -> Image:
    """A colour picture with its straight alpha, float32 (H, W, 4), 0..1, sRGB; opaque where it has none.

    Raises:
        InputError: Missing or damaged; names the file.
    """
    image = _to_float(_decode(path, cv2.IMREAD_UNCHANGED))
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, 2)
    if image.shape[2] == 4:
        return cast(Image, cv2.cvtColor(image, cv2.COLOR_BGRA2RGBA))
    opaque = np.ones((*image.shape[:2], 1), np.float32)
    return np.concatenate([np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.float32), opaque], 2)


def has_alpha_channel(path: Path) -> bool:
    """Whether a PNG says that it has alpha, by its header alone; False for anything else."""
    try:
        with path.open("rb") as stream:
            head = stream.read(26)
    except OSError:
        return False
    return head[:8] == b"\x89PNG\r\n\x1a\n" and len(head) == 26 and head[25] in (4, 6)


def read_rgb8(path: Path) -> Image8:
    """A colour picture, uint8 (H, W, 3), sRGB; 16-bit files are rounded to 8.

    Raises:
        InputError: Missing or damaged; names the file.
    """
    image = _decode(path, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    return cast(Image8, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def read_grey(path: Path) -> Image:
    """A grey picture, float32 (H, W), 0..1, of an 8- or 16-bit file.

    Raises:
        InputError: Missing or damaged; names the file.
    """
    image = _decode(path, cv2.IMREAD_UNCHANGED)
    if image.ndim == 3:
        image = cv2.cvtColor(image[..., :3], cv2.COLOR_BGR2GRAY)
    return _to_float(image)


def encode_png(image: npt.NDArray[Any], bits: int = 8) -> bytes:
    """PNG bytes of a picture.

    Args:
        image: (H, W), (H, W, 3) RGB or (H, W, 4) RGBA; float 0..1, or uint8/uint16 taken as they are.
        bits: 8 or 16, for float pictures.
    """
    if image.dtype not in (np.uint8, np.uint16):
        limit, kind = (65535, np.uint16) if bits == 16 else (255, np.uint8)
        image = np.rint(np.clip(image, 0, 1) * limit).astype(kind)
    if image.ndim == 3:
        order = cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR
        image = cv2.cvtColor(image, order)
    done, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, _FAST_COMPRESSION])
    if not done:
        raise InputError(f"a picture of shape {image.shape} cannot be written as PNG")
    return cast(bytes, data.tobytes())


def write_rgb(path: Path, image: npt.NDArray[Any], bits: int = 8) -> None:
    """Write a colour picture (H, W, 3) or (H, W, 4), float 0..1 or integer, atomically."""
    write_atomic(path, encode_png(image, bits))


def write_grey(path: Path, image: npt.NDArray[Any], bits: int = 8) -> None:
    """Write a grey picture (H, W), float 0..1 or integer, atomically."""
    write_atomic(path, encode_png(image, bits))
