# SPDX-License-Identifier: GPL-3.0-or-later
"""A frame of the footage as maps are followed on it, and how well a map explains it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from .flow import grey8
from .warp import Flow, Image, Mask, positions

Bytes = npt.NDArray[np.uint8]

STRIDE = 2
_COST_REACH = 5
_COST_WEIGHTS = np.array([[1 / 3, 1 / 3, 1 / 3, 2]], np.float32) / 24
_SLOW_PIXELS = 13
_SLOW_SHARE = np.float32(0.9)
_REGION_SLOW_PIXELS = 21
_REGION_SLOW_SHARE = np.float32(0.5)
_FIGURE_SLOW_PIXELS = 15
_FIGURE_SLOW_SHARE = np.float32(0.8)
_FIGURE_LIMIT = 40


@dataclass(frozen=True)
class View:
    """A frame prepared.

    Attributes:
        image8: uint8 RGB (H, W, 3).
        grey: uint8 (H, W), luma.
        features: float32 (H, W, 4), colour without its slow part, and edge strength, in 8-bit steps.
        region_features: float32 (H, W, 4), the same as regions are compared by: a third of the colour with more of its
            slow part, half the edge strength.
        figure_features: float32 (H, W, 3), colour with more of its slow part, in 8-bit steps.
        free: float32 (H, W), 0..1, how surely a pixel belongs to something that moves by itself.
        regions: uint8 (H, W), flat parts of the static scene, numbered from 1; 0 on none.
        doubt: 0..1, how likely any other pixel does all the same.
    """

    image8: Bytes
    grey: Bytes
    features: Image
    region_features: Image
    figure_features: Image
    free: Image
    regions: Bytes
    doubt: float = 0.0

    @property
    def is_free(self) -> Mask:
        """Pixels of what moves by itself and those right beside it: bool (H, W)."""
        return is_free(self.free)


def is_free(free: Image) -> Mask:
    """Pixels of what moves by itself, float32 (H, W), 0..1, and those right beside it: bool (H, W)."""
    return cv2.dilate((free > 0.5).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


def make_view(image8: Bytes, free: Image, doubt: float = 0.0, regions: Bytes | None = None) -> View:
    """Prepare a frame.

    Args:
        image8: uint8 RGB (H, W, 3).
        free: float32 (H, W), 0..1, what moves by itself.
        doubt: 0..1, how likely what is not marked does.
        regions: uint8 (H, W), flat parts of the static scene, numbered from 1; 0 on none.
    """
    grey = grey8(image8)
    colour = image8.astype(np.float32)
    across, down = cv2.spatialGradient(cv2.GaussianBlur(grey, (3, 3), 0))
    edges = np.abs(across).astype(np.float32) + np.abs(down)
    features = _joined(colour - _SLOW_SHARE * _slow(colour, _SLOW_PIXELS), edges * np.float32(0.25))
    by_region = (colour - _REGION_SLOW_SHARE * _slow(colour, _REGION_SLOW_PIXELS)) * np.float32(1 / 3)
    region_features = _joined(by_region, edges * np.float32(0.125))
    soft = cast(Image, cv2.GaussianBlur(colour, (0, 0), 0.6))
    figure = cast(Image, soft - _FIGURE_SLOW_SHARE * _slow(soft, _FIGURE_SLOW_PIXELS))
    flat = np.zeros_like(grey) if regions is None else regions
    return View(image8, grey, features, region_features, figure, free, flat, doubt)


def _joined(*parts: npt.NDArray[Any]) -> Image:
    # Several times as fast as NumPy's own.
    return cast(Image, cv2.merge([part.astype(np.float32, copy=False) for part in parts]))


def _slow(colour: Image, reach: int) -> Image:
    return cast(Image, cv2.blur(colour, (reach, reach)))


def cost(view: View, key: View, flow: Flow) -> Image:
    """How little the key's footage under a map looks like the frame, averaged nearby.

    Shadows and changing light count little: the slow part of the colour is left out.

    Returns:
        float32, 0..1, for every second pixel of every second row: costs are smooth, and this is quick.
    """
    at = positions(*view.grey.shape)[::STRIDE, ::STRIDE] + flow[::STRIDE, ::STRIDE]
    seen = cv2.remap(key.features, at, cast(Any, None), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    difference = cv2.transform(cv2.absdiff(view.features[::STRIDE, ::STRIDE], seen), _COST_WEIGHTS)
    return cast(Image, cv2.blur(np.minimum(difference, np.float32(1)), (_COST_REACH, _COST_REACH)))


def figure_cost(view: View, key: View, flow: Flow) -> Image:
    """The same for every pixel, from finer detail and closer by: for what moves by itself.

    Args:
        view: The frame.
        key: The key.
        flow: float32 (H, W, 2), pixels, frame → key.

    Returns:
        float32 (H, W), 0..1.
    """
    at = positions(*view.grey.shape) + flow
    seen = cv2.remap(key.figure_features, at, cast(Any, None), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    difference = cv2.transform(cv2.absdiff(view.figure_features, seen), np.full((1, 3), 1 / 3, np.float32))
    limited = np.minimum(difference * np.float32(1 / _FIGURE_LIMIT), np.float32(1))
    return cast(Image, cv2.GaussianBlur(limited, (0, 0), 2.5))


def enlarged(values: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """What was found for every second pixel, for all."""
    kind = np.uint8 if values.dtype == np.bool_ else np.float32
    size = (values.shape[1] * STRIDE, values.shape[0] * STRIDE)
    whole = cv2.resize(values.astype(kind), size, interpolation=cv2.INTER_NEAREST)[: shape[0], : shape[1]]
    return whole.astype(values.dtype)
