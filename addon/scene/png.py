# SPDX-License-Identifier: GPL-3.0-or-later
"""PNG files without the words that Blender writes into them."""

from __future__ import annotations

import struct
from pathlib import Path

_START = b"\x89PNG\r\n\x1a\n"
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"sRGB", b"gAMA", b"cHRM", b"IDAT", b"IEND")


def drop_words(path: Path) -> None:
    """Keep only the picture of a PNG: Cycles notes the seconds it took, which makes each file another one."""
    data = path.read_bytes()
    if data[:8] != _START:
        return
    parts = [_START]
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        end = at + 12 + length
        if data[at + 4 : at + 8] in _KEPT:
            parts.append(data[at:end])
        at = end
    path.write_bytes(b"".join(parts))
