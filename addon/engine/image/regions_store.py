# SPDX-License-Identifier: GPL-3.0-or-later
"""The compact file of the flat regions of one frame: a ZIP archive with size (JSON) and labels."""

from __future__ import annotations

import json
import zipfile
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .flow_store import write_archive

Bytes = npt.NDArray[np.uint8]


def encode_regions(labels: Bytes) -> bytes:
    """File content of labels, uint8 (H, W)."""
    shape = json.dumps({"rows": labels.shape[0], "columns": labels.shape[1]}).encode()
    return write_archive([("shape", shape), ("labels", labels.tobytes())])


def load_regions(path: Path) -> Bytes:
    """The labels of a file, uint8 (H, W).

    Raises:
        InputError: Missing or damaged; names it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            shape = json.loads(archive.read("shape"))
            return np.frombuffer(archive.read("labels"), np.uint8).reshape(shape["rows"], shape["columns"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(
            "what is known of this frame's flat regions is missing or damaged",
            where=str(path),
            remedy="Delete it and run again.",
        ) from error
