# SPDX-License-Identifier: GPL-3.0-or-later
"""Difference to a picture of the empty set, with its light matched and shadows told from the character.

Shadows darken the set and keep its hue: colour is taken apart into brightness along the plate's colour and the distance
from that line (Horprasert, Harwood and Davis, 1999).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from .edge_band import smoothstep

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

_SMALLEST_PART = 0.0008
"""Parts below this share of the picture are dust."""


def match_light(picture: Float, plate: Float) -> Float:
    """The plate as bright as the picture, channel by channel; the character is left out of the measure.

    Args:
        picture: (H, W, 3) float32 sRGB 0..1.
        plate: (H, W, 3) float32 sRGB 0..1 of the empty set.
    """
    gain = np.ones(3, np.float32)
    usable = (plate > 0.06).all(axis=2) & (plate < 0.97).all(axis=2) & (picture < 0.99).all(axis=2)
    for _ in range(3):
        unchanged = usable & (np.abs(picture - plate * gain).max(axis=2) < 0.08)
        if unchanged.mean() < 0.02:
            break
        gain = np.median(picture[unchanged] / plate[unchanged], axis=0).astype(np.float32)
    return np.clip(plate * np.clip(gain, 0.5, 2.0), 0, 1).astype(np.float32)


def difference(picture: Float, plate: Float, shadow_tolerance: float) -> Float:
    """Distance of colours (H, W) float32; of a shadow only what it differs in hue.

    Args:
        picture: (H, W, 3) float32 sRGB 0..1.
        plate: The matched plate.
        shadow_tolerance: Share of brightness a shadow may take.
    """
    smooth = cv2.GaussianBlur(picture, (0, 0), 0.8) - cv2.GaussianBlur(plate, (0, 0), 0.8)
    distance = np.linalg.norm(smooth, axis=2).astype(np.float32)
    if shadow_tolerance <= 0:
        return distance
    square = np.maximum((plate * plate).sum(axis=2), np.float32(1e-4))
    brightness = ((plate + smooth) * plate).sum(axis=2) / square
    hue = np.linalg.norm(plate + smooth - brightness[..., None] * plate, axis=2).astype(np.float32)
    shadow = (brightness > 1 - shadow_tolerance) & (brightness < 1.02)
    # Dark places have no hue to speak of: there, a shadow cannot be told from dark clothes.
    shadow &= square > 0.03
    return np.where(shadow, np.minimum(distance, 1.5 * hue), distance)


def grain(distances: Float) -> float:
    """Distance (0..1) that the empty set's own grain reaches, from distances of which most are background."""
    low = float(np.median(distances))
    return max(0.012, low + 4.5 * 1.4826 * float(np.median(np.abs(distances - low))))


def difference_matte(distance: Float, threshold: float, softness: float) -> Float:
    """A matte of the distance: cleaned of dust, small holes closed. (H, W) float32 0..1."""
    soft = smoothstep(threshold, threshold * (1 + 1.5 * max(softness, 0.05)), distance)
    hard = (soft > 0.5).astype(np.uint8)
    size = max(3, 2 * (min(hard.shape) // 160) + 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed = cv2.morphologyEx(cv2.morphologyEx(hard, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, kernel, iterations=2)
    return solid(np.asarray(closed, np.uint8)).astype(np.float32)


def solid(mask: Bytes, smallest: float = _SMALLEST_PART, largest_hole: float = 0.004) -> Bytes:
    """A 0/1 mask without parts below a share of the picture, and with holes below a share filled."""
    result = np.zeros_like(mask)
    for value, share in ((1, smallest), (0, largest_hole)):
        source = mask if value else 1 - result
        _, labels, statistics, _ = cv2.connectedComponentsWithStats(source, connectivity=8 if value else 4)
        kept = statistics[:, cv2.CC_STAT_AREA] >= share * mask.size
        kept[0] = False
        part = kept[np.asarray(labels, np.int32)].astype(np.uint8)
        result = part if value else 1 - part
    return result
