# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins the paint of one key or two to a frame: in layers, or as the plain crossfade other programs do."""

from __future__ import annotations

from typing import Protocol, cast

import cv2
import numpy as np

from ..image.carry import Maps
from ..image.composite import Offer, Source
from ..image.free_fill import FreeFill, wanted
from ..image.ground_plate import GroundPlate, carried_plate, ground_plate
from ..image.look import Look, explained
from ..image.torch_device import Device
from ..image.view import View
from ..image.warp import Flow, Image, invert, look_up, positions, resize_flow
from ..schema.propagate import PropagateSettings
from .propagate_engine import make_composer
from .propagate_paint import Paint
from .propagate_views import Views

Offers = dict[int, tuple[Maps, float]]
"""For each key the frame's maps to it and how near it is, 0..1."""

_LEAST_EXPLAINED = 0.02


class Mixer(Protocol):
    """Makes the frames of one interval.

    Attributes:
        goes_on: Whether a frame goes on from the one before: then it is asked for every frame, in order.
    """

    goes_on: bool

    def frame(self, view: View, offers: Offers, to_last: Flow | None) -> Image:
        """The picture of a frame, float32 (H', W', C), about 0..1.

        Args:
            view: Its footage.
            offers: What the keys offer it.
            to_last: float32 (H, W, 2), pixels, from it to the frame of the last call; None at the first.
        """
        ...


def make_mixer(
    settings: PropagateSettings,
    paint: Paint,
    views: Views,
    keys: tuple[int, ...],
    between: Flow | None,
    device: Device | None = None,
) -> Mixer:
    """What the settings ask for.

    Args:
        settings: Of the stage.
        paint: The painted keys.
        views: The footage.
        keys: The interval's keys, one or two.
        between: The ground's map from the first of two to the second.
        device: What PyTorch mixes layers on; None for the processor's own engine.
    """
    if settings.method == "linear":
        return LinearMixer(settings, paint)
    return LayerMixer(settings, paint, views, keys, between, device)


class LinearMixer:
    """Every key warped whole, the two mixed by time."""

    goes_on = False

    def __init__(self, settings: PropagateSettings, paint: Paint) -> None:
        self._settings = settings
        self._paint = paint

    def frame(self, view: View, offers: Offers, to_last: Flow | None) -> Image:
        """The picture; see `Mixer`."""
        return cast(Image, sum(self._warped(key, maps.ground) * share for key, (maps, share) in offers.items()))

    def _warped(self, key: int, flow: Flow) -> Image:
        painted = self._paint.read(key)
        at = positions(*painted.shape[:2]) + resize_flow(flow, *painted.shape[:2])
        return np.clip(look_up(painted, at, self._settings.lookup), 0, 1)


class LayerMixer:
    """The static scene and what moves by itself, each in its place, and what the look tells of changes."""

    goes_on = True

    def __init__(
        self,
        settings: PropagateSettings,
        paint: Paint,
        views: Views,
        keys: tuple[int, ...],
        between: Flow | None,
        device: Device | None,
    ) -> None:
        self._views = views
        self._painted = {key: paint.read(key) for key in keys}
        self._seen = {key: views(key) for key in keys}
        plates = self._plates(keys, between)
        look, told = self._look(keys) if settings.recolour else (None, {})
        self._sources = {key: self._source(key, plates[key], *told.get(key, (None, None))) for key in keys}
        self._composer = make_composer(look, settings, device)
        seen = list(self._seen.values())
        self._fill = FreeFill([view.image8 for view in seen], list(self._painted.values()), [v.free for v in seen])

    def frame(self, view: View, offers: Offers, to_last: Flow | None) -> Image:
        """The picture; see `Mixer`."""
        of_keys = [Offer(self._sources[key], maps, near) for key, (maps, near) in offers.items()]
        made = self._composer.frame(view, of_keys)
        need = wanted(made.agreement, [offer.maps.lost for offer in of_keys], made.explained, view.free)
        return self._fill.frame(made.picture, view.image8, need, to_last)

    def _source(self, key: int, plate: GroundPlate, look: Image | None, share: Image | None) -> Source:
        behind = plate.colour - self._painted[key]
        return Source(self._seen[key], self._painted[key], plate, behind if behind.any() else None, look, share)

    def _plates(self, keys: tuple[int, ...], between: Flow | None) -> dict[int, GroundPlate]:
        """The static scenes: what stands before one in its own key, another key may show."""
        own = {key: self._plate(key, []) for key in keys}
        if between is None or len(keys) < 2:
            return own
        first, second = keys
        height, width = self._painted[first].shape[:2]
        there = resize_flow(between, height, width)
        return {
            first: self._plate(first, [carried_plate(own[second], there)]),
            second: self._plate(second, [carried_plate(own[first], invert(there))]),
        }

    def _plate(self, key: int, others: list[GroundPlate]) -> GroundPlate:
        painted = self._painted[key]
        free = _resized(self._seen[key].free, painted.shape[1::-1], cv2.INTER_CUBIC)
        return ground_plate(painted, np.clip(free, 0, 1), others)

    def _look(self, keys: tuple[int, ...]) -> tuple[Look | None, dict[int, tuple[Image, Image]]]:
        """The interval's look with what it makes of each key and explains of it; none where it explains nothing."""
        small = {key: _resized(self._painted[key], self._views.size, cv2.INTER_AREA) for key in keys}
        look = Look([self._seen[key].image8 for key in keys], list(small.values()))
        made = {key: look(self._seen[key].image8) for key in keys}
        shares = {key: explained(small[key], made[key]) for key in keys}
        if max(float(share.mean()) for share in shares.values()) < _LEAST_EXPLAINED:
            return None, {}
        return look, {
            key: (_resized(made[key], self._painted[key].shape[1::-1], cv2.INTER_LINEAR), shares[key]) for key in keys
        }


def _resized(image: Image, size: tuple[int, ...], interpolation: int) -> Image:
    if image.shape[1::-1] == tuple(size):
        return image
    return cast(Image, cv2.resize(image, tuple(size), interpolation=interpolation))
