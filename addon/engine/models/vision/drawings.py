# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines and soft edges by networks, run by OpenCV from ONNX files: no PyTorch, and data only, no program, in the file.

Line drawings are those of Chan, Durand and Isola, "Learning to generate line drawings that convey geometry and
semantics" (2022), the network the lineart ControlNets were trained behind; soft edges are DexiNed's (Soria and others,
"Dense extreme inception network", 2020).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from ...errors import InputError

Image8 = npt.NDArray[np.uint8]

_LINES_SHORT_SIDE, _LINES_MULTIPLE = 512, 8
_EDGES_SIDE = 512
# Blue, green, red, levels.
_EDGES_MEAN = (103.5, 116.2, 123.6)


class LineDrawer:
    """The network of line drawings in memory.

    Args:
        path: Its ONNX file.

    Raises:
        InputError: The file is damaged or holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._network = _loaded(path, "line drawings")

    def __call__(self, image8: Image8) -> Image8:
        """White lines on black, uint8 (H, W), of uint8 RGB (H, W, 3)."""
        height, width = image8.shape[:2]
        scale = min(1.0, _LINES_SHORT_SIDE / min(height, width))
        size = tuple(max(1, round(side * scale / _LINES_MULTIPLE)) * _LINES_MULTIPLE for side in (width, height))
        blob = cv2.dnn.blobFromImage(image8, 1 / 255, cast(Any, size), (0, 0, 0), swapRB=False, crop=False)
        paper = _asked(self._network, blob, self._path)[-1]
        # The network draws black on white.
        return _fitted(1 - paper, (width, height))


class EdgeFinder:
    """DexiNed in memory.

    Args:
        path: Its ONNX file.

    Raises:
        InputError: The file is damaged or holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._network = _loaded(path, "edges")

    def __call__(self, image8: Image8) -> Image8:
        """White edges on black, uint8 (H, W), of uint8 RGB (H, W, 3)."""
        side = (_EDGES_SIDE, _EDGES_SIDE)
        blob = cv2.dnn.blobFromImage(image8[..., ::-1], 1.0, side, _EDGES_MEAN, swapRB=False, crop=False)
        # The last of its outputs joins the others. As it is told, not stretched by the frame: keys stay alike.
        fused = _asked(self._network, blob, self._path)[-1]
        return _fitted(1 / (1 + np.exp(-np.clip(fused, -60, 60))), (image8.shape[1], image8.shape[0]))


def _loaded(path: Path, what: str) -> Any:
    try:
        # Not by its path: OpenCV cannot open every path on Windows.
        return cv2.dnn.readNetFromONNX(np.frombuffer(path.read_bytes(), np.uint8))
    except (cv2.error, OSError, SystemError) as error:
        raise InputError(
            f"cannot be read as the network of {what}", where=str(path), remedy="Fetch it again."
        ) from error


def _asked(network: Any, blob: npt.NDArray[Any], path: Path) -> list[npt.NDArray[np.float32]]:
    """What the network tells of a picture: pictures of the blob's size, float32 (h, w)."""
    try:
        network.setInput(blob)
        told = network.forward(network.getUnconnectedOutLayersNames())
    except cv2.error as error:
        raise _another(path) from error
    if not told or any(one.shape != (1, 1, *blob.shape[2:]) for one in told):
        raise _another(path)
    return [np.asarray(one[0, 0], np.float32) for one in told]


def _another(path: Path) -> InputError:
    return InputError("holds another network than one that draws", where=str(path), remedy="Fetch it again.")


def _fitted(drawn: npt.NDArray[Any], size: tuple[int, int]) -> Image8:
    whole = cv2.resize(drawn.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    return np.rint(np.clip(whole, 0, 1) * 255).astype(np.uint8)
