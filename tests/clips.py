"""Small clips made by the tests."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np

WIDTH, HEIGHT, COUNT = 160, 96, 20


def walker_frame(index: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A patterned figure that moves to the right before a still, textured wall; uint8 (H, W, 3)."""
    random = np.random.default_rng(3)
    wall = cv2.GaussianBlur(random.integers(60, 200, (height, width, 3)).astype(np.uint8), (0, 0), 2)
    cloth = cv2.GaussianBlur(random.integers(0, 255, (60, 34, 3)).astype(np.uint8), (0, 0), 1.2)
    cloth[..., 2] //= 4
    left = 16 + index * 4
    image = wall.copy()
    mask = np.zeros((60, 34), np.uint8)
    cv2.ellipse(mask, (17, 30), (15, 28), 0, 0, 360, 255, -1)
    place = image[24:84, left : left + 34]
    place[mask > 0] = cloth[mask > 0]
    return image


def write_walker(path: Path, count: int = COUNT, rate: int = 12) -> Path:
    """An H.264 clip of the walker with a tone."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=rate, options={"crf": "12"})
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        sound = container.add_stream("aac", rate=48000, layout="mono")
        for index in range(count):
            container.mux(video.encode(av.VideoFrame.from_ndarray(walker_frame(index), format="rgb24")))
        samples = np.sin(np.arange(48000 * count // rate) * 0.05).astype(np.float32)[None]
        for start in range(0, samples.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(samples[:, start : start + 1024].copy(), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 48000, start
            container.mux(sound.encode(frame))
        for stream in (video, sound):
            container.mux(stream.encode())
    return path
