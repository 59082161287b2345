# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames mixed from their keys on a graphics card: the counterpart of `composite.Composer`, step by step.

What it makes differs from the processor's picture by the order of sums: less than half an 8-bit step on average. Keys
stay on the card for a whole interval; of a frame its footage and maps go there, and the picture comes back.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import EngineError
from . import composite
from .composite import Composed, Offer, Source
from .look import Look
from .torch_filters import Tensor, averaged, blurred, put, resized
from .torch_look import TorchLook
from .torch_lookup import look_up, positions, resize_flow
from .view import STRIDE, View
from .warp import Image, Lookup

torch: Any = importlib.import_module("torch")

_GROUND_TRUST, _FREE_TRUST, _FLOOR = (
    float(value) for value in (composite.GROUND_TRUST, composite.FREE_TRUST, composite.FLOOR)
)
_OUTSIDE, _NOTHING, _LOOK_SHARE = (
    float(value) for value in (composite.OUTSIDE, composite.NOTHING, composite.LOOK_SHARE)
)
_COST_SHARES = (1 / 72, 1 / 72, 1 / 72, 1 / 12)


@dataclass(frozen=True)
class _OnCard:
    """A key or a frame: tensors (C, H, W) of what `View` and `Source` hold."""

    features: Tensor
    figure_features: Tensor
    belongs: Tensor


@dataclass(frozen=True)
class _Key:
    view: _OnCard
    painted: Tensor
    quality: Tensor
    behind: Tensor | None
    look: Tensor | None
    explained: Tensor | None


@dataclass(frozen=True)
class _Answer:
    colour: Tensor
    small_weight: Tensor
    weight: Tensor
    agreement: Tensor
    explained: Tensor | None


class TorchComposer:
    """Makes frames of one interval.

    Args:
        look: The interval's look; None where it explains nothing.
        lookup: How colours between pixels of a key are made.
        trust: How strongly a key counts less where its footage looks unlike the frame's.
        device: As PyTorch calls it.
    """

    def __init__(self, look: Look | None, lookup: Lookup, trust: float, device: str) -> None:
        self._device = device
        self._look = None if look is None else TorchLook(look.fitted, device)
        self._lookup: Lookup = lookup
        self._trust = trust
        self._keys: dict[int, tuple[Source, _Key]] = {}

    def frame(self, view: View, offers: list[Offer]) -> Composed:
        """The picture, and what is known of it; see `Composer.frame`.

        Raises:
            EngineError: The card's memory is not enough.
        """
        try:
            with torch.inference_mode():
                return self._frame(view, offers)
        except torch.OutOfMemoryError as error:
            height, width = offers[0].source.painted.shape[:2]
            raise EngineError(
                f"the graphics card's memory is not enough for keys of {width}x{height}",
                remedy="Close other programs that use the card, or set propagate.engine to cpu.",
            ) from error

    def _frame(self, view: View, offers: list[Offer]) -> Composed:
        height, width = offers[0].source.painted.shape[:2]
        seen = self._view(view)
        look = None
        if self._look is not None:
            look = resized(self._look(self._put(view.image8.astype(np.float32) * np.float32(1 / 255))), height, width)
        still = torch.from_numpy(view.free < 0.1).to(self._device)[None]
        answers = [
            self._answer(seen, self._key(offer.source), offer, look, still, moves=moves)
            for offer in offers
            for moves in (False, True)
        ]
        small = torch.stack([answer.small_weight for answer in answers]).sum(0)
        total = resized(small, height, width)
        picture = sum(answer.colour * answer.weight for answer in answers)
        if look is not None:
            lacking = resized(_LOOK_SHARE * (1 - small / composite.ENOUGH).clamp(0, 1), height, width)
            total, picture = total + lacking, picture + look * lacking
        known = [answer.explained for answer in answers if answer.explained is not None]
        return Composed(
            _taken(picture / total),
            _taken(torch.stack([answer.agreement for answer in answers]).amax(0))[..., 0],
            _taken(torch.stack(known).amax(0))[..., 0] if known else None,
        )

    def _answer(
        self, seen: _OnCard, key: _Key, offer: Offer, look: Tensor | None, still: Tensor, *, moves: bool
    ) -> _Answer:
        flow = self._put(offer.maps.free if moves else offer.maps.ground)
        judged = self._of_free(seen, key, flow) if moves else self._of_ground(seen, key, flow, still)
        likeness, agreement, weight = judged
        inside, near = _inside(flow), offer.nearness**composite.NEARNESS_POWER
        weight = blurred(weight * near * inside + _NOTHING, composite.SOFT_PIXELS)
        colour, explained = self._colour(key, flow, likeness, look, None if moves else key.behind)
        return _Answer(colour, weight, resized(weight, *colour.shape[1:]), agreement * inside, explained)

    def _of_ground(self, seen: _OnCard, key: _Key, flow: Tensor, still: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Likeness, agreement and weight of the static scene, (1, H, W) each."""
        height, width = flow.shape[1:]
        at = positions(flow)
        coarse = look_up(key.view.features, at[:, ::STRIDE, ::STRIDE])
        difference = (seen.features[:, ::STRIDE, ::STRIDE] - coarse).abs()
        shares = torch.tensor(_COST_SHARES, device=self._device)[:, None, None]
        limited = (difference * shares).sum(0, keepdim=True).clamp(max=1)
        unlike = resized(averaged(limited, 5), height, width)
        chosen = unlike[still]
        grain = _percentile(chosen if len(chosen) > 99 else unlike.flatten(), composite.GRAIN_PERCENTILE)
        likeness = self._likeness((unlike - grain).clamp(min=0), _GROUND_TRUST)
        shown = torch.maximum(look_up(resized(key.quality, height, width), at), likeness * likeness)
        return likeness, likeness * shown, (likeness + _FLOOR / 2) * shown * (1 - seen.belongs)

    def _of_free(self, seen: _OnCard, key: _Key, flow: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The same of what moves by itself."""
        at = positions(flow)
        difference = (seen.figure_features - look_up(key.view.figure_features, at)).abs().mean(0, keepdim=True)
        unlike = blurred((difference / 40).clamp(max=1), 2.5)
        likeness = self._likeness(unlike, _FREE_TRUST)
        there = look_up(key.view.belongs, at)
        weight = (likeness + _FLOOR) * (there + _FLOOR) * seen.belongs
        return likeness, likeness * there, weight

    def _colour(
        self, key: _Key, flow: Tensor, likeness: Tensor, look: Tensor | None, behind: Tensor | None
    ) -> tuple[Tensor, Tensor | None]:
        height, width = key.painted.shape[1:]
        at = positions(resize_flow(flow, height, width))
        colour = look_up(key.painted, at, self._lookup).clamp(0, 1)
        if behind is not None:
            colour = colour + look_up(behind, at) * resized(1 - likeness * likeness, height, width)
        if look is None or key.look is None or key.explained is None:
            return colour, None
        explained = look_up(key.explained, positions(flow))
        agrees = resized(blurred(likeness, 1.0), height, width)
        rest = (colour - look_up(key.look, at, self._lookup)) * agrees
        least = float(composite.LEAST_EXPLAINED)
        above = (explained - least).clamp(min=0) / (1 - least)
        return colour + (look + rest - colour) * resized(above, height, width), explained

    def _likeness(self, unlike: Tensor, trust: float) -> Tensor:
        return torch.exp(-torch.square(unlike * (trust * self._trust)))

    def _view(self, view: View) -> _OnCard:
        least = max(composite.DOUBT, view.doubt)
        belongs = blurred(self._put(view.free), 0.5).clamp(least, 1 - composite.DOUBT)
        return _OnCard(self._put(view.features), self._put(view.figure_features), belongs)

    def _key(self, source: Source) -> _Key:
        """A key on the card; put there once."""
        if id(source) not in self._keys:
            behind, look, explained = (
                None if image is None else self._put(image) for image in (source.behind, source.look, source.explained)
            )
            painted, quality = self._put(source.painted), self._put(source.ground.quality)
            key = _Key(self._view(source.view), painted, quality, behind, look, explained)
            self._keys[id(source)] = source, key
        return self._keys[id(source)][1]

    def _put(self, image: npt.NDArray[np.float32]) -> Tensor:
        """(H, W) or (H, W, C) as (C, H, W) on the card."""
        return put(np.ascontiguousarray(np.moveaxis(np.atleast_3d(image), 2, 0)), self._device)


def _inside(flow: Tensor) -> Tensor:
    """1 where a flow leads to a pixel of the picture, little where it leads beyond: (1, H, W)."""
    (x, y), (height, width) = positions(flow), flow.shape[1:]
    shown = (x >= -0.5) & (y >= -0.5) & (x <= width - 0.5) & (y <= height - 0.5)
    return torch.where(shown, 1.0, _OUTSIDE)[None]


def _percentile(values: Tensor, percentile: float) -> Tensor:
    """As NumPy finds it, between the two values beside it; by sorting, which every kind of card can do."""
    ordered = torch.sort(values).values
    at = (len(ordered) - 1) * percentile / 100
    low = int(at)
    return torch.lerp(ordered[low], ordered[min(low + 1, len(ordered) - 1)], at - low)


def _taken(image: Tensor) -> Image:
    """(C, H, W) of the card as float32 (H, W, C)."""
    return np.ascontiguousarray(np.moveaxis(image.cpu().numpy(), 0, 2))
