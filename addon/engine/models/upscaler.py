# SPDX-License-Identifier: GPL-3.0-or-later
"""Real-ESRGAN's small video model by ncnn: on the graphics card of any maker, or on the processor.

Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data" (2021).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import cv2
import ncnn
import numpy as np
import numpy.typing as npt

from ..errors import MissingError
from .kept import kept

Image = npt.NDArray[np.float32]

SCALE = 4
# The network looks 18 pixels far: with 20 a tile is the same as the whole picture.
BORDER_PIXELS = 20
TILE_PIXELS = 200
_SOFTWARE_DEVICE = 3


class Upscaler:
    """Enlarges pictures four times, each by itself. A worker loads the network once.

    Args:
        param: Structure of the network, ncnn's text form.
        weights: Its weights.
        tile_pixels: Side of the tiles a picture is cut into, which bounds memory.

    Raises:
        MissingError: The files are not a network that ncnn reads.
    """

    def __init__(self, param: Path, weights: Path, tile_pixels: int = TILE_PIXELS) -> None:
        self.tile_pixels = tile_pixels
        self.device, index = _device()
        self._net: Any = kept((param, weights), index, make=lambda: _load(param, weights, index))

    def enlarge(self, image: Image) -> Image:
        """A picture four times as large: float32 (H, W, 3) to (4 H, 4 W, 3), 0..1, sRGB."""
        height, width = image.shape[:2]
        rim = BORDER_PIXELS
        padded = np.pad(image, ((rim, rim), (rim, rim), (0, 0)), mode="symmetric")
        result = np.empty((height * SCALE, width * SCALE, 3), np.float32)
        for top in range(0, height, self.tile_pixels):
            for left in range(0, width, self.tile_pixels):
                bottom, right = min(height, top + self.tile_pixels), min(width, left + self.tile_pixels)
                tile = padded[top : bottom + 2 * BORDER_PIXELS, left : right + 2 * BORDER_PIXELS]
                result[top * SCALE : bottom * SCALE, left * SCALE : right * SCALE] = self._run(tile)
        return np.clip(result, 0, 1)

    def _run(self, tile: Image) -> Image:
        # The network's input does not keep the array alive: it is copied while `values` is held.
        values = np.ascontiguousarray(tile.transpose(2, 0, 1))
        blob = cast(Any, ncnn).Mat(values).clone()
        extractor = self._net.create_extractor()
        extractor.input("data", blob)
        code, output = extractor.extract("output")
        if code:
            raise MissingError("the upscaler could not run", remedy="Set the engine to lanczos.")
        rim = BORDER_PIXELS * SCALE
        return np.array(output).transpose(1, 2, 0)[rim:-rim, rim:-rim]


def _load(param: Path, weights: Path, device: int | None) -> Any:
    net = cast(Any, ncnn).Net()
    net.opt.use_vulkan_compute = device is not None
    net.opt.num_threads = max(1, cv2.getNumberOfCPUs())
    if device is not None:
        net.set_vulkan_device(device)
    if net.load_param(str(param)) or net.load_model(str(weights)):
        raise MissingError("the upscaler's files cannot be read", where=str(param.parent))
    return net


def _device() -> tuple[str, int | None]:
    """Name and index of the first real graphics card; the processor where there is none."""
    module = cast(Any, ncnn)
    if module.create_gpu_instance() == 0:
        for index in range(module.get_gpu_count()):
            information = module.get_gpu_info(index)
            if information.type() != _SOFTWARE_DEVICE:
                return str(information.device_name()), index
    return "processor", None
