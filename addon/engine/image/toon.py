# SPDX-License-Identifier: GPL-3.0-or-later
"""A drawn look: colours smoothed along the edges and stepped softly, under lines of ink.

Methods re-made from Winnemöller, Olsen and Gooch, "Real-Time Video Abstraction" (2006), Kyprianidis and Döllner,
"Image Abstraction by Structure Adaptive Filtering" (2008), Cabral and Leedom, "Imaging Vector Fields Using Line
Integral Convolution" (1993, the hatching), and those named in `xdog`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from .tangent import Image, along, edge_tangents
from .xdog import black_ink, flow_difference, line_ink, without_specks

# All lengths are for a picture whose shorter side is this and grow with it.
_REFERENCE_PIXELS = 540.0
_HATCH_SEED = 7


@dataclass(frozen=True)
class Look:
    """Parameters of a drawn look.

    Attributes:
        smoothing: How much detail is painted over; 0 keeps all of it.
        levels: Steps of brightness.
        step_softness: Width of the rim between two steps as a share of a step: 0 is hard, 1 has no steps.
        saturation: Factor of the colours.
        lift: How much the middle tones are lightened, units of L at the middle.
        line_pixels: Half the thickness of the lines where the shorter side has 540 pixels.
        line_amount: How readily a line is drawn.
        line_sharpness: How fast a line turns to full ink.
        blacks: Lightness (0..100) below which all is solid ink.
        hatching: How dark the hatching of shadows is.
        ink: Colour of the lines, sRGB 0..1.
        paper: Colour of the paper, sRGB 0..1.
        colour: How much of the picture's colour is on the paper: 0 is lines alone.
    """

    smoothing: float = 1.0
    levels: int = 9
    step_softness: float = 0.35
    saturation: float = 1.15
    lift: float = 5.0
    line_pixels: float = 0.9
    line_amount: float = 1.0
    line_sharpness: float = 1.0
    blacks: float = 0.0
    hatching: float = 0.0
    ink: tuple[float, float, float] = (0.08, 0.06, 0.10)
    paper: tuple[float, float, float] = (1.0, 1.0, 1.0)
    colour: float = 1.0


LOOKS: dict[str, Look] = {
    "toon": Look(),
    "ink": Look(
        smoothing=1.2,
        levels=6,
        step_softness=0.2,
        saturation=1.3,
        lift=9.0,
        line_pixels=1.15,
        line_amount=1.1,
        line_sharpness=1.5,
        blacks=17.0,
    ),
    "pencil": Look(
        smoothing=0.7,
        levels=16,
        step_softness=0.9,
        saturation=0.7,
        line_pixels=0.8,
        line_amount=1.4,
        line_sharpness=0.6,
        hatching=0.75,
        ink=(0.20, 0.19, 0.21),
        paper=(0.97, 0.95, 0.90),
        colour=0.35,
    ),
}


def draw(image: Image, look: Look, quiet: Image | None = None) -> Image:
    """A picture in a drawn look.

    Args:
        image: float32 (H, W, 3), 0..1, sRGB.
        look: Its parameters.
        quiet: float32 (H, W), 0..1: where lines, detail and colour are held back (1) or not (0).

    Returns:
        float32 (H, W, 3), 0..1, sRGB.
    """
    scale = max(0.25, min(image.shape[:2]) / _REFERENCE_PIXELS)
    lab = cast(Image, cv2.cvtColor(image, cv2.COLOR_RGB2Lab))
    clean = _bilateral(lab, 2.0 * scale, 3.5)
    tangents = edge_tangents(clean, 2.5 * scale)
    flat = _flattened(clean, tangents, look.smoothing, scale)
    if quiet is not None:
        flat = _quieter(flat, quiet, scale)
    ink = _ink(clean, flat, tangents, look, scale, quiet)
    picture = _coloured(flat, look)
    if look.hatching > 0:
        ink = np.maximum(ink, _hatching(clean, look, scale, quiet))
    return np.clip(picture + (np.array(look.ink, np.float32) - picture) * ink[..., None], 0, 1).astype(np.float32)


def _quieter(flat: Image, quiet: Image, scale: float) -> Image:
    calm = cast(Image, cv2.GaussianBlur(flat, (0, 0), 2.0 * scale))
    mixed = flat + (calm - flat) * quiet[..., None]
    mixed[..., 1:] *= 1 - np.float32(0.3) * quiet[..., None]
    return mixed.astype(np.float32)


def _bilateral(lab: Image, sigma_pixels: float, colour_sigma: float) -> Image:
    diameter = 2 * max(1, round(1.5 * sigma_pixels)) + 1
    return cast(Image, cv2.bilateralFilter(lab, diameter, colour_sigma, sigma_pixels))


def _flattened(clean: Image, tangents: Image, amount: float, scale: float) -> Image:
    """Colours in calm areas, their borders sharp and rounded like brush strokes."""
    if amount <= 0:
        return clean
    # Wide areas at half size: a bilateral mean costs the square of its width.
    half = cast(Image, cv2.resize(clean, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    wide = half
    for _ in range(2):
        wide = _bilateral(wide, 2.5 * scale, 4.0 + 3.0 * amount)
    detail = clean - _enlarged(half, clean)
    # What halving lost comes back where it is an edge, and stays away where it is grain.
    strength = np.abs(detail).sum(-1, keepdims=True)
    edge = np.clip(strength / np.float32(2.0 + 2.0 * amount) - np.float32(0.5), 0, 1)
    flat = _enlarged(wide, clean) + detail * edge
    return along(flat, tangents, 2.0 * scale * amount, max(1.0, 1.5 * scale))


def _enlarged(half: Image, like: Image) -> Image:
    return cast(Image, cv2.resize(half, like.shape[1::-1], interpolation=cv2.INTER_LINEAR))


def _ink(clean: Image, flat: Image, tangents: Image, look: Look, scale: float, quiet: Image | None) -> Image:
    if look.line_amount <= 0 and look.blacks <= 0:
        return np.zeros(clean.shape[:2], np.float32)
    # Thinner than this a line falls between the pixels.
    width = max(0.7, look.line_pixels * scale)
    difference = flow_difference(np.ascontiguousarray(clean[..., 0]), tangents, width, 3.0 * scale)
    ink = black_ink(flat[..., 0], difference, look.blacks)
    if look.line_amount <= 0:
        return ink
    # Calm ground shows faint lines (a lapel, fingers); busy ground (wood, leaves) only its strong ones.
    busy = cast(Image, cv2.GaussianBlur(np.abs(difference), (0, 0), 10.0 * scale))
    threshold = (np.float32(0.22) + np.float32(0.9) * busy) / np.float32(look.line_amount)
    if quiet is not None:
        threshold = threshold * (1 + 3 * quiet)
    lines = line_ink(difference, threshold, 0.85 * look.line_sharpness)
    if quiet is not None:
        lines = (lines * (1 - np.float32(0.4) * quiet)).astype(np.float32)
    return np.maximum(ink, without_specks(lines, 7.0 * scale))


def _coloured(lab: Image, look: Look) -> Image:
    stepped = lab.copy()
    light = stepped[..., 0] * np.float32(0.01)
    light = light + np.float32(0.04 * look.lift) * light * (1 - light)
    stepped[..., 0] = soft_steps(np.clip(light, 0, 1).astype(np.float32), look.levels, look.step_softness) * 100
    stepped[..., 1:] *= np.float32(look.saturation)
    picture = np.clip(cv2.cvtColor(stepped, cv2.COLOR_Lab2RGB), 0, 1)
    paper = np.array(look.paper, np.float32)
    return (paper * (1 - (1 - picture) * np.float32(look.colour))).astype(np.float32)


def soft_steps(values: Image, levels: int, softness: float) -> Image:
    """Brightness in steps with soft rims, so that noise cannot flip a pixel from one step to the next.

    Args:
        values: float32, 0..1.
        levels: Number of steps.
        softness: 0 is hard, 1 has almost no steps.
    """
    place = values * np.float32(levels)
    base = np.floor(place)
    rim = np.clip((place - base - np.float32(0.5)) / np.float32(max(softness, 1e-3)) + np.float32(0.5), 0, 1)
    rim = rim * rim * (3 - 2 * rim)
    return ((base + rim) / np.float32(levels)).astype(np.float32)


def _hatching(clean: Image, look: Look, scale: float, quiet: Image | None) -> Image:
    """Strokes of pencil in the shadows, along the forms and slanted where there is none; float32 (H, W), 0..1."""
    height, width = clean.shape[:2]
    light = cv2.GaussianBlur(clean[..., 0], (0, 0), 1.5 * scale)
    # The grain stays in its place from key to key.
    grain = np.random.default_rng(_HATCH_SEED).standard_normal((height, width), np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), 0.65 * scale)
    direction = edge_tangents(clean, 6.0 * scale, -50.0, 4.0)
    strokes = along(grain, direction, 8.0 * scale, 2.0 * scale)
    strokes = strokes * np.float32(1 / (float(strokes.std()) + 1e-6))
    shadow = np.clip((np.float32(62) - light) / np.float32(54), 0, 1)
    if quiet is not None:
        shadow = shadow * (1 - np.float32(0.5) * quiet)
    drawn = np.clip((strokes + np.float32(4) * shadow - np.float32(1.6)) * np.float32(0.5), 0, 1)
    return (drawn * np.sqrt(shadow) * np.float32(look.hatching)).astype(np.float32)
