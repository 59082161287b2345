# SPDX-License-Identifier: GPL-3.0-or-later
"""The compact file of one frame's maps to a key, written and read within one run or after an interrupted one."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..errors import InputError
from .carry import Maps
from .flow_store import pack_flow, unpack_flow, write_archive
from .warp import Image

_FLOWS = ("figure", "ground")
_COSTS = ("figure_cost", "ground_cost")


def encode_maps(maps: Maps) -> bytes:
    """File content: flows in steps of 1/32 pixel, costs in steps of 1/255."""
    shape = json.dumps({"rows": maps.ground.shape[0], "columns": maps.ground.shape[1]}).encode()
    flows = [(name, pack_flow(getattr(maps, name))) for name in _FLOWS]
    costs = [(name, np.rint(getattr(maps, name) * 255).astype(np.uint8).tobytes()) for name in _COSTS]
    return write_archive([("shape", shape), *flows, *costs])


def load_maps(path: Path) -> Maps:
    """The maps of a file.

    Raises:
        InputError: Missing or damaged; names it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            shape = json.loads(archive.read("shape"))
            size = shape["rows"], shape["columns"]
            flows = [unpack_flow(archive.read(name), *size) for name in _FLOWS]
            costs = [_cost(archive.read(name), size) for name in _COSTS]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            "a file of work in progress is damaged", where=str(path), remedy="Delete it and run again."
        ) from error
    return Maps(flows[0], flows[1], costs[0], costs[1])


def _cost(data: bytes, size: tuple[int, int]) -> Image:
    return np.frombuffer(data, np.uint8).reshape(size).astype(np.float32) / np.float32(255)
