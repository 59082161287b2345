# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines and edges of footage as ControlNets read them: white on black."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from .contours import crests, lab_of, long_ones, steps, stroked, without_grain, without_texture

Image8 = npt.NDArray[np.uint8]
Image = npt.NDArray[np.float32]

_THIN_PIXELS = 1.5
_LINE_SIGMA, _SOFT_SIGMAS = 1.0, (1.2, 2.4)
_LINE_STROKE, _SOFT_STROKE = 0.9, 1.9
_LINE_REACH, _SOFT_REACH = 14.0, 18.0
_LINE_TEXTURE, _SOFT_TEXTURE = 0.8, 0.9
_LEAST_STEP, _SURE_STEP = 1.6, 2.8
_HALF_WHITE_LINE, _HALF_WHITE_SOFT = 9.0, 14.0
_LIT, _MOST_LIGHT = 70.0, 3.0
_MOST_INSIDE, _SAMPLES = 0.6, 16
_REFERENCE_SIDE = 540


def lineart(image8: Image8, weight: float = 1.0) -> Image8:
    """Drawn lines, soft grey strokes on black: dark lines as they are, and contours of light and colour.

    How white a line is tells how much stands out there, by one scale for all frames, so that lines do not flicker from
    key to key.

    Args:
        image8: uint8 RGB (H, W, 3).
        weight: Thickness; 1 suits most footage.

    Returns:
        uint8 (H, W), 0..255.
    """
    scale = _scale(image8)
    lab = _seen(image8, scale)
    reach = 2 * max(1, round(_THIN_PIXELS * scale)) + 1
    # What is dark and thin is a line itself; filled, its two sides are no contours.
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    filled = cv2.morphologyEx(lab[..., 0], cv2.MORPH_CLOSE, disc)
    dark = _quiet(cast(Image, filled) - lab[..., 0], scale)
    lab[..., 0] = filled
    height, x, y = steps(lab, max(0.8, _LINE_SIGMA * scale))
    alone = without_texture(height, _LINE_REACH * scale, _LINE_TEXTURE)
    contours = long_ones(np.minimum(crests(height, x, y), alone), _LEAST_STEP, _SURE_STEP, 6 * scale)
    drawn = stroked(contours, max(0.6, _LINE_STROKE * weight * scale))
    return _levels(_white(np.maximum(drawn, _thickened(dark, weight * scale)), _HALF_WHITE_LINE))


def softedge(image8: Image8) -> Image8:
    """Soft edges, a single stroke each, those of shapes more than those of texture: uint8 (H, W), of uint8 RGB
    (H, W, 3). One scale of brightness for all frames.
    """
    scale = _scale(image8)
    lab = _seen(image8, scale)
    fine, wide = (steps(lab, sigma * scale) for sigma in _SOFT_SIGMAS)
    # Where a step is there at both widths it is a shape's; the finer one tells better where.
    height = np.sqrt(fine[0] * wide[0])
    alone = without_texture(height, _SOFT_REACH * scale, _SOFT_TEXTURE)
    lines = long_ones(np.minimum(crests(*wide), alone), _LEAST_STEP, _SURE_STEP, shortest_pixels=5 * scale)
    return _levels(_white(stroked(lines, _SOFT_STROKE * scale), _HALF_WHITE_SOFT))


def canny(image8: Image8, low: int = 100, high: int = 200) -> Image8:
    """Thin edges (Canny, 1986): uint8 (H, W), 0 or 255.

    Args:
        image8: uint8 RGB (H, W, 3).
        low: Gradient that goes on an edge, levels.
        high: Gradient that begins one.
    """
    # The strongest of the three channels counts: contours between colours of one lightness are edges too.
    return cast(Image8, cv2.Canny(cv2.GaussianBlur(without_grain(image8, 1.0), (3, 3), 0), low, high))


def straight_lines(image8: Image8, shortest_share: float = 0.03, matte: Image | None = None) -> Image8:
    """Straight lines of a place: uint8 (H, W), white on black.

    Segments of OpenCV's detector (von Gioi and others, "LSD: a Line Segment Detector", 2012), those on one line joined.

    Args:
        image8: uint8 RGB (H, W, 3).
        shortest_share: Of the picture's diagonal; shorter ones are left out.
        matte: float32 (H, W), 0..1: lines on the character (stripes, seams) are left out; None keeps them.
    """
    grey = cv2.cvtColor(image8, cv2.COLOR_RGB2GRAY)
    found = cast(Any, cv2.createLineSegmentDetector().detect(grey)[0])
    segments = np.zeros((0, 4), np.float64) if found is None else np.asarray(found, np.float64).reshape(-1, 4)
    diagonal = float(np.hypot(*grey.shape))
    if matte is not None:
        segments = segments[_share_inside(segments, matte) < _MOST_INSIDE]
    drawn = np.zeros(grey.shape, np.uint8)
    for line in joined(segments, gap=0.015 * diagonal):
        if np.hypot(*(line[2:] - line[:2])) >= shortest_share * diagonal:
            left, top, right, bottom = (round(float(value)) for value in line)
            cv2.line(drawn, (left, top), (right, bottom), 255, max(1, round(_scale(image8))), cv2.LINE_AA)
    return drawn


def _share_inside(segments: npt.NDArray[np.float64], matte: Image) -> npt.NDArray[np.float64]:
    """How much of each segment (N, 4) lies on the character: (N,), 0..1."""
    places = np.linspace(0, 1, _SAMPLES)[:, None]
    across, down = (segments[:, axis] + places * (segments[:, axis + 2] - segments[:, axis]) for axis in (0, 1))
    height, width = matte.shape
    rows = np.clip(np.rint(down), 0, height - 1).astype(np.intp)
    columns = np.clip(np.rint(across), 0, width - 1).astype(np.intp)
    return (matte[rows, columns] > 0.5).mean(axis=0)


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


def _seen(image8: Image8, scale: float) -> Image:
    """Footage without grain, in Lab; dark footage as if more light had fallen on it, for lines as white."""
    grey = cv2.cvtColor(image8[::4, ::4], cv2.COLOR_RGB2Lab)[..., 0]
    lightest = float(np.percentile(grey, 95)) * 100 / 255
    light = float(np.clip(_LIT / max(lightest, 1.0), 1, _MOST_LIGHT))
    return lab_of(without_grain(image8, scale, light)) * np.float32(light)


def _quiet(dark: Image, scale: float) -> Image:
    """Thin dark lines without texture and specks."""
    alone = without_texture(dark, _LINE_REACH * scale, 2 * _LINE_TEXTURE)
    return long_ones(alone, _LEAST_STEP, 2 * _SURE_STEP, 4 * scale)


def _thickened(lines: Image, weight: float) -> Image:
    sigma = max(0.5, 0.6 * weight)
    return np.maximum(cv2.GaussianBlur(lines, (0, 0), sigma) * np.float32(0.5 + weight), lines * np.float32(0.5))


def _white(height: Image, half: float) -> Image:
    """Heights of steps as brightness 0..1; one of `half` Lab units is half white."""
    squared = height ** np.float32(1.3)
    return cast(Image, squared / (squared + np.float32(half**1.3)))


def _scale(image8: Image8) -> float:
    """Widths are told for pictures of 540 lines."""
    return max(min(image8.shape[:2]) / _REFERENCE_SIDE, 0.5)


def _levels(values: Image) -> Image8:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
