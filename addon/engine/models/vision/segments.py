# SPDX-License-Identifier: GPL-3.0-or-later
"""What is where in a frame, in the 150 classes of ADE20K, by UperNet (Xiao and others, 2018)."""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from .loading import best_device, load_network

Image8 = npt.NDArray[np.uint8]

_SHORT_SIDE, _MULTIPLE = 512, 32
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)


class Segmenter:
    """UperNet in memory.

    Args:
        folder: In transformers' layout.
        device: auto, cuda, mps or cpu.

    Raises:
        InputError: The folder is damaged or holds something else.
    """

    def __init__(self, folder: Path, device: str = "auto") -> None:
        self._device = best_device(device)
        self._network = load_network("UperNetForSemanticSegmentation", folder, self._device)

    def __call__(self, image8: Image8) -> npt.NDArray[np.intp]:
        """The class of every pixel, (H, W), 0..149, of uint8 RGB (H, W, 3)."""
        import torch

        height, width = image8.shape[:2]
        scale = _SHORT_SIDE / min(height, width)
        size = tuple(max(_MULTIPLE, round(side * scale / _MULTIPLE) * _MULTIPLE) for side in (width, height))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(image8, cast(Any, size), interpolation=way).astype(np.float32) / 255
        pixels = torch.from_numpy(((small - _MEAN) / _DEVIATION).transpose(2, 0, 1)[None]).to(self._device)
        with torch.no_grad():
            told = self._network(pixel_values=pixels).logits
            whole = torch.nn.functional.interpolate(told, size=(height, width), mode="bilinear", align_corners=False)
        return whole[0].argmax(0).cpu().numpy()
