# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawn lines and solid blacks by a flow-aligned difference of Gaussians.

Kang, Lee and Chui, "Coherent Line Drawing" (2007); Winnemöller, Kyprianidis and Olsen, "XDoG: An eXtended
difference-of-Gaussians compendium" (2012), here with lines and blacks apart so that each has a setting of its own.
"""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from .tangent import Image, across, along

_WIDER = 1.6


def flow_difference(lightness: Image, tangents: Image, sigma_pixels: float, length_pixels: float) -> Image:
    """How much darker a place is than its surroundings across the edge, averaged along it.

    Args:
        lightness: float32 (H, W), CIE L, 0..100.
        tangents: float32 (H, W, 2) of `edge_tangents`.
        sigma_pixels: Half the thickness of the lines.
        length_pixels: Sigma of the mean along the line; longer lines hold together better and have fewer specks.

    Returns:
        float32 (H, W), units of L: positive on dark lines and on the dark side of edges, 0 on flat ground.
    """
    reach = int(np.ceil(2.5 * sigma_pixels * _WIDER))
    distances = np.arange(-reach, reach + 1)
    narrow, wide = (np.exp(-0.5 * (distances / width) ** 2) for width in (sigma_pixels, sigma_pixels * _WIDER))
    shares = wide / wide.sum() - narrow / narrow.sum()
    weights = {int(distance): float(share) for distance, share in zip(distances, shares, strict=True)}
    return along(across(lightness, tangents, weights), tangents, length_pixels, max(1.0, length_pixels / 4))


def line_ink(difference: Image, threshold: Image, sharpness: float) -> Image:
    """Ink of the lines, float32 (H, W), 0..1: none below the threshold, then growing softly.

    Args:
        difference: Of `flow_difference`.
        threshold: float32 (H, W), difference at which a line begins, units of L.
        sharpness: How fast ink grows with the difference, per unit of L.
    """
    return np.tanh(np.maximum(difference - threshold, 0) * np.float32(sharpness)).astype(np.float32)


def black_ink(lightness: Image, difference: Image, level: float, softness: float = 5.0) -> Image:
    """Ink of solid blacks, float32 (H, W), 0..1: where the sharpened lightness is below a level.

    Args:
        lightness: float32 (H, W), CIE L, 0..100.
        difference: Of `flow_difference`; sharpens the rim of the blacks.
        level: Lightness at which half the ink lies; 0 makes none.
        softness: Width of the rim, units of L.
    """
    if level <= 0:
        return np.zeros_like(lightness)
    sharpened = lightness - np.float32(4) * difference
    return (0.5 - 0.5 * np.tanh((sharpened - np.float32(level)) / np.float32(softness))).astype(np.float32)


def without_specks(ink: Image, length_pixels: float) -> Image:
    """The same ink without marks shorter than a length; a little longer ones stay faint."""
    marks = (ink > 0.12).astype(np.uint8)
    count, labels, stats, _ = cast(Any, cv2.connectedComponentsWithStats(marks, connectivity=8))
    if count == 1:
        return ink
    longest = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]).astype(np.float32)
    keep: npt.NDArray[np.float32] = np.clip(longest / np.float32(length_pixels) - 1, 0, 1)
    keep[0] = 0
    return ink * cast(Image, cv2.dilate(keep[labels], np.ones((3, 3), np.uint8)))
