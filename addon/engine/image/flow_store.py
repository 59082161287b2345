# SPDX-License-Identifier: GPL-3.0-or-later
"""The compact file of one pair of flows.

A ZIP archive with members `shape` (JSON: size of the flows as stored and of the footage), `forward` and `backward`.
A flow is kept in steps of 1/32 pixel (an error of at most 1/64 pixel, ±1023 pixels), each value as its difference
from what its left and upper neighbours predict, low and high bytes apart, deflated: about a tenth of float32.
Large flows have members `small forward` and `small backward` besides, in pixels of their own size (in `shape`).
The last frame of a scene has an archive without members: there is no motion across a cut.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from ..errors import EngineError, InputError
from .warp import Flow, resize_flow

_STEPS_PER_PIXEL = 32
SMALL_LONG_SIDE = 480
"""Flows much larger than this are also kept reduced to it, for previews."""
_MUCH_LARGER = 1.25
_DATE = (1980, 1, 1, 0, 0, 0)


def encode_pair(forward: Flow, backward: Flow, width: int, height: int) -> bytes:
    """File content of a pair.

    Args:
        forward: float32 (h, w, 2), flow t → t+1 in pixels of its own size.
        backward: float32 (h, w, 2), flow t+1 → t.
        width: Of the footage; the flows are enlarged to it when they are loaded.
        height: Of the footage.
    """
    shape = {"rows": forward.shape[0], "columns": forward.shape[1], "width": width, "height": height}
    flows = {"forward": forward, "backward": backward}
    if max(forward.shape) > SMALL_LONG_SIDE * _MUCH_LARGER:
        small = {f"small {name}": _reduced(flow) for name, flow in flows.items()}
        shape |= dict(zip(("small rows", "small columns"), small["small forward"].shape[:2], strict=True))
        flows |= small
    parts = [("shape", json.dumps(shape).encode()), *((name, pack_flow(flow)) for name, flow in flows.items())]
    return write_archive(parts)


def _reduced(flow: Flow) -> Flow:
    scale = SMALL_LONG_SIDE / max(flow.shape)
    height, width = (max(1, round(side * scale)) for side in flow.shape[:2])
    lengths = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
    return cast(Flow, cv2.resize(flow, (width, height), interpolation=cv2.INTER_AREA) * lengths)


def encode_end() -> bytes:
    """File content for the last frame of a scene."""
    return write_archive([])


def load_small_pair(path: Path) -> tuple[Flow, Flow]:
    """The same pair reduced to about `SMALL_LONG_SIDE`, in pixels of its own size; errors as of `load_pair`."""
    return _read(path, "small ")[1]


def load_pair(path: Path, size: tuple[int, int] | None = None) -> tuple[Flow, Flow]:
    """Forward (t → t+1) and backward (t+1 → t) flow of the file of frame t, float32 (H, W, 2).

    Args:
        path: The file.
        size: Height and width they are wanted at, in pixels of that; the footage's when not given.

    Raises:
        EngineError: The frame is the last one of its scene.
        InputError: The file is missing or damaged; names it.
    """
    shape, flows = _read(path, "")
    height, width = size or (shape["height"], shape["width"])
    forward, backward = (resize_flow(flow, height, width) for flow in flows)
    return forward, backward


def _read(path: Path, kind: str) -> tuple[dict[str, int], tuple[Flow, Flow]]:
    """The file's shape and one pair of it; small footage has but one."""
    try:
        with zipfile.ZipFile(path) as archive:
            if not archive.namelist():
                raise EngineError("there is no motion from the last frame of a scene to the next", where=path.name)
            shape = json.loads(archive.read("shape"))
            kind = kind if f"{kind}rows" in shape else ""
            size = shape[f"{kind}rows"], shape[f"{kind}columns"]
            forward, backward = (unpack_flow(archive.read(kind + name), *size) for name in ("forward", "backward"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            "the motion kept here is missing or damaged", where=str(path), remedy="Delete it and run again."
        ) from error
    return shape, (forward, backward)


def write_archive(parts: list[tuple[str, bytes]]) -> bytes:
    """A ZIP archive of named members; the same members give the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in parts:
            member = zipfile.ZipInfo(name, _DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, data, compresslevel=1)
    return stream.getvalue()


def pack_flow(flow: Flow) -> bytes:
    """A flow, float32 (H, W, 2), as bytes that deflate well."""
    limit = np.iinfo(np.int16).max
    steps = np.rint(np.clip(flow * _STEPS_PER_PIXEL, -limit, limit)).astype(np.int16)
    planes = np.ascontiguousarray(steps.transpose(2, 0, 1)).view(np.uint16)
    change = planes.copy()
    change[:, :, 1:] -= planes[:, :, :-1]
    change[:, 1:] -= change[:, :-1].copy()
    folded = (change << 1) ^ (np.uint16(0) - (change >> 15))
    return (folded & 255).astype(np.uint8).tobytes() + (folded >> 8).astype(np.uint8).tobytes()


def unpack_flow(data: bytes, rows: int, columns: int) -> Flow:
    """The flow of bytes made by `pack_flow`."""
    low, high = np.frombuffer(data, np.uint8).reshape(2, 2, rows, columns).astype(np.uint16)
    folded = (low | (high << 8)).astype(np.uint16, copy=False)
    change = (folded >> 1) ^ (np.uint16(0) - (folded & 1))
    planes = change.cumsum(1, dtype=np.uint16).cumsum(2, dtype=np.uint16).view(np.int16)
    return np.ascontiguousarray(planes.transpose(1, 2, 0)).astype(np.float32) * np.float32(1 / _STEPS_PER_PIXEL)
