# SPDX-License-Identifier: GPL-3.0-or-later
"""The compact file of what moves by itself in one frame: a ZIP archive with size and doubt (JSON) and the coverage."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..errors import InputError
from .flow_store import write_archive
from .warp import Image


def encode_movers(mask: Image, doubt: float = 0.0) -> bytes:
    """File content of a mask, float32 (H, W), 0..1, in steps of 1/255, and of its doubt, 0..1."""
    shape = json.dumps({"rows": mask.shape[0], "columns": mask.shape[1], "doubt": round(doubt, 3)}).encode()
    coverage = np.rint(np.clip(mask, 0, 1) * 255).astype(np.uint8)
    return write_archive([("shape", shape), ("coverage", coverage.tobytes())])


def load_movers(path: Path) -> tuple[Image, float]:
    """The mask of a file, float32 (H, W), 0..1, and its doubt, 0..1.

    Raises:
        InputError: Missing or damaged; names it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            shape = json.loads(archive.read("shape"))
            coverage = np.frombuffer(archive.read("coverage"), np.uint8).reshape(shape["rows"], shape["columns"])
            doubt = float(shape["doubt"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            "what is known of this frame's motion is missing or damaged",
            where=str(path),
            remedy="Delete it and run again.",
        ) from error
    return coverage.astype(np.float32) * np.float32(1 / 255), doubt
