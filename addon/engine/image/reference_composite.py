# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow and plain: how `composite` weighs the answers of keys and mixes them, pixel by pixel. Only tests call this.

The paint is looked up linearly. What `make_view`, the ground's plate and the look have made is taken as it is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .composite import Offer
from .reference import sample
from .reference_look import blurred
from .view import View
from .warp import Flow, Image

Doubles = npt.NDArray[np.float64]


def composed(view: View, offers: list[Offer], look: Image | None, trust: float = 1.0) -> Image:
    """The picture that `Composer.frame` makes.

    Args:
        view: The frame.
        offers: Of one key or of two.
        look: What the look makes of the frame's footage, float32 (H, W, C); None without one.
        trust: Of the composer.

    Returns:
        float32 (H', W', C).
    """
    height, width, channels = offers[0].source.painted.shape
    light = None if look is None else resized(look, height, width)
    total, colours = np.zeros((height, width, 1)), np.zeros((height, width, channels))
    weights = np.zeros((*view.grey.shape, 1))
    for offer in offers:
        for moves in (False, True):
            small, colour = _answer(view, offer, light, trust, moves=moves)
            weight = resized(small, height, width).astype(float)
            weights += small
            total += weight
            colours += weight * colour
    if light is not None:
        lacking = resized(0.015 * np.clip(1 - weights / 0.2, 0, 1), height, width).astype(float)
        total += lacking
        colours += lacking * light
    return (colours / total).astype(np.float32)


def _answer(view: View, offer: Offer, light: Image | None, trust: float, *, moves: bool) -> tuple[Doubles, Doubles]:
    """Weight (H, W, 1) and colour (H', W', C) of one key's answer."""
    flow = offer.maps.free if moves else offer.maps.ground
    likeness, weight = (_of_free if moves else _of_ground)(view, offer, trust)
    height, width = likeness.shape[:2]
    for y, x in np.ndindex(height, width):
        there = x + float(flow[y, x, 0]), y + float(flow[y, x, 1])
        shown = -0.5 <= there[0] <= width - 0.5 and -0.5 <= there[1] <= height - 0.5
        weight[y, x] *= offer.nearness**0.4 * (1 if shown else 0.02)
    return blurred(weight + 1e-7, 0.6).astype(float), _colours(offer, flow, likeness, light, moves=moves)


def _colours(offer: Offer, flow: Flow, likeness: Doubles, light: Image | None, *, moves: bool) -> Doubles:
    source = offer.source
    height, width, channels = source.painted.shape
    scale = width / flow.shape[1], height / flow.shape[0]
    whole_flow = resized(flow, height, width)
    doubt = resized(1 - likeness**2, height, width)
    agrees = resized(blurred(likeness, 1), height, width)
    share = None
    if source.explained is not None:
        above = np.maximum(moved(source.explained[..., None], flow) - 0.02, 0) / 0.98
        share = resized(above, height, width)
    made = np.zeros((height, width, channels))
    for y, x in np.ndindex(height, width):
        at = x + float(whole_flow[y, x, 0]) * scale[0], y + float(whole_flow[y, x, 1]) * scale[1]
        colour = np.clip(sample(source.painted, *at), 0, 1)
        if not moves and source.behind is not None:
            colour = colour + sample(source.behind, *at) * doubt[y, x]
        if light is not None and source.look is not None and share is not None:
            rest = (colour - sample(source.look, *at)) * agrees[y, x]
            colour = (1 - share[y, x]) * colour + share[y, x] * (light[y, x] + rest)
        made[y, x] = colour
    return made


def _of_ground(view: View, offer: Offer, trust: float) -> tuple[Doubles, Doubles]:
    """How like the static scene is, and how much that answer counts: (H, W, 1) each."""
    flow, key = offer.maps.ground, offer.source.view
    height, width = view.grey.shape
    weights = np.array([1 / 3, 1 / 3, 1 / 3, 2]) / 24
    coarse = np.zeros(((height + 1) // 2, (width + 1) // 2, 1))
    for row, column in np.ndindex(*coarse.shape[:2]):
        y, x = 2 * row, 2 * column
        seen = sample(key.features, x + float(flow[y, x, 0]), y + float(flow[y, x, 1]))
        coarse[row, column] = min(1.0, float(weights @ np.abs(view.features[y, x] - seen)))
    unlike = resized(_averaged(coarse, 2), height, width)
    grain = np.percentile(unlike[view.free < 0.1], 30)
    likeness = np.exp(-((np.maximum(unlike - grain, 0) * 3 * trust) ** 2)).astype(float)
    quality = resized(offer.source.ground.quality[..., None], height, width)
    shown = np.maximum(moved(quality, flow), likeness**2)
    return likeness, (likeness + 0.01) * shown * (1 - _belongs(view))


def _of_free(view: View, offer: Offer, trust: float) -> tuple[Doubles, Doubles]:
    """The same of what moves by itself."""
    flow, key = offer.maps.free, offer.source.view
    difference = np.abs(view.figure_features - moved(key.figure_features, flow)).mean(2, keepdims=True)
    unlike = blurred(np.minimum(difference.astype(float) / 40, 1), 2.5)
    likeness = np.exp(-((unlike * 4 * trust) ** 2))
    there = moved(_belongs(key).astype(np.float32), flow)
    return likeness, (likeness + 0.02) * (there + 0.02) * _belongs(view)


def _belongs(view: View) -> Doubles:
    least = max(0.03, view.doubt)
    return np.clip(blurred(view.free[..., None].astype(float), 0.5), least, 1 - 0.03)


def moved(image: Image, flow: Flow) -> Image:
    """A picture (H, W, C) under a flow, linearly."""
    made = np.zeros((*flow.shape[:2], image.shape[2]), np.float32)
    for y, x in np.ndindex(*flow.shape[:2]):
        made[y, x] = sample(image, x + float(flow[y, x, 0]), y + float(flow[y, x, 1]))
    return made


def resized(image: npt.NDArray[np.floating], height: int, width: int) -> Image:
    """A picture (h, w, C) enlarged linearly: the corners of the pictures agree, not the centres of their pixels."""
    down, across = image.shape[0] / height, image.shape[1] / width
    made = np.zeros((height, width, image.shape[2]), np.float32)
    for y, x in np.ndindex(height, width):
        made[y, x] = sample(image.astype(np.float32), (x + 0.5) * across - 0.5, (y + 0.5) * down - 0.5)
    return made


def _averaged(image: Doubles, reach: int) -> Doubles:
    """The mean of a square around each pixel; the border is mirrored about its outermost pixel."""
    padded = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), "reflect")
    made = np.zeros_like(image)
    side = 2 * reach + 1
    for y, x in np.ndindex(*image.shape[:2]):
        made[y, x] = padded[y : y + side, x : x + side].sum((0, 1)) / side**2
    return made
