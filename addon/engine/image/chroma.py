# SPDX-License-Identifier: GPL-3.0-or-later
"""Chroma key: how much of a pixel is the screen's colour, and the colour without it.

Colours are taken apart into luma and two colour differences (BT.709, of the sRGB values). Along the direction of the
screen's colour, what exceeds the part a character may have is screen ("key" below, after K. Jack, "Video
Demystified"). It is linear in the mixture of character and screen, so soft edges and blur come out right.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722
_NARROWNESS = 1.2
_SPILL_NARROWNESS = 0.6
"""Spill is taken from more hues than the screen has: mixed with the character's own colour it is no longer pure."""
_FULL = 0.88
"""Coverage that counts as whole: a little of the screen shines on everything."""
_MOST_SATURATED = 0.35
_DARKEST = 0.15
_KEYABLE_HUES = (75.0, 275.0)
"""Green to blue in degrees. Red to yellow are the hues of skin, wood and brick: no screen is looked for there."""
_HUE_SPREAD = 22.0


def chroma(picture: Float) -> Float:
    """Colour differences of (..., 3) float32 sRGB: (..., 2), blue and red, 0 for grey."""
    luma = picture @ np.array([_RED, _GREEN, _BLUE], np.float32)
    blue = (picture[..., 2] - luma) / np.float32(2 * (1 - _BLUE))
    red = (picture[..., 0] - luma) / np.float32(2 * (1 - _RED))
    return np.stack([blue, red], axis=-1).astype(np.float32)


def border(picture: npt.NDArray[np.generic], share: float = 0.06) -> npt.NDArray[np.generic]:
    """Pixels of the left, top and right border as (n, C); the character often stands on the lower one."""
    height, width = picture.shape[:2]
    deep = max(2, round(share * min(height, width)))
    parts = (picture[:deep], picture[deep:, :deep], picture[deep:, -deep:])
    return np.concatenate([part.reshape(-1, picture.shape[2]) for part in parts])


def screen_share(pixels: Bytes) -> tuple[float, Float]:
    """How much of some pixels is one saturated green-to-blue hue.

    Args:
        pixels: (n, 3) uint8 RGB, of the picture's border.

    Returns:
        Share 0..1 of the pixels within 22 degrees of the commonest such hue, and their median colour (3,) float32 0..1.
    """
    values = cv2.cvtColor(pixels.reshape(1, -1, 3).astype(np.float32) / 255, cv2.COLOR_RGB2HSV)[0]
    hue = values[:, 0]
    coloured = (values[:, 1] > _MOST_SATURATED) & (values[:, 2] > _DARKEST)
    coloured &= (hue > _KEYABLE_HUES[0]) & (hue < _KEYABLE_HUES[1])
    if not coloured.any():
        return 0.0, np.zeros(3, np.float32)
    counts, edges = np.histogram(hue[coloured], bins=36, range=(0, 360))
    middle = edges[int(np.argmax(counts))] + 5
    chosen = coloured & (np.abs(hue - middle) < _HUE_SPREAD)
    return float(chosen.mean()), np.median(pixels[chosen], axis=0).astype(np.float32) / 255


@dataclass(frozen=True)
class Screen:
    """The screen of one scene.

    Attributes:
        colour: (3,) float32 sRGB 0..1, its middle colour; gives the direction of the key.
        light: (6, 3) float32: its colour over the picture, a polynomial of degree 2 in x and y (-1..1).
        clear: Coverage up to which a pixel is all screen (grain and folds of the screen).
    """

    colour: Float
    light: Float
    clear: float

    def plate(self, height: int, width: int) -> Float:
        """The empty screen, (H, W, 3) float32."""
        return np.clip(_terms(height, width) @ self.light, 0, 1).astype(np.float32)


def measure_screen(pictures: list[Float], colour: Float) -> Screen:
    """Fit the screen's light and grain.

    Args:
        pictures: Small float32 sRGB pictures of one scene, of one size.
        colour: (3,) float32, the screen's colour about.
    """
    height, width = pictures[0].shape[:2]
    terms = np.tile(_terms(height, width).reshape(-1, 6), (len(pictures), 1))
    pixels = np.concatenate([picture.reshape(-1, 3) for picture in pictures])
    level = key(pixels, colour) / max(float(key(colour, colour)), 1e-3)
    sure = (level > 0.55) & (level < 1.6)
    left = 1 - level
    light = np.zeros((6, 3), np.float32)
    light[0] = colour
    if sure.sum() < 200:
        return Screen(colour, light, 0.15)
    for _ in range(2):
        light = np.linalg.lstsq(terms[sure], pixels[sure], rcond=None)[0].astype(np.float32)
        left = 1 - key(pixels, colour) / np.maximum(key(terms @ light, colour), 1e-3)
        sure = np.abs(left) < 0.3
    return Screen(colour, light, float(np.clip(np.percentile(left[sure], 98.0), 0.03, 0.3)))


def key(pixels: Float, colour: Float, narrowness: float = _NARROWNESS) -> Float:
    """How much of the screen's colour is in pixels (..., 3): 0 or less for none, largest for the screen itself.

    `narrowness` says how fast a hue beside the screen's stops being screen (tangent of the angle, inverted).
    """
    direction = chroma(colour)
    direction = direction / np.maximum(np.linalg.norm(direction), np.float32(1e-6))
    parts = chroma(pixels)
    along = parts @ direction
    across = parts[..., 0] * direction[1] - parts[..., 1] * direction[0]
    return (along - np.abs(across) * np.float32(narrowness)).astype(np.float32)


def coverage(picture: Float, screen: Screen, plate: Float, tolerance: float, softness: float) -> Float:
    """Matte of a picture before a screen.

    Args:
        picture: (H, W, 3) float32 sRGB.
        screen: Of the scene.
        plate: `screen.plate(H, W)`.
        tolerance: 1 takes the measured grain of the screen as the end of "all screen".
        softness: 1 keeps the natural width of the edge; less is crisper.

    Returns:
        (H, W) float32 0..1.
    """
    share = 1 - key(picture, screen.colour) / np.maximum(key(plate, screen.colour), np.float32(1e-3))
    low = min(0.9, screen.clear * 1.2 * tolerance)
    high = low + max(0.02, (_FULL - low) * softness)
    return np.clip((share - np.float32(low)) / np.float32(high - low), 0, 1).astype(np.float32)


def despill(picture: Float, matte: Float, screen: Screen, plate: Float, amount: float) -> Float:
    """The character's own colour: the screen taken out of soft edges, and its shine off the character.

    Args:
        picture: (H, W, 3) float32 sRGB.
        matte: (H, W) float32 coverage.
        screen: Of the scene.
        plate: `screen.plate(H, W)`.
        amount: 0 leaves the picture as it is, 1 takes all.

    Returns:
        (H, W, 3) float32 sRGB 0..1, straight (not multiplied by the matte).
    """
    behind = (1 - matte)[..., None]
    unmixed = np.clip((picture - behind * plate) / np.maximum(matte, np.float32(0.25))[..., None], 0, 1).astype(
        np.float32
    )
    direction = chroma(screen.colour)
    direction = direction / np.maximum(np.linalg.norm(direction), np.float32(1e-6))
    excess = np.maximum(key(unmixed, screen.colour, _SPILL_NARROWNESS), 0)[..., None] * direction
    clean = np.clip(unmixed - _from_chroma(excess), 0, 1)
    return (picture + (clean - picture) * np.float32(amount)).astype(np.float32)


def _from_chroma(differences: Float) -> Float:
    """RGB (..., 3) with these colour differences and no luma."""
    blue = differences[..., 0] * np.float32(2 * (1 - _BLUE))
    red = differences[..., 1] * np.float32(2 * (1 - _RED))
    green = -(np.float32(_BLUE) * blue + np.float32(_RED) * red) / np.float32(_GREEN)
    return np.stack([red, green, blue], axis=-1)


def _terms(height: int, width: int) -> Float:
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    one = np.ones((height, width), np.float32)
    return np.stack([one, x * one, y * one, x * x * one, y * y * one, x * y], axis=-1)
