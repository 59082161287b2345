# SPDX-License-Identifier: GPL-3.0-or-later
"""Contours of footage: how strong a step of colour is, where its crest runs, and how much of it is texture."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

Image8 = npt.NDArray[np.uint8]
Image = npt.NDArray[np.float32]

_REDUCTION = 4
_SQUARE_ROOT_OF_TWO_PI = 2.5066
_GRAIN_LEVELS = (1.5, 5.0, 10.0)


def lab_of(image8: Image8) -> Image:
    """CIE Lab, float32 (H, W, 3), lightness 0..100, of uint8 sRGB (H, W, 3)."""
    return cast(Image, cv2.cvtColor(image8.astype(np.float32) * np.float32(1 / 255), cv2.COLOR_RGB2Lab))


def grain_of(image8: Image8) -> float:
    """Standard deviation of the grain, levels (Immerkær, "Fast noise variance estimation", 1996, by the median)."""
    grey = cv2.cvtColor(image8, cv2.COLOR_RGB2GRAY)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    return float(np.median(np.abs(cv2.filter2D(grey, cv2.CV_32F, kernel)))) / (0.6745 * 6)


def without_grain(image8: Image8, scale: float, light: float = 1.0) -> Image8:
    """Footage with its grain smoothed inside contours; clean footage is left alone: uint8 RGB (H, W, 3).

    Args:
        image8: uint8 RGB (H, W, 3).
        scale: Of the picture to one of 540 lines.
        light: What its values will be multiplied with, grain and all.
    """
    grain = grain_of(image8)
    made = image8
    for limit in _GRAIN_LEVELS:
        if grain * light > limit:
            made = cv2.bilateralFilter(made, 7, max(10.0, 5 * grain), 2.0 * max(scale, 0.75))
    return cast(Image8, made)


def steps(lab: Image, sigma: float) -> tuple[Image, Image, Image]:
    """Steps of colour, whatever their width about `sigma` is.

    Args:
        lab: float32 (H, W, 3).
        sigma: Of the blur before, pixels.

    Returns:
        Height of the step, Lab units, and the direction across it as x and y of a unit vector; each float32 (H, W).
    """
    wide = cv2.GaussianBlur(lab, (0, 0), sigma)
    across, down = (cv2.Sobel(wide, -1, *axis, scale=0.125) for axis in ((1, 0), (0, 1)))
    # The structure tensor of all channels (Di Zenzo, 1986): opposite steps of two channels do not cancel.
    xx, yy = (across * across).sum(-1), (down * down).sum(-1)
    xy = (across * down).sum(-1)
    apart = np.sqrt(np.square(xx - yy) + 4 * np.square(xy))
    height = np.sqrt((xx + yy + apart) * np.float32(0.5)) * np.float32(_SQUARE_ROOT_OF_TWO_PI * sigma)
    angle = np.float32(0.5) * cv2.phase(xx - yy, 2 * xy)
    x, y = cv2.polarToCart(np.ones_like(angle), angle)
    return cast(Image, height), cast(Image, x), cast(Image, y)


def crests(height: Image, x: Image, y: Image) -> Image:
    """The height where it is greatest across the step, 0 elsewhere: float32 (H, W)."""
    rows, columns = height.shape
    framed = cv2.copyMakeBorder(height, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    steep, flat = np.abs(y) > 0.924, np.abs(y) < 0.383
    rising = x * y > 0
    kept = np.zeros(height.shape, np.bool_)
    for which, (right, below) in (
        (flat, (1, 0)), (steep, (0, 1)), (~flat & ~steep & rising, (1, 1)), (~flat & ~steep & ~rising, (1, -1)),
    ):
        after = framed[1 + below : 1 + below + rows, 1 + right : 1 + right + columns]
        before = framed[1 - below : 1 - below + rows, 1 - right : 1 - right + columns]
        kept |= which & (height > before) & (height >= after)
    return np.where(kept, height, np.float32(0))


def without_texture(height: Image, reach: float, share: float) -> Image:
    """The height less what its surroundings have alike: a contour stands alone, texture does not (Grigorescu and
    others, "Contour detection based on nonclassical receptive field inhibition", 2003).

    Args:
        height: float32 (H, W).
        reach: Of the surroundings, pixels.
        share: How much of their mean is taken away.
    """
    size = max(1, height.shape[1] // _REDUCTION), max(1, height.shape[0] // _REDUCTION)
    small = cv2.resize(height, size, interpolation=cv2.INTER_AREA)
    # A contour alone covers a thin part of its surroundings, so its own mean is low.
    around = cv2.GaussianBlur(small, (0, 0), max(1.0, reach / _REDUCTION))
    return np.maximum(height - np.float32(share) * cv2.resize(around, height.shape[1::-1]), 0)


def stroked(lines: Image, sigma: float) -> Image:
    """Crests of one pixel as soft strokes of the same height: float32 (H, W)."""
    wide = cv2.GaussianBlur(lines, (0, 0), sigma) * np.float32(_SQUARE_ROOT_OF_TWO_PI * sigma)
    return cast(Image, wide)


def long_ones(lines: Image, least: float, sure: float, shortest_pixels: float) -> Image:
    """Lines that somewhere are sure and are long enough; 0 elsewhere. Those in between fade, so that none jumps out
    from one frame to the next.

    Args:
        lines: float32 (H, W).
        least: Goes on a line.
        sure: Makes a whole line of it.
        shortest_pixels: The diagonal of its box: of this and less it is left out, of twice it is whole.
    """
    # Crests break at corners; what nearly touches is one line.
    is_line = lines > least
    joined = cv2.dilate(is_line.astype(np.uint8), np.ones((3, 3), np.uint8))
    labels, boxes = pieces(joined, 8)
    lengths = np.hypot(boxes[:, cv2.CC_STAT_WIDTH] - 2, boxes[:, cv2.CC_STAT_HEIGHT] - 2)
    owners, heights = labels[is_line], lines[is_line]
    highest = np.zeros(len(boxes), np.float32)
    np.maximum.at(highest, owners, heights)
    share = np.clip(lengths / shortest_pixels - 1, 0, 1) * np.clip((highest - least) / (sure - least), 0, 1)
    made = np.zeros_like(lines)
    made[is_line] = heights * share[owners]
    return made


def pieces(mask: npt.NDArray[Any], connectivity: int = 4) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Connected pieces of a mask: the number of each pixel's (H, W), 0 outside, and the boxes of all with their areas
    as OpenCV's statistics (N, 5), int32.
    """
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(mask, connectivity=connectivity)
    return cast(npt.NDArray[np.int32], labels), cast(npt.NDArray[np.int32], boxes)
