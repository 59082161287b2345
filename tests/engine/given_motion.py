"""Motion of the artist's own, made up for tests."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

HEIGHT, WIDTH, COUNT = 48, 64, 4
ROUNDING = 1 / 64


def motion(frame: int, step: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Other numbers in every pixel, frame and direction, which no search would find in the footage."""
    y, x = np.mgrid[0:height, 0:width]
    across, down = x * WIDTH / width, y * HEIGHT / height
    scale = width / WIDTH, height / HEIGHT
    pixels = np.dstack([scale[0] * (step * 2 + down / 16 + frame), scale[1] * (across / 32 - step * frame / 2)])
    return pixels.astype(np.float32)


def write_motion(folder: Path, frames=range(1, COUNT + 1), first: int = 1, name: str = "{:06d}.npz", **size) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for frame in frames:
        arrays = {"to_next": motion(frame, 1, **size), "to_previous": motion(frame, -1, **size)}
        np.savez(folder / name.format(frame + first - 1), **arrays)
    return folder


def texture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    noise = np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return (smooth - smooth.min()) / (smooth.max() - smooth.min())
