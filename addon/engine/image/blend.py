# SPDX-License-Identifier: GPL-3.0-or-later
"""The paint of keys as layers, and layers of neighbouring keys joined to one picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

import cv2
import numpy as np

from .fill import fill
from .warp import Flow, Image, Lookup, Mask, look_up, positions

# How much a pixel of a plate counts beside one that the key itself shows.
FROM_ANOTHER_KEY = np.float32(0.3)
INVENTED = np.float32(0.02)
# A ring around the matte, as a share of the long side, where outlines drawn on the silhouette are looked for.
_RING = 1 / 96
_LINE_CONTRAST = 0.12


@dataclass(frozen=True)
class Plate:
    """One layer of a painted key, complete.

    Attributes:
        colour: float32 (H, W, 3), sRGB 0..1, straight, extended where the layer is hidden in the key.
        quality: float32 (H, W), 1 where the key shows it, less where it comes from elsewhere.
        alpha: float32 (H, W), 0..1: of a figure, the lines it has outside its matte; of a ground, 1.
    """

    colour: Image
    quality: Image
    alpha: Image


def whole_plate(painted: Image) -> Plate:
    """A key as a single layer that it shows completely."""
    ones = np.ones(painted.shape[:2], np.float32)
    return Plate(painted, ones, ones)


def split(painted: Image, matte: Image, others: list[Plate]) -> tuple[Plate, Plate]:
    """The figure and the ground of a key.

    Lines drawn on the silhouette reach beyond the matte. What differs from the ground in a thin ring around the
    matte is taken for such a line and moves with the figure; all else there is ground.

    Args:
        painted: float32 (H, W, 3), sRGB 0..1.
        matte: float32 (H, W), 0..1, of the key's footage.
        others: Grounds of other keys already carried to this key, best first.

    Returns:
        Figure, extended outward; ground, extended under the figure: by other keys, then smoothly.
    """
    inner = matte > 0.5
    ring = widened(inner, ring_pixels(matte)) & ~inner
    rough = _completed(painted, ~(inner | ring), others)
    line = _line(painted, rough, ring)
    ground = _completed(painted, ~widened((matte > 0.05) | (line > 0.3), 1), others)
    shown = inner | (line > 0.5)
    quality = cv2.GaussianBlur(np.where(shown, np.float32(1), INVENTED), (0, 0), 1.0)
    figure = Plate(fill(painted, shown), cast(Image, quality), line)
    return figure, ground


def ring_pixels(matte: Image) -> int:
    """Width of the ring around the matte, in pixels."""
    return max(1, round(max(matte.shape) * _RING))


def widened(mask: Mask, pixels: int) -> Mask:
    """A mask grown by a disc."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    return cast(Mask, cv2.dilate(mask.astype(np.uint8), kernel) > 0)


def _completed(painted: Image, shown: Mask, others: list[Plate]) -> Plate:
    colour, known = painted.copy(), shown.copy()
    quality = np.where(shown, np.float32(1), INVENTED)
    for other in others:
        useful = ~known & (other.quality > 0.5)
        np.copyto(colour, other.colour, where=useful[..., None])
        quality[useful] = FROM_ANOTHER_KEY
        known |= useful
    return Plate(fill(colour, known), quality, np.ones_like(quality))


def _line(painted: Image, ground: Plate, ring: Mask) -> Image:
    """How surely a pixel of the ring belongs to a line: how far it is from any colour of the ground close by."""
    reach = 2 * ring_pixels(ground.quality)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    lightest, darkest = cv2.dilate(ground.colour, kernel), cv2.erode(ground.colour, kernel)
    contrast = np.maximum(painted - lightest, darkest - painted).max(-1)
    return np.where(ring, np.clip(contrast / _LINE_CONTRAST - 0.5, 0, 1), 0).astype(np.float32)


def carried(plate: Plate, flow: Flow, lookup: Lookup = "lanczos", start: tuple[int, int] = (0, 0)) -> Plate:
    """A plate at another frame: its colours are looked up here and nowhere else.

    Args:
        plate: Of the key.
        flow: float32 (h, w, 2), pixels, frame → key; of the whole frame or of a part of it.
        lookup: How colours between pixels are made.
        start: Row and column of the frame where the part begins.
    """
    height, width = plate.quality.shape
    at = positions(height, width)[start[0] : start[0] + flow.shape[0], start[1] : start[1] + flow.shape[1]] + flow
    colour = np.clip(look_up(plate.colour, at, lookup), 0, 1)
    rest = look_up(np.dstack([plate.quality, plate.alpha]), at)
    beyond = (at[..., 0] < -0.5) | (at[..., 1] < -0.5) | (at[..., 0] > width - 0.5) | (at[..., 1] > height - 0.5)
    return Plate(colour, np.where(beyond, INVENTED * rest[..., 0], rest[..., 0]), rest[..., 1])


def trusted(plate: Plate, cost: Image, trust: float) -> Plate:
    """A plate that counts less where the footage does not look as the map says.

    Args:
        plate: Carried to the frame.
        cost: float32 (H, W), 0..1, unlikeness.
        trust: How quickly quality falls with it.
    """
    likeness = np.exp(-np.square(cost * np.float32(trust))) + np.float32(1e-3)
    return replace(plate, quality=plate.quality * likeness)


def joined(plates: list[Plate], nearness: list[float]) -> Plate:
    """One layer from the same layer of several keys: each counts by its quality times how near its key is in time."""
    if len(plates) == 1:
        return plates[0]
    pairs = zip(plates, nearness, strict=True)
    weights = [plate.quality * np.float32(near) + np.float32(1e-6) for plate, near in pairs]
    total = cast(Image, sum(weights))
    shares = [weight / total for weight in weights]
    colour = sum(plate.colour * share[..., None] for plate, share in zip(plates, shares, strict=True))
    alpha = sum(plate.alpha * share for plate, share in zip(plates, shares, strict=True))
    return Plate(cast(Image, colour), total, cast(Image, alpha))


Box = tuple[slice, slice]
WHOLE: Box = (slice(None), slice(None))


def box_of_figure(matte: Image) -> Box | None:
    """Rows and columns that hold the matte and the ring around it; None where there is no figure."""
    found = cv2.boundingRect((matte > 0.002).astype(np.uint8))
    if not found[2]:
        return None
    left, top, width, height = found
    reach = ring_pixels(matte) + 1
    return slice(max(0, top - reach), top + height + reach), slice(max(0, left - reach), left + width + reach)


def over(figure: Plate, ground: Image, matte: Image, reach: int) -> Image:
    """The figure over the ground, float32 (H, W, 3): by the frame's matte, and by the figure's lines near it.

    Args:
        figure: Carried to the frame.
        ground: float32 (H, W, 3).
        matte: float32 (H, W), 0..1, of the frame.
        reach: How far from the matte a line may be, in pixels.
    """
    near = widened(matte > 0.5, reach)
    alpha = np.where(near, np.maximum(matte, figure.alpha), matte)[..., None]
    return cast(Image, ground + (figure.colour - ground) * alpha)
