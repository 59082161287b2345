# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines and edges of footage as ControlNets read them: white on black."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

Image8 = npt.NDArray[np.uint8]
Image = npt.NDArray[np.float32]

_WIDER = 1.6
_LINE_LEVELS = 0.6
_LINE_GAIN = 0.6
_SOFT_PIXELS = (1.0, 2.0, 4.0)
_SOFT_STRONG_PERCENTILE = 98
_LEAST_STRONG_LEVELS = 8.0
_GRAIN_LEVELS = 2.0
_REFERENCE_SIDE = 540


def lineart(image8: Image8, weight: float = 1.0) -> Image8:
    """Drawn lines: dark lines and the dark side of edges, by a difference of Gaussians (Winnemöller and others, "XDoG",
    2012).

    Args:
        image8: uint8 RGB (H, W, 3).
        weight: Thickness; 1 suits most footage.

    Returns:
        uint8 (H, W), 0..255.
    """
    lightness = _lightness(image8)
    sigma = max(0.8, 1.1 * weight * _scale(image8))
    difference = _soft(lightness, sigma * _WIDER) - _soft(lightness, sigma)
    ink = cast(Image, np.tanh(np.maximum(difference - np.float32(_LINE_LEVELS), 0) * np.float32(_LINE_GAIN)))
    return _levels(_without_specks(ink, 8 * _scale(image8)))


def softedge(image8: Image8) -> Image8:
    """Soft edges at several scales, as strong in dark footage as in light: uint8 (H, W), of uint8 RGB (H, W, 3)."""
    lab = cv2.cvtColor(image8.astype(np.float32) * np.float32(1 / 255), cv2.COLOR_RGB2Lab)
    total = np.zeros(image8.shape[:2], np.float32)
    for sigma in _SOFT_PIXELS:
        wide = cv2.GaussianBlur(lab, (0, 0), sigma * _scale(image8))
        across, down = (cv2.Sobel(wide, -1, *axis, scale=0.125) for axis in ((1, 0), (0, 1)))
        # Wide edges are shallow: what counts is the step, whatever its width.
        strength = np.sqrt((across * across + down * down).sum(-1)) * np.float32(sigma)
        total = np.maximum(total, cast(Image, strength))
    strong = max(float(np.percentile(total, _SOFT_STRONG_PERCENTILE)), _LEAST_STRONG_LEVELS)
    above = (total - np.float32(_GRAIN_LEVELS)) / np.float32(strong - _GRAIN_LEVELS)
    return _levels(np.clip(above, 0, 1) ** np.float32(0.8))


def canny(image8: Image8, low: int = 100, high: int = 200) -> Image8:
    """Thin edges (Canny, 1986): uint8 (H, W), 0 or 255.

    Args:
        image8: uint8 RGB (H, W, 3).
        low: Gradient that goes on an edge, levels.
        high: Gradient that begins one.
    """
    grey = cv2.cvtColor(image8, cv2.COLOR_RGB2GRAY)
    return cast(Image8, cv2.Canny(cv2.GaussianBlur(grey, (3, 3), 0), low, high))


def straight_lines(image8: Image8, shortest_share: float = 0.03) -> Image8:
    """Straight lines of a place: uint8 (H, W), white on black.

    Segments of OpenCV's detector (von Gioi and others, "LSD: a Line Segment Detector", 2012), those on one line joined.

    Args:
        image8: uint8 RGB (H, W, 3).
        shortest_share: Of the picture's diagonal; shorter ones are left out.
    """
    grey = cv2.cvtColor(image8, cv2.COLOR_RGB2GRAY)
    found = cast(Any, cv2.createLineSegmentDetector().detect(grey)[0])
    segments = np.zeros((0, 4), np.float64) if found is None else np.asarray(found, np.float64).reshape(-1, 4)
    diagonal = float(np.hypot(*grey.shape))
    drawn = np.zeros(grey.shape, np.uint8)
    for line in joined(segments, gap=0.015 * diagonal):
        if np.hypot(*(line[2:] - line[:2])) >= shortest_share * diagonal:
            left, top, right, bottom = (round(float(value)) for value in line)
            cv2.line(drawn, (left, top), (right, bottom), 255, max(1, round(1.5 * _scale(image8))), cv2.LINE_AA)
    return drawn


def joined(segments: npt.NDArray[np.float64], gap: float) -> npt.NDArray[np.float64]:
    """Segments with those that continue each other as one.

    Args:
        segments: float64 (N, 4), x and y of both ends, pixels.
        gap: Between two ends that belong together, pixels, at most.

    Returns:
        float64 (M, 4), the longest first.
    """
    lengths = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    rest = segments[np.argsort(-lengths, kind="stable")]
    found: list[npt.NDArray[np.float64]] = []
    while len(rest):
        line, rest = rest[0], rest[1:]
        while len(rest):
            fits = _continuing(line, rest, gap)
            if not fits.any():
                break
            line = _hull([line, *rest[fits]])
            rest = rest[~fits]
        found.append(line)
    return np.array(found).reshape(-1, 4)


def _continuing(line: npt.NDArray[np.float64], others: npt.NDArray[np.float64], gap: float) -> npt.NDArray[np.bool_]:
    """Which of the others (N, 4) lie on the line and reach it: bool (N,)."""
    along = line[2:] - line[:2]
    length = max(float(np.hypot(*along)), 1e-9)
    right, down = (float(value) / length for value in along)
    across, below = (others.reshape(-1, 2, 2) - line[:2]).transpose(2, 0, 1)
    beside = np.abs(across * down - below * right).max(axis=1)
    places = across * right + below * down
    return (beside < 2) & (places.min(axis=1) < length + gap) & (places.max(axis=1) > -gap)


def _hull(lines: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """The longest way between ends, along the first line."""
    first = lines[0]
    along = first[2:] - first[:2]
    ends = np.concatenate([line.reshape(2, 2) for line in lines])
    places = ends @ along
    return np.concatenate([ends[places.argmin()], ends[places.argmax()]])


def _without_specks(ink: Image, shortest_pixels: float) -> Image:
    count, labels, stats, _ = cast(Any, cv2.connectedComponentsWithStats((ink > 0.15).astype(np.uint8), connectivity=8))
    if count == 1:
        return ink
    longest = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keeps = longest >= shortest_pixels
    keeps[0] = True
    return cast(Image, ink * keeps.astype(np.float32)[labels])


def _lightness(image8: Image8) -> Image:
    lab = cv2.cvtColor(image8.astype(np.float32) * np.float32(1 / 255), cv2.COLOR_RGB2Lab)
    return np.ascontiguousarray(lab[..., 0], np.float32)


def _soft(image: Image, sigma: float) -> Image:
    return cast(Image, cv2.GaussianBlur(image, (0, 0), sigma))


def _scale(image8: Image8) -> float:
    """Widths are told for pictures of 540 lines."""
    return max(min(image8.shape[:2]) / _REFERENCE_SIDE, 0.5)


def _levels(values: Image) -> Image8:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
