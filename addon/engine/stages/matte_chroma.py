# SPDX-License-Identifier: GPL-3.0-or-later
"""Green and blue screens."""

from __future__ import annotations

import re

import cv2
import numpy as np

from ..errors import InputError, SettingError
from ..image.chroma import Screen, border, coverage, despill, measure_screen, screen_share
from ..schema.matte import MatteSettings
from .context import StageContext
from .matte_base import Float, Recent, artist_boxes, inside_boxes, sampled, scene_of

_LONG_SIDE = 240
_SAMPLES = 9
_LEAST_SHARE = 0.2


class ChromaMatte:
    """Mattes against a screen of one colour, with thresholds that stand still over a scene.

    Raises:
        SettingError: `key_colour` is not a colour, or a grey one.
        InputError: No colour is given and the border shows none.
    """

    def __init__(self, context: StageContext) -> None:
        self._context = context
        self._settings: MatteSettings = context.settings
        self._boxes = artist_boxes(self._settings, context.footage.count)
        self.colour = parse_colour(self._settings.key_colour) if self._settings.key_colour else self._found_colour()
        context.note("the key colour is " + colour_text(self.colour))
        self._screen = Recent(self._measure, 2)
        self._plate = Recent(self._make_plate, 1)

    def matte(self, frame: int) -> Float:
        """Coverage (H, W) float32 0..1."""
        first = scene_of(self._context, frame)[0]
        picture = self._context.read_rgb("frames", frame)
        settings = self._settings
        matte = coverage(picture, self._screen(first), self._plate(first), settings.tolerance, settings.softness)
        allowed = inside_boxes(self._boxes, frame, (matte.shape[0], matte.shape[1]))
        return matte if allowed is None else np.where(allowed, matte, np.float32(0))

    def despilled(self, frame: int, matte: Float) -> Float:
        """The frame without the screen's colour in it, (H, W, 3) float32 sRGB."""
        first = scene_of(self._context, frame)[0]
        picture = self._context.read_rgb("frames", frame)
        return despill(picture, matte, self._screen(first), self._plate(first), self._settings.despill)

    def _make_plate(self, first: int) -> Float:
        return self._screen(first).plate(self._context.footage.height, self._context.footage.width)

    def _measure(self, first: int) -> Screen:
        last = scene_of(self._context, first)[1]
        frames = sorted({round(place) for place in np.linspace(first, last, min(_SAMPLES, last - first + 1))})
        return measure_screen([self._small(frame) for frame in frames], self.colour)

    def _small(self, frame: int) -> Float:
        picture = self._context.read_rgb("frames", frame)
        scale = min(1.0, _LONG_SIDE / max(picture.shape[:2]))
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32)

    def _found_colour(self) -> Float:
        share, colour = found_screen(self._context)
        if share < _LEAST_SHARE:
            raise InputError(
                f"no green or blue screen was found: the commonest such hue is {share:.0%} of the picture's border",
                where="matte.engine = chroma",
                remedy='Give its colour (matte.key_colour = "#00b140") or choose another engine.',
            )
        return colour


def found_screen(context: StageContext) -> tuple[float, Float]:
    """Share of the border with one screen-like hue over sampled frames, and its colour."""
    pixels = [border(context.read_rgb8("frames", frame))[::7] for frame in sampled(context, _SAMPLES)]
    return screen_share(np.concatenate(pixels).astype(np.uint8))


def parse_colour(text: str) -> Float:
    """(3,) float32 sRGB 0..1 of "#rrggbb" or "r,g,b" (0-255)."""
    plain = text.strip().lower()
    if re.fullmatch(r"#[0-9a-f]{6}", plain):
        values = [int(plain[place : place + 2], 16) for place in (1, 3, 5)]
    elif re.fullmatch(r"\d{1,3}(\s*,\s*\d{1,3}){2}", plain):
        values = [int(part) for part in plain.split(",")]
    else:
        values = [256]
    if max(values) > 255:
        raise SettingError(
            f'"matte.key_colour" is "{text}"',
            remedy='Write it like "#00b140" or "0,177,64" (0-255), or leave it empty.',
        )
    if max(values) - min(values) < 25:
        raise SettingError(f'"matte.key_colour" is "{text}", a grey', remedy="A key needs a colour, like green.")
    return np.asarray(np.array(values) / 255, np.float32)


def colour_text(colour: Float) -> str:
    """Of (3,) float32 sRGB: "#00b140"."""
    return "#" + "".join(f"{round(float(value) * 255):02x}" for value in colour)
