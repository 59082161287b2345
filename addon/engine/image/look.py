# SPDX-License-Identifier: GPL-3.0-or-later
"""What the painted keys make of the footage: a regression from local footage features to paint.

Ridge regression on random features (Rahimi, Recht, "Random Features for Large-Scale Kernel Machines", 2007; Huang, Zhu,
Siew, "Extreme Learning Machine", 2006), solved in closed form. Normal equations of several keys add up, so an
interval's look needs only its own keys. Where a look follows the footage (light, blinks, a mouth that opens) it tells
what no map can carry; where it does not, `explained` is near 0 and the look is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import cv2
import numpy as np
import numpy.typing as npt

from .warp import Image, Mask

BLURS_PIXELS = (1, 2, 4, 8)
BANDS_PIXELS = (0.6, 1, 1.6, 2.5, 4, 6.5)
TAPS = tuple((dx, dy) for dy in range(-2, 3) for dx in range(-2, 3) if (dx + dy) % 2 == 0)
"""Places of the small patch, (dx, dy), pixels."""
_FEATURES = 3 * (1 + len(BLURS_PIXELS)) + len(BANDS_PIXELS) + len(TAPS)
_UNITS = 256
_SPREAD = 0.6
_BIAS = 1.5
_RIDGE = 1e-4
_ROWS_AT_ONCE = 32
_PIXELS_AT_ONCE = 1 << 11
_LOCAL_PIXELS = 10.0
_SOFTENED_PIXELS = 3.0


def features(image8: npt.NDArray[np.uint8]) -> Image:
    """What is known of each pixel's surroundings.

    Args:
        image8: uint8 RGB (H, W, 3), footage.

    Returns:
        float32 (H, W, 34): colour at five scales, five bands and the slope of the luma, and a small patch of it.
    """
    image = image8.astype(np.float32) * np.float32(1 / 255)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    colours = [image, *(cv2.GaussianBlur(image, (0, 0), sigma) for sigma in BLURS_PIXELS)]
    blurred = [cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in BANDS_PIXELS]
    bands = [wide - narrow for narrow, wide in zip(blurred, blurred[1:], strict=False)]
    across, down = cv2.Sobel(blurred[1], -1, 1, 0), cv2.Sobel(blurred[1], -1, 0, 1)
    slope = np.sqrt(across * across + down * down)
    patch = cv2.copyMakeBorder(blurred[0], 2, 2, 2, 2, cv2.BORDER_REPLICATE)
    height, width = grey.shape
    taps = [patch[2 + dy : 2 + dy + height, 2 + dx : 2 + dx + width] - blurred[4] for dx, dy in TAPS]
    return cast(Image, cv2.merge([*colours, *bands, slope, *taps]))


def _statistics(footage: list[npt.NDArray[np.uint8]]) -> tuple[Image, Image]:
    """Mean and reciprocal deviation of each feature."""
    found = np.concatenate([features(image8)[::4, ::4].reshape(-1, _FEATURES) for image8 in footage])
    return found.mean(0), 1 / (found.std(0) + np.float32(1e-3))


class Fitted(NamedTuple):
    """What a look has learnt; with F features, U random units and C channels of paint, all float32.

    Attributes:
        mean: (F,), taken from each feature.
        scale: (F,), then multiplied.
        weights: (F, U), features → units.
        bias: (U,), added to the units, which count from 0.
        solution: (U + F + 1, C), units, features and 1 → paint.
    """

    mean: Image
    scale: Image
    weights: Image
    bias: Image
    solution: Image


class _Folded(NamedTuple):
    """The same with mean, scale and the linear part taken into the factors: fewer passes over the pixels."""

    into_units: Image
    bias: Image
    from_units: Image
    straight: Image
    constant: Image

    def told(self, found: Image) -> Image:
        """The paint of pixels, float32 (N, C), from their features (N, F)."""
        inputs = _aligned(found.shape)
        inputs[:] = found
        units = np.matmul(inputs, self.into_units, out=_aligned((len(found), _UNITS)))
        units += self.bias
        np.maximum(units, 0, out=units)
        shape = len(found), len(self.constant)
        colour = np.matmul(units, self.from_units, out=_aligned(shape))
        colour += np.matmul(inputs, self.straight, out=_aligned(shape))
        colour += self.constant
        return colour


def _fold(fitted: Fitted) -> _Folded:
    weights, solution = fitted.weights * fitted.scale[:, None], fitted.solution
    straight = solution[_UNITS:-1] * fitted.scale[:, None]
    parts = (
        weights, fitted.bias - fitted.mean @ weights, solution[:_UNITS], straight,
        solution[-1] - fitted.mean @ straight,
    )
    room = [_aligned(part.shape) for part in parts]
    for part, own in zip(parts, room, strict=True):
        own[:] = part
    return _Folded(*room)


class Look:
    """A regression footage → paint, fitted to keys.

    Args:
        footage: uint8 RGB (H, W, 3) of each key.
        painted: float32 (H, W, C), 0..1, the same pictures' paint at that size.
    """

    def __init__(self, footage: list[npt.NDArray[np.uint8]], painted: list[Image]) -> None:
        random = np.random.default_rng(0)
        scale = _SPREAD / np.sqrt(_FEATURES)
        self._weights = _aligned((_FEATURES, _UNITS))
        self._weights[:] = random.standard_normal((_FEATURES, _UNITS)) * scale
        self._bias = random.uniform(-_BIAS, _BIAS, _UNITS).astype(np.float32)
        self._mean, self._scale = _statistics(footage)
        size = _UNITS + _FEATURES + 1
        left, right = _aligned((size, size), np.float64), _aligned((size, painted[0].shape[2]), np.float64)
        left[:], right[:] = 0, 0
        product, wanted = _aligned((size, size)), _aligned((size, painted[0].shape[2]))
        count = 0
        for image8, paint in zip(footage, painted, strict=True):
            for rows, lifted in self._lifted(image8):
                target = _aligned((len(lifted), paint.shape[2]))
                target[:] = paint[rows, ::2].reshape(len(lifted), -1)
                left += np.matmul(lifted.T, lifted, out=product)
                right += np.matmul(lifted.T, target, out=wanted)
                count += len(lifted)
        left[np.diag_indices(size)] += _RIDGE * count
        self._solution = _aligned(right.shape)
        self._solution[:] = np.linalg.solve(left, right)
        self._folded = _fold(self.fitted)

    def __call__(self, image8: npt.NDArray[np.uint8], where: Mask | None = None) -> Image:
        """The footage in the keys' look, float32 (H, W, C), about 0..1.

        Args:
            image8: uint8 RGB (H, W, 3), footage.
            where: bool (H, W), pixels that are wanted; the others are 0. All when not given.
        """
        found = features(image8)
        picked = found.reshape(-1, _FEATURES) if where is None else found[where]
        told = np.empty((len(picked), self._solution.shape[1]), np.float32)
        for first in range(0, len(picked), _PIXELS_AT_ONCE):
            told[first : first + _PIXELS_AT_ONCE] = self._folded.told(picked[first : first + _PIXELS_AT_ONCE])
        if where is None:
            return told.reshape(*image8.shape[:2], -1)
        made = np.zeros((*image8.shape[:2], told.shape[1]), np.float32)
        made[where] = told
        return made

    @property
    def fitted(self) -> Fitted:
        """What it has learnt, for applying it elsewhere. Shared: not to be written to."""
        return Fitted(self._mean, self._scale, self._weights, self._bias, self._solution)

    def _lifted(self, image8: npt.NDArray[np.uint8]) -> Iterator[tuple[slice, Image]]:
        """Random features of every second pixel, some rows at a time: of a whole picture they would take too much."""
        found = features(image8)
        for top in range(0, found.shape[0], 2 * _ROWS_AT_ONCE):
            rows = slice(top, top + 2 * _ROWS_AT_ONCE, 2)
            yield rows, self._lift(found[rows, ::2].reshape(-1, _FEATURES))

    def _lift(self, found: Image) -> Image:
        """Units, features and 1 of pixels, from their features (N, F)."""
        inputs = _aligned(found.shape)
        inputs[:] = (found - self._mean) * self._scale
        units = np.matmul(inputs, self._weights, out=_aligned((len(found), _UNITS)))
        units += self._bias
        lifted = _aligned((len(found), _UNITS + _FEATURES + 1))
        np.maximum(units, 0, out=lifted[:, :_UNITS])
        lifted[:, _UNITS:-1] = inputs
        lifted[:, -1] = 1
        return lifted


def _aligned(shape: tuple[int, ...], kind: type[np.floating[Any]] = np.float32) -> npt.NDArray[Any]:
    """An empty array at an address that is a multiple of 64: products then come out the same to the last bit."""
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    room = np.empty(size + 64, np.uint8)
    start = -room.ctypes.data % 64
    return room[start : start + size].view(kind).reshape(shape)


def explained(painted: Image, predicted: Image) -> Image:
    """How much of a key's paint the look explains nearby: R² in a soft window, float32 (H, W), 0..1."""
    near = (0, 0), _LOCAL_PIXELS
    mean = cast(Image, cv2.GaussianBlur(painted, *near))
    variance = np.maximum(cv2.GaussianBlur(painted * painted, *near) - mean * mean, 0).sum(-1) + np.float32(1e-4)
    missed = cv2.GaussianBlur(np.square(painted - predicted).sum(-1), *near)
    share = np.clip(1 - missed / variance, 0, 1)
    return cast(Image, cv2.GaussianBlur(share, (0, 0), _SOFTENED_PIXELS))
