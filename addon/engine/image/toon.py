# SPDX-License-Identifier: GPL-3.0-or-later
"""A drawn look: colours smoothed along the edges and stepped softly, lines by flow-aligned difference of Gaussians.

Methods re-made from Kang, Lee and Chui, "Coherent Line Drawing" (2007), Winnemöller, Olsen and Gooch, "Real-Time
Video Abstraction" (2006), Winnemöller, Kyprianidis and Olsen, "XDoG" (2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .tangent import across, along, edge_tangents, smooth_across

Image = npt.NDArray[np.float32]

# All lengths are for a picture whose shorter side is this and grow with it.
_REFERENCE_PIXELS = 540.0
_WIDER = 1.6


@dataclass(frozen=True)
class Look:
    """Parameters of a drawn look.

    Attributes:
        smoothing: Strokes of colour: 0 keeps every detail.
        levels: Steps of brightness.
        step_softness: Width of each step as a share of it: 0 is hard, 1 has no steps.
        saturation: Factor of the colours.
        line_pixels: Thickness of lines where the shorter side has 540 pixels.
        line_amount: How readily a line is drawn.
        line_sharpness: How hard its rim is.
        ink: Colour of the lines, sRGB 0..1.
        paper: Colour of the paper, sRGB 0..1.
        colour: How much of the picture's colour is on the paper: 0 is lines alone.
    """

    smoothing: float = 1.0
    levels: int = 8
    step_softness: float = 0.45
    saturation: float = 1.15
    line_pixels: float = 1.0
    line_amount: float = 1.0
    line_sharpness: float = 1.0
    ink: tuple[float, float, float] = (0.08, 0.06, 0.10)
    paper: tuple[float, float, float] = (1.0, 1.0, 1.0)
    colour: float = 1.0


LOOKS: dict[str, Look] = {
    "toon": Look(),
    "ink": Look(
        smoothing=1.0, levels=6, step_softness=0.25, saturation=1.15, line_pixels=1.5, line_amount=1.35,
        line_sharpness=1.6,
    ),
    "pencil": Look(
        smoothing=0.8, levels=12, step_softness=0.8, saturation=0.55, line_pixels=0.8, line_amount=2.2,
        line_sharpness=0.5, ink=(0.20, 0.19, 0.21), paper=(0.97, 0.95, 0.90), colour=0.5,
    ),
}


def draw(image: Image, look: Look, quiet: Image | None = None) -> Image:
    """A picture in a drawn look.

    Args:
        image: float32 (H, W, 3), 0..1, sRGB.
        look: Its parameters.
        quiet: float32 (H, W), 0..1: where lines and detail are held back (1) or not (0).

    Returns:
        float32 (H, W, 3), 0..1, sRGB.
    """
    scale = max(0.25, min(image.shape[:2]) / _REFERENCE_PIXELS)
    lab = cast(Image, cv2.cvtColor(image, cv2.COLOR_RGB2Lab))
    tangents = edge_tangents(lab[..., 0] * np.float32(0.01), 2.5 * scale)
    flat = _smoothed(lab, tangents, look.smoothing, scale)
    if quiet is not None:
        calm = cv2.GaussianBlur(flat, (0, 0), 1.5 * scale)
        flat = flat + (calm - flat) * quiet[..., None]
    lines = line_amount(flat[..., 0] * np.float32(0.01), tangents, look, scale, quiet)
    return _inked(_coloured(flat, look), lines, look)


def _smoothed(lab: Image, tangents: Image, amount: float, scale: float) -> Image:
    if amount <= 0:
        return lab
    smooth = lab
    for _ in range(2):
        smooth = smooth_across(smooth, tangents, 1.5 * scale * max(0.5, amount), 5.0 + 4.0 * amount)
        smooth = along(smooth, tangents, 1.5 * scale * max(0.5, amount))
    return smooth


def _coloured(lab: Image, look: Look) -> Image:
    stepped = lab.copy()
    stepped[..., 0] = soft_steps(lab[..., 0] / np.float32(100), look.levels, look.step_softness) * 100
    stepped[..., 1:] *= np.float32(look.saturation)
    picture = np.clip(cv2.cvtColor(stepped, cv2.COLOR_Lab2RGB), 0, 1)
    paper = np.array(look.paper, np.float32)
    return (paper * (1 - (1 - picture) * np.float32(look.colour))).astype(np.float32)


def soft_steps(values: Image, levels: int, softness: float) -> Image:
    """Brightness in steps with soft rims, so that noise cannot flip a pixel from one step to the next.

    Args:
        values: float32, 0..1.
        levels: Number of steps.
        softness: 0 is hard, 1 leaves the values as they are.
    """
    place = values * np.float32(levels) - np.float32(0.5)
    base = np.floor(place)
    inside = place - base
    width = max(float(softness), 1e-3)
    rim = np.clip((inside - np.float32(0.5)) / np.float32(width) + np.float32(0.5), 0, 1)
    rim = rim * rim * (3 - 2 * rim) if softness < 1 else rim
    return np.clip((base + rim + np.float32(0.5)) / np.float32(levels), 0, 1).astype(np.float32)


def line_amount(grey: Image, tangents: Image, look: Look, scale: float, quiet: Image | None) -> Image:
    """How much ink lies on each pixel: float32 (H, W), 0..1."""
    if look.line_amount <= 0:
        return np.zeros_like(grey)
    width = look.line_pixels * scale
    edges = across(grey, tangents, width) - np.float32(0.99) * across(grey, tangents, width * _WIDER)
    edges = along(edges, tangents, 3.0 * scale)
    # Flat places are slightly positive (1 % of their brightness): a line is where the difference falls below.
    threshold = np.float32(-0.010 / look.line_amount)
    if quiet is not None:
        threshold = threshold * (1 + 2.5 * quiet)
    depth = (threshold - edges + np.float32(0.004)) * np.float32(160 * look.line_sharpness)
    return _without_specks(np.clip(np.tanh(depth), 0, 1).astype(np.float32), scale)


def _without_specks(lines: Image, scale: float) -> Image:
    strong = (lines > 0.25).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(strong, connectivity=8)
    longest = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = (longest >= 9 * scale).astype(np.float32)
    keep[0] = 0
    mask = cv2.dilate(keep[labels] if count > 1 else np.zeros_like(lines), np.ones((3, 3), np.uint8))
    return lines * mask


def _inked(picture: Image, lines: Image, look: Look) -> Image:
    ink = np.array(look.ink, np.float32)
    return np.clip(picture + (ink - picture) * lines[..., None], 0, 1).astype(np.float32)
