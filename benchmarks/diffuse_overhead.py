# SPDX-License-Identifier: GPL-3.0-or-later
"""What a grid costs besides the model: reading, laying out, cutting, matching and writing, on a made-up shot.

    python benchmarks/diffuse_overhead.py [KEYS] [HEIGHT]

In place of the model stands a function that only blends pictures; its own time is taken out. Prints the row of
docs/benchmarks.md.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "engine"), str(ROOT / "tests")]

from carry_shot import make_shot, run_stage  # noqa: E402
from lineboil.addon.engine.frames import frame_name  # noqa: E402
from lineboil.addon.engine.image import files  # noqa: E402
from lineboil.addon.engine.key_list import Key, KeyList, keys_text  # noqa: E402
from lineboil.addon.engine.models.diffusion.request import Model, Request  # noqa: E402
from lineboil.addon.engine.stages import diffuse_model, diffuse_parts, diffuse_request  # noqa: E402

KINDS = ("lineart", "depth", "openpose")


class Blender:
    """Stands in for the model; knows what it took itself."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.sizes: list[tuple[int, ...]] = []

    def draw(self, request: Request, step: Any) -> Any:
        """The picture blended with its first control."""
        started = time.perf_counter()
        picture = cv2.addWeighted(request.image, 0.6, request.controls[0].image, 0.4, 10)
        if request.mask is not None:
            picture = np.where(request.mask[..., None] > 0, picture, request.kept)
        self.sizes.append(picture.shape)
        self.seconds += time.perf_counter() - started
        return picture


def main() -> int:
    """Measure; returns 0."""
    count = int(sys.argv[1]) if sys.argv[1:] else 11
    tall = int(sys.argv[2]) if sys.argv[2:] else 1080
    size = tall * 16 // 9, tall
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "shot"
        make(root, count, size)
        model = Blender()
        with (
            mock.patch.object(diffuse_model, "diffuser_for", lambda *_: model),
            mock.patch.object(diffuse_model, "model_of", lambda *_: Model("sd15", Path("none"))),
            mock.patch.object(diffuse_request, "kinds_of", lambda *_: KINDS),
            mock.patch.object(diffuse_parts, "kinds_of", lambda *_: KINDS),
        ):
            started, used = time.perf_counter(), time.process_time()
            run_stage(root, "diffuse")
            taken, used = time.perf_counter() - started - model.seconds, time.process_time() - used - model.seconds
    height, width, _ = model.sizes[0]
    print("| keys | frames | grids | pixels of a grid | seconds a grid without the model | of one core |")
    print("|---|---|---|---|---|---|")
    grids = len(model.sizes)
    print(f"| {count} | {size[0]}x{size[1]} | {grids} | {width}x{height} | {taken / grids:.2f} | {used / grids:.2f} |")
    return 0


def make(root: Path, count: int, size: tuple[int, int], **more: Any) -> None:
    """A shot with as much detail in its pictures as footage has.

    Args:
        root: Where.
        count: How many frames; each is a key.
        size: Of a frame, width and height.
        more: Settings, as `diffuse__steps`.
    """
    random = np.random.default_rng(1)
    noise = cv2.GaussianBlur(random.random((size[1], size[0], 3), np.float32), (0, 0), 2)
    pictures = [np.roll(noise, 9 * frame, 1) for frame in range(count)]
    y, x = np.mgrid[: size[1], : size[0]]
    matte = (np.hypot((x / size[0] - 0.5) / 0.2, (y / size[1] - 0.5) / 0.45) < 1).astype(np.float32)
    settings = {"diffuse__engine": "diffusion", "diffuse__prompt": "a cat", "diffuse__grid_cells": 6, **more}
    make_shot(root, pictures, [matte] * count, **settings)
    (root / "keys.json").write_text(keys_text(KeyList(tuple(Key(1 + frame) for frame in range(count)))), "utf-8")
    for kind in KINDS:
        for frame, picture in enumerate(pictures, 1):
            files.write_rgb(root / "controls" / kind / frame_name(frame), picture)


if __name__ == "__main__":
    sys.exit(main())
