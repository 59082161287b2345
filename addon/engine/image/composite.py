# SPDX-License-Identifier: GPL-3.0-or-later
"""One frame from the paint of its neighbouring keys.

Each key offers two answers for each pixel: the static scene under the ground's map, and the paint as it is under the
map of what moves by itself. An answer counts by how well the footage agrees with its map, by whether the pixel belongs
to that layer in the frame and in the key, and by how near the key is in time. Faults of the matte therefore cost
little: an answer of the wrong layer still stands where the footage agrees with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from .carry import Maps
from .ground_plate import GroundPlate
from .look import Look
from .view import View, cost, figure_cost
from .warp import Flow, Image, Lookup, inside, look_up, positions, resize_flow

# How answers are weighed; `torch_composite` does the same with the same numbers.
GROUND_TRUST = np.float32(3.0)
FREE_TRUST = np.float32(4.0)
FLOOR = np.float32(0.02)
DOUBT = 0.03
NEARNESS_POWER = 0.4
OUTSIDE = np.float32(0.02)
NOTHING = np.float32(1e-7)
LOOK_SHARE = np.float32(0.002)
GRAIN_PERCENTILE = 30
SOFT_PIXELS = 0.6


@dataclass(frozen=True)
class Source:
    """A painted key, prepared.

    Attributes:
        view: Its footage.
        painted: float32 (H', W', C), 0..1; premultiplied when C is 4.
        ground: Its static scene, complete, of that size.
        behind: How the static scene differs from the paint, float32 (H', W', C); None where nothing stands before it.
        look: What the look makes of its footage, float32 (H', W', C); None when the look is not used.
        explained: How much of its paint the look explains, float32 (H, W), 0..1; None likewise.
    """

    view: View
    painted: Image
    ground: GroundPlate
    behind: Image | None
    look: Image | None
    explained: Image | None


@dataclass(frozen=True)
class Offer:
    """What one key offers a frame.

    Attributes:
        source: The key.
        maps: Frame → key.
        nearness: 0..1, 1 right beside the key.
    """

    source: Source
    maps: Maps
    nearness: float


@dataclass(frozen=True)
class Composed:
    """A frame made.

    Attributes:
        picture: float32 (H', W', C), about 0..1.
        agreement: How well the best answer agrees with the footage, float32 (H, W), 0..1.
        explained: How much of the paint the look explains, float32 (H, W), 0..1; None without a look.
    """

    picture: Image
    agreement: Image
    explained: Image | None


@dataclass(frozen=True)
class _Answer:
    colour: Image
    weight: Image
    agreement: Image
    explained: Image | None


@dataclass(frozen=True)
class _Judged:
    """How an answer fits: float32 (H, W) each, 0..1."""

    likeness: Image
    agreement: Image
    weight: Image


class Composer:
    """Makes frames of one interval.

    Args:
        look: The interval's look; None where it explains nothing.
        lookup: How colours between pixels of a key are made.
        trust: How strongly a key counts less where its footage looks unlike the frame's; 1 as measured best.
    """

    def __init__(self, look: Look | None, lookup: Lookup = "lanczos", trust: float = 1.0) -> None:
        self._look = look
        self._lookup: Lookup = lookup
        self._trust = np.float32(trust)

    def frame(self, view: View, offers: list[Offer]) -> Composed:
        """The picture, and what is known of it.

        Args:
            view: The frame.
            offers: Of one key or of two.
        """
        size = offers[0].source.painted.shape[1::-1]
        look = None if self._look is None else _resized(self._look(view.image8), size)
        answers = [answer for offer in offers for answer in self._answers(view, offer, look)]
        total = cast(Image, sum(answer.weight for answer in answers))
        picture = cast(Image, sum(answer.colour * answer.weight[..., None] for answer in answers))
        if look is not None:
            picture += look * LOOK_SHARE
            total = total + LOOK_SHARE
        known = [answer.explained for answer in answers if answer.explained is not None]
        agreement = np.maximum.reduce([answer.agreement for answer in answers])
        return Composed(picture / total[..., None], agreement, np.maximum.reduce(known) if known else None)

    def _answers(self, view: View, offer: Offer, look: Image | None) -> list[_Answer]:
        source, maps = offer.source, offer.maps
        near = np.float32(offer.nearness**NEARNESS_POWER)
        judged = self._of_ground(view, offer)
        answers = [self._answer(source, maps.ground, judged, near, look, source.behind)]
        answers.append(self._answer(source, maps.free, self._of_free(view, offer), near, look))
        return answers

    def _of_ground(self, view: View, offer: Offer) -> _Judged:
        """How the static scene fits the frame."""
        flow, source = offer.maps.ground, offer.source
        shape = view.grey.shape
        own = _belongs(view)
        unlike = cast(Image, cv2.resize(cost(view, source.view, flow), shape[::-1], interpolation=cv2.INTER_LINEAR))
        still = unlike[view.free < 0.1]
        # Grain makes even the right answer unlike: only what is above it counts.
        grain = np.float32(np.percentile(still if len(still) > 99 else unlike, GRAIN_PERCENTILE))
        likeness = _likeness(np.maximum(unlike - grain, 0), GROUND_TRUST * self._trust)
        quality = _resized(source.ground.quality, shape[::-1])
        shown = np.maximum(cast(Image, look_up(quality, positions(*shape) + flow)), np.square(likeness))
        return _Judged(likeness, likeness * shown, (likeness + FLOOR / 2) * shown * (1 - own))

    def _of_free(self, view: View, offer: Offer) -> _Judged:
        """How what moves by itself fits the frame."""
        flow, source = offer.maps.free, offer.source
        unlike = figure_cost(view, source.view, flow)
        likeness = _likeness(unlike, FREE_TRUST * self._trust)
        there = cast(Image, look_up(_belongs(source.view), positions(*view.grey.shape) + flow))
        weight = cast(Image, (likeness + FLOOR) * (there + FLOOR) * _belongs(view))
        return _Judged(likeness, likeness * there, weight)

    def _answer(
        self,
        source: Source,
        flow: Flow,
        judged: _Judged,
        near: np.float32,
        look: Image | None,
        behind: Image | None = None,
    ) -> _Answer:
        height, width = source.painted.shape[:2]
        known = np.where(inside(flow, *flow.shape[:2]), np.float32(1), OUTSIDE)
        likeness, explained = judged.likeness, None
        weight = cast(Image, cv2.GaussianBlur(judged.weight * near * known + NOTHING, (0, 0), SOFT_PIXELS))
        at = positions(height, width) + resize_flow(flow, height, width)
        colour = np.clip(look_up(source.painted, at, self._lookup), 0, 1)
        if behind is not None:
            # Where the footage agrees the key shows this very thing, whatever its matte says.
            doubt = _resized(np.float32(1) - np.square(likeness), (width, height))
            colour = colour + look_up(behind, at) * doubt[..., None]
        if look is not None and source.look is not None and source.explained is not None:
            explained = cast(Image, look_up(source.explained, positions(*flow.shape[:2]) + flow))
            share = _resized(explained, (width, height))
            agrees = _resized(cast(Image, cv2.GaussianBlur(likeness, (0, 0), 1.0)), (width, height))
            rest = (colour - look_up(source.look, at, self._lookup)) * agrees[..., None]
            colour = colour + (look + rest - colour) * share[..., None]
        return _Answer(colour, _resized(weight, (width, height)), judged.agreement * known, explained)


def _belongs(view: View) -> Image:
    """How surely a pixel moves by itself, never quite sure."""
    least = max(DOUBT, view.doubt)
    return cast(Image, np.clip(cv2.GaussianBlur(view.free, (0, 0), 0.5), least, 1 - DOUBT))


def _likeness(unlike: Image, trust: np.float32) -> Image:
    return np.exp(-np.square(unlike * trust))


def _resized(image: Image, size: tuple[int, ...]) -> Image:
    if image.shape[1::-1] == tuple(size):
        return image
    return cast(Image, cv2.resize(image, tuple(size), interpolation=cv2.INTER_LINEAR))
