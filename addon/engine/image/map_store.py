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

_FLOWS = ("free", "ground")


def encode_maps(maps: Maps) -> bytes:
    """File content: flows in steps of 1/32 pixel, what was lost in steps of 1/255."""
    shape = json.dumps({"rows": maps.ground.shape[0], "columns": maps.ground.shape[1]}).encode()
    lost = np.rint(maps.lost * 255).astype(np.uint8).tobytes()
    flows = [(name, pack_flow(getattr(maps, name))) for name in _FLOWS]
    return write_archive([("shape", shape), *flows, ("lost", lost)])


def load_maps(path: Path) -> Maps:
    """The maps of a file.

    Raises:
        InputError: Missing or damaged; names it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            shape = json.loads(archive.read("shape"))
            size = shape["rows"], shape["columns"]
            free, ground = (unpack_flow(archive.read(name), *size) for name in _FLOWS)
            lost = np.frombuffer(archive.read("lost"), np.uint8).reshape(size).astype(np.float32) / np.float32(255)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            "a file of work in progress is damaged", where=str(path), remedy="Delete it and run again."
        ) from error
    return Maps(free, ground, lost)
