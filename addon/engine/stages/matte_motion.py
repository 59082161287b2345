# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever moves against the background's own motion, and what the artist's strokes say."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np

from ..errors import InputError
from ..image import grabcut
from ..image.along_flow import binomial, fetch
from ..image.files import Image8
from ..image.motion_evidence import background_planes, combine, evidence, hysteresis
from ..image.plate import solid
from ..image.warp import resize_flow, warp
from ..schema.matte import MatteSettings
from .context import StageContext
from .matte_base import Float, Motion, Recent, artist_boxes, inside_boxes, sampled, scene_of
from .matte_steady import SteadyMatte
from .matte_strokes import Strokes

_LONG_SIDE = 480
_DISTANCES = (1, 3, 6)
_INSIDE = 3
_LOW, _HIGH = 0.20, 0.55
_SURE = 0.5
_LEAST_SHARE = 0.001


class MotionMatte:
    """Mattes of what moves by itself.

    Evidence is gathered at a small size over frames up to 6 away, calmed along the motion, closed to a region, and cut
    along the picture's edges by GrabCut. Strokes overrule it.

    Raises:
        InputError: Nothing moves by itself and there are no strokes, or a stroke file does not fit.
    """

    def __init__(self, context: StageContext) -> None:
        self._context = context
        self._settings: MatteSettings = context.settings
        self._boxes = artist_boxes(self._settings, context.footage.count)
        scale = min(1.0, _LONG_SIDE / max(context.footage.width, context.footage.height))
        self._size = (round(context.footage.width * scale), round(context.footage.height * scale))
        self._picture = Recent(lambda frame: context.read_rgb8("frames", frame), 8)
        self._small = Recent(self._make_small, 24)
        self._motion = Motion(context, 20, partial(resize_flow, height=self._size[1], width=self._size[0]))
        self._evidence = Recent(self._make_evidence, 12)
        self._sided = Recent(self._make_sided, 8)
        self._strokes = Strokes(context, self._motion, self._size)
        self._refuse_stillness()
        self._steady = SteadyMatte(context, self._picture, self._raw)

    def matte(self, frame: int) -> Float:
        """Coverage (H, W) float32 0..1."""
        return self._steady(frame)

    def _make_small(self, frame: int) -> Image8:
        picture = cv2.resize(self._picture(frame), self._size, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.6), np.uint8)

    def _make_evidence(self, frame: int) -> Float:
        first, last = scene_of(self._context, frame)
        sides: list[list[tuple[Float, Float]]] = []
        for direction in (-1, 1):
            others = [frame + direction * distance for distance in _DISTANCES]
            sides.append([self._compare(frame, other) for other in others if first <= other <= last])
        if not any(sides):
            return np.zeros(self._size[::-1], np.float32)
        return combine(sides[0], sides[1])

    def _compare(self, frame: int, other: int) -> tuple[Float, Float]:
        flow = self._motion.flow(frame, other)
        return evidence(self._small(frame), self._small(other), flow, background_planes(flow))

    def _calm_evidence(self, frame: int) -> Float:
        """1-4-6-4-1 of the evidence along the motion."""
        first, last = scene_of(self._context, frame)
        own = self._sided(frame)
        samples: list[Float] = []
        for other in range(frame - 2, frame + 3):
            if other == frame or not first <= other <= last:
                samples.append(own)
                continue
            flow = self._motion.flow(frame, other)
            samples.append(fetch(self._sided(other), self._small(other), own, self._small(frame), flow))
        return np.asarray(cv2.GaussianBlur(binomial(samples), (0, 0), 1.0), np.float32)

    def _make_sided(self, frame: int) -> Float:
        """Evidence of a frame, near the ends of a scene held by that of a frame inside.

        With no past (or no future) what the character uncovers (or will cover) looks like the character. A frame a
        little further in does not have that fault, so both must agree.
        """
        first, last = scene_of(self._context, frame)
        own = self._evidence(frame)
        inner = min(max(frame, first + _INSIDE), last - _INSIDE)
        if inner == frame or last - first < 2 * _INSIDE:
            return own
        carried = np.asarray(warp(self._evidence(inner), self._motion.flow(frame, inner)), np.float32)
        return np.minimum(own, np.asarray(cv2.dilate(carried, _disc(3)), np.float32))

    def _raw(self, frame: int) -> Float:
        labels = self._labels(frame)
        cut = grabcut.cut(self._small(frame), labels, frame, iterations=3).astype(np.float32)
        reached = hysteresis(cut + (labels == grabcut.CHARACTER), 0.5, 1.5)
        matte = solid(reached, _LEAST_SHARE).astype(np.float32)
        size = (self._context.footage.width, self._context.footage.height)
        return np.asarray(cv2.resize(matte, size, interpolation=cv2.INTER_LINEAR), np.float32)

    def _region(self, frame: int) -> Image8:
        """Closed region of the evidence, (h, w) uint8 0 or 1."""
        region = hysteresis(self._calm_evidence(frame), _LOW, _HIGH)
        closed = cv2.morphologyEx(region, cv2.MORPH_CLOSE, _disc(4))
        mask = solid(np.asarray(closed, np.uint8), _LEAST_SHARE, 0.01)
        allowed = self._allowed(frame)
        return mask if allowed is None else mask & allowed

    def _allowed(self, frame: int) -> Image8 | None:
        full = (self._context.footage.height, self._context.footage.width)
        mask = inside_boxes(self._boxes, frame, full)
        if mask is None:
            return None
        return np.asarray(cv2.resize(mask.astype(np.uint8), self._size, interpolation=cv2.INTER_NEAREST), np.uint8)

    def _labels(self, frame: int) -> Image8:
        """For GrabCut: sure inside, sure far away, open between; the strokes and boxes last."""
        region = self._region(frame)
        sure = (self._calm_evidence(frame) > _SURE).astype(np.uint8)
        sure = np.asarray(cv2.morphologyEx(sure, cv2.MORPH_CLOSE, _disc(3)), np.uint8)
        labels = np.full(region.shape, grabcut.MAYBE_BACKGROUND, np.uint8)
        labels[region > 0] = grabcut.MAYBE_CHARACTER
        labels[(cv2.erode(region & sure, _disc(3))) > 0] = grabcut.CHARACTER
        far = cv2.dilate(region, _disc(6)) == 0
        labels[far] = grabcut.BACKGROUND
        painted = labels.copy()
        if self._strokes.paint(painted, frame):
            # Strokes may speak of what does not move: then nothing is surely background but what they say.
            labels[far] = grabcut.MAYBE_BACKGROUND
            self._strokes.paint(labels, frame)
        allowed = self._allowed(frame)
        if allowed is not None:
            labels[allowed == 0] = grabcut.BACKGROUND
        return labels

    def _refuse_stillness(self) -> None:
        if self._strokes.any:
            return
        frames = sampled(self._context, 5)
        if max(float(self._region(frame).mean()) for frame in frames) < _LEAST_SHARE:
            raise InputError(
                "nothing moves by itself against the background",
                where="matte.engine = motion",
                remedy=f'Paint strokes on a frame or two ("{self._settings.strokes}/000001.png", white on the '
                "character, black on the background) or choose another engine.",
            )


def _disc(radius: int) -> Image8:
    size = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
