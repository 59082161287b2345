# SPDX-License-Identifier: GPL-3.0-or-later
"""Colour and depth extended outward from inside a matte, so that a soft edge shows nothing of the background."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .relief import Float, smoothstep

_SEED_COVERAGE = 0.96
_LEAST_SEEDS = 16


def seeds_of(matte: Float, margin_pixels: int) -> npt.NDArray[np.bool_]:
    """What surely is the character: the covered pixels, eroded.

    Where erosion leaves nothing (a thin or faint matte) the margin and then the coverage asked for give way.

    Args:
        matte: (H, W) float32 0..1.
        margin_pixels: Depth of the erosion; the picture's edge does not erode.

    Returns:
        (H, W) bool; all False only where the matte is empty.
    """
    for margin in (margin_pixels, margin_pixels // 2, 0):
        covered = (matte >= _SEED_COVERAGE).astype(np.uint8)
        if margin:
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * margin + 1, 2 * margin + 1))
            covered = cv2.erode(covered, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=(1,))
        if int(covered.sum()) >= _LEAST_SEEDS:
            return covered > 0
    highest = float(matte.max())
    return matte >= highest * 0.9 if highest > 0.02 else np.zeros(matte.shape, bool)


def nearest(image: npt.NDArray[np.float32], seeds: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Every pixel takes the value of the nearest seed.

    Args:
        image: (H, W) or (H, W, C) float32.
        seeds: (H, W) bool, at least one.

    Returns:
        As `image`; seeds keep their own values exactly.
    """
    _, labels = cv2.distanceTransformWithLabels(
        (~seeds).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    labels = np.asarray(labels, np.int64)
    flat = image.reshape(seeds.size, -1)
    table = np.zeros((int(labels.max()) + 1, flat.shape[1]), np.float32)
    inside = seeds.ravel()
    table[labels.ravel()[inside]] = flat[inside]
    return table[labels].reshape(image.shape)


def extend_outward(
    image: npt.NDArray[np.float32], matte: Float, margin_pixels: int, blur_pixels: float
) -> npt.NDArray[np.float32]:
    """The image with everything outside the character replaced by what lies nearest inside it.

    Seeds stay untouched; between the seeds and the matte's edge the image gives way to the extended colour as coverage
    falls, so that a partly covered pixel has the character's colour only; outside, streaks are blurred.

    Args:
        image: (H, W) or (H, W, C) float32.
        matte: (H, W) float32 0..1.
        margin_pixels: How far inside the matte the seeds begin.
        blur_pixels: Standard deviation of the blur outside.

    Returns:
        As `image`; the image itself where the matte is empty or everything is inside.
    """
    seeds = seeds_of(matte, margin_pixels)
    if not seeds.any() or seeds.all():
        return image
    filled = nearest(image, seeds)
    blurred = cast(Float, cv2.GaussianBlur(filled, (0, 0), max(blur_pixels, 0.3), borderType=cv2.BORDER_REPLICATE))
    keep = np.where(seeds, np.float32(1), _trust(matte, seeds, margin_pixels))
    keep = keep if image.ndim == 2 else keep[..., None]
    return (blurred + (image - blurred) * keep).astype(np.float32)


def _trust(matte: Float, seeds: npt.NDArray[np.bool_], margin_pixels: int) -> Float:
    """How much of the image itself to keep outside the seeds: by coverage, and none beyond the margin."""
    distance = np.asarray(cv2.distanceTransform((~seeds).astype(np.uint8), cv2.DIST_L2, 3), np.float32)
    near = 1 - smoothstep(distance, 0.5, margin_pixels + 1.0)
    return near * smoothstep(matte, _SEED_COVERAGE - 0.05, 1.0)


def enlarge_matte(matte: Float, width: int, height: int) -> Float:
    """A matte at another size; enlarged, its edge stays as crisp in the picture as it was.

    Args:
        matte: (h, w) float32 0..1.
        width: Wanted columns.
        height: Wanted rows.

    Returns:
        (height, width) float32 0..1.
    """
    if matte.shape == (height, width):
        return matte
    scale = width / matte.shape[1]
    if scale < 1:
        return cast(Float, cv2.resize(matte, (width, height), interpolation=cv2.INTER_AREA))
    large = cast(Float, cv2.resize(matte, (width, height), interpolation=cv2.INTER_CUBIC))
    gain = np.float32(min(scale, 2.0) ** 0.5)
    return np.clip((large - np.float32(0.5)) * gain + np.float32(0.5), 0, 1)
