"""A screen that nobody sits at, and photographs of it."""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 1600, 1000


@contextlib.contextmanager
def screen() -> Iterator[str]:
    """A virtual screen of its own; gives its name for DISPLAY. Xvfb chooses a free number."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as stream:
            number = stream.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


def photograph(display: str, path: Path) -> None:
    """Save what the screen shows as a PNG."""
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "screen.xwd"
        for _ in range(3):
            done = subprocess.run(["xwd", "-root", "-silent", "-display", display, "-out", str(dump)], check=False)
            if done.returncode == 0:
                break
            time.sleep(0.5)
        done.check_returncode()
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), read_xwd(dump.read_bytes()))


def read_xwd(data: bytes) -> np.ndarray:
    """The picture of an X window dump (version 7, 24 or 32 bits a pixel) as uint8 BGR, shape (H, W, 3)."""
    header = struct.unpack(">25I", data[:100])
    size, width, height, bits, row_bytes, colours = (header[index] for index in (0, 4, 5, 11, 12, 19))
    if header[1] != 7 or bits not in (24, 32):
        raise ValueError("this window dump is of a kind that is not read here")
    first = size + colours * 12
    rows = np.frombuffer(data, np.uint8, height * row_bytes, first).reshape(height, row_bytes)
    depth = bits // 8
    return rows[:, : width * depth].reshape(height, width, depth)[:, :, :3].copy()
