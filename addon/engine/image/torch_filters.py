# SPDX-License-Identifier: GPL-3.0-or-later
"""Blurs, slopes and changes of size on a graphics card, as OpenCV does them on the processor.

All of these work on rows and columns apart and are linear: each is a matrix for the rows and one for the columns, with
the border built in. Two products a picture are quick on a card, and come out the same each time.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

torch: Any = importlib.import_module("torch")
# Shortened factors, which cards offer for speed, would be seen in the picture.
torch.set_float32_matmul_precision("highest")
Tensor = Any
"""float32 (C, H, W) on the device."""


def put(array: npt.NDArray[Any], device: str) -> Tensor:
    """An array on the device; copied always, since the last bits of a product may depend on where NumPy laid it."""
    return torch.from_numpy(array).to(device, copy=True)


def blurred(image: Tensor, sigma: float) -> Tensor:
    """`cv2.GaussianBlur(image, (0, 0), sigma)`."""
    reach = (round(sigma * 8 + 1) | 1) // 2
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    return _filtered(image, tuple(weights / weights.sum()), tuple(weights / weights.sum()))


def averaged(image: Tensor, side: int) -> Tensor:
    """`cv2.blur(image, (side, side))`; `side` is odd."""
    return _filtered(image, (1 / side,) * side, (1 / side,) * side)


def steepness(image: Tensor) -> Tensor:
    """The length of the gradient by Sobel's filter."""
    across = _filtered(image, (1.0, 2.0, 1.0), (-1.0, 0.0, 1.0))
    down = _filtered(image, (-1.0, 0.0, 1.0), (1.0, 2.0, 1.0))
    return torch.sqrt(across * across + down * down)


def resized(image: Tensor, height: int, width: int) -> Tensor:
    """`cv2.resize` with linear interpolation."""
    if tuple(image.shape[-2:]) == (height, width):
        return image
    device = str(image.device)
    rows = _on_device(_resizing, device, image.shape[-2], height)
    columns = _on_device(_resizing, device, image.shape[-1], width)
    return rows @ image @ columns.T


def _filtered(image: Tensor, down: tuple[float, ...], across: tuple[float, ...]) -> Tensor:
    device = str(image.device)
    rows = _on_device(_filtering, device, image.shape[-2], down)
    columns = _on_device(_filtering, device, image.shape[-1], across)
    return rows @ image @ columns.T


@lru_cache(maxsize=128)
def _on_device(matrix: Any, device: str, size: int, how: Any) -> Tensor:
    return put(matrix(size, how), device)


def _filtering(size: int, weights: tuple[float, ...]) -> npt.NDArray[np.float32]:
    """The matrix of a filter of odd length; the border is mirrored about its outermost pixel."""
    matrix = np.zeros((size, size))
    period = max(2 * (size - 1), 1)
    for offset, weight in enumerate(weights, -(len(weights) // 2)):
        there = np.abs(np.arange(size) + offset) % period
        np.add.at(matrix, (np.arange(size), np.minimum(there, period - there) if size > 1 else there), weight)
    return matrix.astype(np.float32)


def _resizing(size: int, wanted: int) -> npt.NDArray[np.float32]:
    """The matrix that makes `wanted` pixels of `size`; the corners of the pictures agree."""
    at = np.clip((np.arange(wanted) + 0.5) * size / wanted - 0.5, 0, size - 1)
    first = np.floor(at).astype(int)
    matrix = np.zeros((wanted, size))
    np.add.at(matrix, (np.arange(wanted), first), 1 - (at - first))
    np.add.at(matrix, (np.arange(wanted), np.minimum(first + 1, size - 1)), at - first)
    return matrix.astype(np.float32)
