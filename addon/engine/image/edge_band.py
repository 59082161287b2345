# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the edge of a coarse matte to full resolution, in a narrow band round it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from .grabcut import cut_probability
from .guided import guided_filter

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

LARGEST_CUT_PIXELS = 720
"""Above this height GrabCut works at a smaller size: it is the slow part, and the guided filter keeps the detail."""
_EPSILON = 1e-4
_UNLIKELY = 0.2


def smoothstep(low: float, high: float, values: Float) -> Float:
    """0 below `low`, 1 above `high`, a smooth S between."""
    place = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return (place * place * (3 - 2 * place)).astype(np.float32)


def band_pixels(height: int) -> int:
    """Half-width of the band for a picture of this height."""
    return max(4, height // 60)


def refine(picture: Bytes, matte: Float, seed: int, with_cut: bool = True) -> Float:
    """Refine the edge of a matte: mean of a colour guided filter and of GrabCut inside the band.

    Outside the band the matte is made exactly 0 or 1.

    Args:
        picture: (H, W, 3) uint8 RGB.
        matte: (H, W) float32 0..1, right to about the width of the band.
        seed: For GrabCut; the frame number does.
        with_cut: False leaves GrabCut out (twice as fast, softer).

    Returns:
        (H, W) float32 0..1.
    """
    hard = (matte > 0.5).astype(np.uint8)
    band = band_pixels(matte.shape[0])
    rows, columns = _window(hard, 5 * band)
    if rows.stop == 0:
        return np.zeros_like(matte)
    result = hard.astype(np.float32)
    result[rows, columns] = _refine_window(
        np.ascontiguousarray(picture[rows, columns]), matte[rows, columns], band, seed, with_cut, matte.shape[0]
    )
    return result


def _refine_window(picture: Bytes, matte: Float, band: int, seed: int, with_cut: bool, height: int) -> Float:
    hard = (matte > 0.5).astype(np.uint8)
    near, inside = band_masks(hard, band)
    guide = (picture / np.float32(255)).astype(np.float32)
    radius = max(4, round(8 * height / 540))
    blend = (np.float32(0.6) * hard + np.float32(0.4) * matte).astype(np.float32)
    guided = smoothstep(0.2, 0.8, guided_filter(guide, blend, radius, _EPSILON))
    size = 2 * max(1, round(height / 220)) + 1
    opened = cv2.morphologyEx(guided, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)))
    # Specks and threads of a like colour beside the character, where the matte hardly believes in it.
    guided = np.where(matte < _UNLIKELY, opened, guided).astype(np.float32)
    result = np.where(near, guided, inside.astype(np.float32))
    if not with_cut:
        return result
    wide, inside = band_masks(hard, 2 * band)
    scale = min(1.0, LARGEST_CUT_PIXELS / height) if height <= LARGEST_CUT_PIXELS else 0.5
    kept = np.where(wide, cut_probability(picture, matte, seed, scale), inside.astype(np.float32))
    return ((result + kept) / 2).astype(np.float32)


def band_masks(hard: Bytes, pixels: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """The band of `pixels` either side of the edge of a 0/1 mask, and the sure inside. Picture edges are no edge."""
    if hard.all() or not hard.any():
        return np.zeros(hard.shape, bool), hard.astype(bool)
    outside = np.asarray(cv2.distanceTransform(1 - hard, cv2.DIST_L2, 5), np.float32)
    within = np.asarray(cv2.distanceTransform(hard, cv2.DIST_L2, 5), np.float32)
    shrunk = within > pixels
    return (outside <= pixels) & ~shrunk, shrunk


def _window(hard: Bytes, margin: int) -> tuple[slice, slice]:
    """The part of the picture round the character; both slices are empty when there is none."""
    x, y, width, height = cv2.boundingRect(hard)
    if width == 0:
        return slice(0, 0), slice(0, 0)
    return slice(max(0, y - margin), y + height + margin), slice(max(0, x - margin), x + width + margin)
