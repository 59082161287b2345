# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames a second of mixing carried keys: the processor's engine, and PyTorch on the card of this machine.

Footage, paint and maps are made up (a pan over noise, a square that moves by itself); maps are followed at 960 pixels
at most, as the stage does. "following" is the work on the maps to two keys, which is the processor's with either
engine; "carried" has both, one after the other, without reading and writing files, without finding the motion and
without looking again for what was hidden. Without a card PyTorch runs on the processor, which tells nothing of a card.
Of every work the first two turns are not timed: what is compiled or loaded once does not count.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable

import cv2
import numpy as np
from lineboil.addon.engine.image import torch_device
from lineboil.addon.engine.image.carry import LayerTracker, Maps
from lineboil.addon.engine.image.composite import Composer, Offer, Source
from lineboil.addon.engine.image.ground_plate import ground_plate
from lineboil.addon.engine.image.look import Look, explained
from lineboil.addon.engine.image.torch_device import Device
from lineboil.addon.engine.image.view import View, make_view

LARGEST = 960
STEP = 2


class Made:
    """Two keys of made-up footage of one size, and the frame between them.

    Args:
        width: Of the paint, pixels.
        height: Likewise.
    """

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        share = min(1.0, LARGEST / width)
        self.small = (round(width * share), round(height * share))
        rough = np.random.default_rng(0).random((height, width + 4 * STEP, 3), np.float32)
        smooth = cv2.GaussianBlur(rough, (0, 0), 2)
        self._wide = (smooth - smooth.min()) / (smooth.max() - smooth.min())
        self.keys = [self.view(0), self.view(2)]
        self.frame = self.view(1)
        self.look, self.sources = self._prepared()

    def picture(self, at: int) -> np.ndarray:
        """Frame `at`, float32 (H, W, 3), 0..1."""
        return np.ascontiguousarray(self._wide[:, STEP * at : STEP * at + self.size[0]])

    def view(self, at: int) -> View:
        """The same as maps are followed on it."""
        image8 = np.rint(cv2.resize(self.picture(at), self.small, interpolation=cv2.INTER_AREA) * 255)
        free = np.zeros(self.small[::-1], np.float32)
        free[self.small[1] // 3 : self.small[1] * 2 // 3, self.small[0] // 3 : self.small[0] // 2] = 1
        return make_view(image8.astype(np.uint8), free)

    def _prepared(self) -> tuple[Look, list[Source]]:
        painted = [np.round(self.picture(at) * 6) / np.float32(6) for at in (0, 2)]
        reduced = [cv2.resize(paint, self.small, interpolation=cv2.INTER_AREA) for paint in painted]
        look = Look([view.image8 for view in self.keys], reduced)
        sources = []
        for view, paint, little in zip(self.keys, painted, reduced, strict=True):
            plate = ground_plate(paint, np.clip(cv2.resize(view.free, self.size), 0, 1), [])
            made = look(view.image8)
            told = explained(little, made)
            whole = cv2.resize(made, self.size, interpolation=cv2.INTER_LINEAR)
            sources.append(Source(view, paint, plate, plate.colour - paint, whole, told))
        return look, sources

    def follow(self) -> list[Maps]:
        """The maps of the frame to both keys."""
        pixels = STEP * self.small[0] / self.size[0]
        maps = []
        for key, direction in zip(self.keys, (1, -1), strict=True):
            there = np.zeros((*self.small[::-1], 2), np.float32)
            there[..., 0] = direction * pixels
            maps.append(LayerTracker(key).advance(self.frame, there, -there))
        return maps


def main() -> None:
    """Measure and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="960x540,1920x1080", help="of footage and paint")
    parser.add_argument("--frames", type=int, default=10, help="mixed for each row, after two that are not timed")
    options = parser.parse_args()
    devices: list[Device | None] = [None]
    if torch_device.is_installed():
        devices.append(torch_device.best_device())
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}, {time.strftime('%Y-%m-%d')}\n")
    print("| size | engine | device | mixing, frames/s | following, frames/s | carried, frames/s |")
    print("|---|---|---|---|---|---|")
    for size in options.sizes.split(","):
        width, height = map(int, size.split("x"))
        made = Made(width, height)
        following = seconds(made.follow, 3)
        maps = made.follow()
        for device in devices:
            mixing = seconds(mixer(made, maps, device), options.frames)
            engine, name = ("cpu", platform.processor() or "processor") if device is None else ("torch", device.name)
            speeds = (1 / mixing, 1 / following, 1 / (mixing + following))
            print(f"| {size} | {engine} | {name} |" + "".join(f" {speed:.2f} |" for speed in speeds), flush=True)
    if len(devices) == 1:
        print("\nPyTorch is not installed here: only the processor's engine was measured.")


def mixer(made: Made, maps: list[Maps], device: Device | None) -> Callable[[], object]:
    """A call that mixes the frame once; it ends when the picture is back in the memory."""
    offers = [Offer(source, to_key, 0.5) for source, to_key in zip(made.sources, maps, strict=True)]
    if device is None:
        composer = Composer(made.look)
    else:
        from lineboil.addon.engine.image.torch_composite import TorchComposer

        composer = TorchComposer(made.look, "lanczos", 1.0, device.kind)
    return lambda: composer.frame(made.frame, offers)


def seconds(work: Callable[[], object], times: int) -> float:
    """Of one call, the mean of so many after two that are not timed."""
    work()
    work()
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) / times


if __name__ == "__main__":
    main()
