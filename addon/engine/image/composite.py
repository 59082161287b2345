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
LOOK_SHARE = np.float32(0.015)
# The look counts where it explains more than this, and where all answers together weigh less than that.
LEAST_EXPLAINED = np.float32(0.02)
ENOUGH = 0.2
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
class _Judged:
    """How an answer fits: float32 (H, W) each, 0..1."""

    likeness: Image
    agreement: Image
    weight: Image


@dataclass(frozen=True)
class _Answer:
    """One key's answer in one layer, weighed; its colours are made last, when it is known where the look is needed."""

    source: Source
    flow: Flow
    likeness: Image
    agreement: Image
    weight: Image
    explained: Image | None
    behind: Image | None


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
        answers = [answer for offer in offers for answer in self._answers(view, offer)]
        known = [answer.explained for answer in answers if answer.explained is not None]
        explained = np.maximum.reduce(known) if known else None
        total = cast(Image, sum(answer.weight for answer in answers))
        lacking = LOOK_SHARE * np.clip(1 - total * np.float32(1 / ENOUGH), 0, 1)
        look = self._look_where(view, explained, lacking, size)
        picture = cast(
            Image,
            sum(self._colour(answer, look) * _resized(answer.weight, size)[..., None] for answer in answers),
        )
        total = _resized(total, size)
        if look is not None:
            lacking = _resized(lacking, size)
            picture += look * lacking[..., None]
            total = total + lacking
        agreement = np.maximum.reduce([answer.agreement for answer in answers])
        return Composed(picture / total[..., None], agreement, explained)

    def _look_where(self, view: View, explained: Image | None, lacking: Image, size: tuple[int, ...]) -> Image | None:
        """What the look makes of the frame, where it counts; it costs more than all the rest."""
        if self._look is None:
            return None
        needed = lacking > 0
        if explained is not None:
            needed |= explained > LEAST_EXPLAINED
        beside = cv2.dilate(needed.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        return _resized(self._look(view.image8, beside), size)

    def _answers(self, view: View, offer: Offer) -> list[_Answer]:
        source, maps = offer.source, offer.maps
        return [
            self._answer(offer, maps.ground, self._of_ground(view, offer), source.behind),
            self._answer(offer, maps.free, self._of_free(view, offer), None),
        ]

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

    def _answer(self, offer: Offer, flow: Flow, judged: _Judged, behind: Image | None) -> _Answer:
        source, near = offer.source, np.float32(offer.nearness**NEARNESS_POWER)
        known = np.where(inside(flow, *flow.shape[:2]), np.float32(1), OUTSIDE)
        weight = cast(Image, cv2.GaussianBlur(judged.weight * near * known + NOTHING, (0, 0), SOFT_PIXELS))
        explained = None
        if self._look is not None and source.look is not None and source.explained is not None:
            explained = cast(Image, look_up(source.explained, positions(*flow.shape[:2]) + flow))
        return _Answer(source, flow, judged.likeness, judged.agreement * known, weight, explained, behind)

    def _colour(self, answer: _Answer, look: Image | None) -> Image:
        source, flow, likeness = answer.source, answer.flow, answer.likeness
        height, width = source.painted.shape[:2]
        at = positions(height, width) + resize_flow(flow, height, width)
        colour = np.clip(look_up(source.painted, at, self._lookup), 0, 1)
        if answer.behind is not None:
            # Where the footage agrees the key shows this very thing, whatever its matte says.
            doubt = _resized(np.float32(1) - np.square(likeness), (width, height))
            colour = colour + look_up(answer.behind, at) * doubt[..., None]
        if look is not None and source.look is not None and answer.explained is not None:
            above = np.maximum(answer.explained - LEAST_EXPLAINED, 0) * np.float32(1 / (1 - LEAST_EXPLAINED))
            share = _resized(above, (width, height))
            agrees = _resized(cast(Image, cv2.GaussianBlur(likeness, (0, 0), 1.0)), (width, height))
            rest = (colour - look_up(source.look, at, self._lookup)) * agrees[..., None]
            colour = colour + (look + rest - colour) * share[..., None]
        return colour


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
