# SPDX-License-Identifier: GPL-3.0-or-later
"""The guided filter with a colour guide, by box filters (He, Sun and Tang, "Guided Image Filtering", 2013)."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


def guided_filter(guide: Float, source: Float, radius: int, epsilon: float) -> Float:
    """Smooth `source` so that its edges follow those of `guide`.

    In every window the result is the best linear function of the guide's three channels; overlapping windows are
    averaged. The colour form keeps edges between colours of the same brightness.

    Args:
        guide: (H, W, 3) float32 RGB 0..1, sRGB.
        source: (H, W) float32, any range.
        radius: Of the square window in pixels; the window is 2 * radius + 1 wide.
        epsilon: Variance of the guide (0..1 squared) below which a window counts as flat and is averaged.

    Returns:
        (H, W) float32, in about the range of `source` (it can overshoot a little).
    """
    if guide.ndim != 3 or guide.shape[2] != 3 or guide.shape[:2] != source.shape:
        raise ValueError(f"guide {guide.shape} must be (H, W, 3) and source {source.shape} (H, W) of the same size")
    slope, offset = _linear(guide, source, radius, epsilon)
    smooth = np.einsum("hwc,hwc->hw", _box(slope, radius), guide) + _box(offset, radius)
    return np.asarray(smooth, np.float32)


def guided_enlarge(guide8: Bytes, source: Float, large8: Bytes, radius: int, epsilon: float) -> Float:
    """`source` filtered by a small guide and enlarged so that its edges follow those of the large one.

    The linear functions are found at the small size and enlarged ("Fast Guided Filter", He and Sun, 2015).

    Args:
        guide8: (h, w, 3) uint8 RGB.
        source: (h, w) float32, any range.
        large8: (H, W, 3) uint8 RGB of the same picture.
        radius: Of the square window in pixels of the small size.
        epsilon: As of `guided_filter`.

    Returns:
        (H, W) float32, in about the range of `source`.
    """
    slope, offset = _linear((guide8 / np.float32(255)).astype(np.float32), source, radius, epsilon)
    terms = np.dstack([_box(slope, radius), _box(offset, radius)]).astype(np.float32)
    size = (large8.shape[1], large8.shape[0])
    if size != (guide8.shape[1], guide8.shape[0]):
        terms = np.asarray(cv2.resize(terms, size, interpolation=cv2.INTER_LINEAR), np.float32)
    large = large8 / np.float32(255)
    return np.asarray(np.einsum("hwc,hwc->hw", terms[..., :3], large) + terms[..., 3], np.float32)


def _linear(guide: Float, source: Float, radius: int, epsilon: float) -> tuple[Float, Float]:
    """Slope (H, W, 3) and offset (H, W) of every window's linear function of the guide."""
    mean_guide = _box(guide, radius)
    mean_source = _box(source, radius)
    covariance = _box(guide * source[..., None], radius) - mean_guide * mean_source[..., None]
    slope = _solve(_guide_covariance(guide, mean_guide, radius, epsilon), np.asarray(covariance, np.float32))
    offset = np.asarray(mean_source - np.einsum("hwc,hwc->hw", slope, mean_guide), np.float32)
    return slope, offset


def _box(values: Float, radius: int) -> Float:
    size = 2 * radius + 1
    return np.asarray(cv2.blur(values, (size, size), borderType=cv2.BORDER_REFLECT), np.float32)


def _guide_covariance(guide: Float, mean: Float, radius: int, epsilon: float) -> tuple[Float, ...]:
    """The six different entries (rr, rg, rb, gg, gb, bb) of the windows' covariance, epsilon on the diagonal."""
    entries: list[Float] = []
    for row in range(3):
        product = _box(guide[..., row:] * guide[..., row : row + 1], radius)
        product = product.reshape(*guide.shape[:2], 3 - row) - mean[..., row:] * mean[..., row : row + 1]
        product[..., 0] += np.float32(epsilon)
        entries.extend(np.asarray(product[..., column], np.float32) for column in range(3 - row))
    return tuple(entries)


def _solve(matrix: tuple[Float, ...], right: Float) -> Float:
    """Solve the symmetric 3x3 system of every pixel by its adjugate."""
    rr, rg, rb, gg, gb, bb = matrix
    inverse_rr = gg * bb - gb * gb
    inverse_rg = gb * rb - rg * bb
    inverse_rb = rg * gb - gg * rb
    inverse_gg = rr * bb - rb * rb
    inverse_gb = rb * rg - rr * gb
    inverse_bb = rr * gg - rg * rg
    determinant = rr * inverse_rr + rg * inverse_rg + rb * inverse_rb
    first, second, third = right[..., 0], right[..., 1], right[..., 2]
    solution = np.empty_like(right)
    solution[..., 0] = inverse_rr * first + inverse_rg * second + inverse_rb * third
    solution[..., 1] = inverse_rg * first + inverse_gg * second + inverse_gb * third
    solution[..., 2] = inverse_rb * first + inverse_gb * second + inverse_bb * third
    return np.asarray(solution / np.maximum(determinant, np.float32(1e-18))[..., None], np.float32)
