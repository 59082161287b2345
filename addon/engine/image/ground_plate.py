# SPDX-License-Identifier: GPL-3.0-or-later
"""The paint of a key without what moves by itself: the static scene, complete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from .fill import fill
from .warp import Flow, Image, Mask, look_up, positions

# How much a pixel counts beside one that the key itself shows.
FROM_ANOTHER_KEY = np.float32(0.3)
INVENTED = np.float32(0.02)
# A ring around what moves, as a share of the long side, where outlines drawn on its silhouette are looked for.
_RING = 1 / 96
_LINE_CONTRAST = 0.12


@dataclass(frozen=True)
class GroundPlate:
    """The static scene of a painted key.

    Attributes:
        colour: float32 (H, W, C), 0..1, completed where something stands before it.
        quality: float32 (H, W), 1 where the key shows it, less where it comes from elsewhere.
    """

    colour: Image
    quality: Image


def ground_plate(painted: Image, free: Image, others: list[GroundPlate]) -> GroundPlate:
    """The static scene of a key.

    Lines drawn on a silhouette reach beyond it. What differs from the scene in a thin ring around what moves is taken
    for such a line and left out.

    Args:
        painted: float32 (H, W, C), 0..1; C is 3 or 4.
        free: float32 (H, W), 0..1, what moves by itself in the key's footage.
        others: Plates of other keys carried to this key, best first.
    """
    inner = free > 0.5
    ring = widened(inner, ring_pixels(free)) & ~inner
    rough = _completed(painted, ~(inner | ring), others)
    line = _line(painted, rough, ring)
    return _completed(painted, ~widened((free > 0.05) | (line > 0.3), 1), others)


def carried_plate(plate: GroundPlate, flow: Flow) -> GroundPlate:
    """A plate at another key, its `flow` float32 (H, W, 2), pixels, from there to here."""
    height, width = plate.quality.shape
    at = positions(height, width) + flow
    beyond = (at[..., 0] < -0.5) | (at[..., 1] < -0.5) | (at[..., 0] > width - 0.5) | (at[..., 1] > height - 0.5)
    quality = cast(Image, look_up(plate.quality, at))
    colour = np.clip(look_up(plate.colour, at, "lanczos"), 0, 1)
    return GroundPlate(colour, np.where(beyond, INVENTED * quality, quality))


def ring_pixels(free: Image) -> int:
    """Width of the ring around what moves, in pixels."""
    return max(1, round(max(free.shape) * _RING))


def widened(mask: Mask, pixels: int) -> Mask:
    """A mask grown by a disc."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cast(Mask, cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def _completed(painted: Image, shown: Mask, others: list[GroundPlate]) -> GroundPlate:
    colour, known = painted.copy(), shown.copy()
    quality = np.where(shown, np.float32(1), INVENTED)
    for other in others:
        useful = ~known & (other.quality > 0.5)
        np.copyto(colour, other.colour, where=useful[..., None])
        quality[useful] = FROM_ANOTHER_KEY
        known |= useful
    return GroundPlate(fill(colour, known), quality)


def _line(painted: Image, ground: GroundPlate, ring: Mask) -> Image:
    """How surely a pixel of the ring belongs to a line: how far it is from any colour of the ground close by."""
    reach = 2 * ring_pixels(ground.quality)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    lightest, darkest = cv2.dilate(ground.colour, kernel), cv2.erode(ground.colour, kernel)
    contrast = np.maximum(painted - lightest, darkest - painted).max(-1)
    return np.where(ring, np.clip(contrast / _LINE_CONTRAST - 0.5, 0, 1), 0).astype(np.float32)
