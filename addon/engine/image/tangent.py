# SPDX-License-Identifier: GPL-3.0-or-later
"""The direction along edges, and averages along and across it.

Kyprianidis and Döllner, "Image Abstraction by Structure Adaptive Filtering" (2008): the smoothed structure tensor
gives a direction field that is calm where there is no edge; filters that follow it draw strokes, not pixels.
"""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]


def edge_tangents(grey: Image, spread_pixels: float) -> Image:
    """Unit vectors along the edges of a picture.

    Args:
        grey: float32 (H, W), 0..1.
        spread_pixels: How far the direction of a strong edge reaches (Gaussian sigma).

    Returns:
        float32 (H, W, 2), (dx, dy); the sign is arbitrary.
    """
    across_x = cv2.Scharr(grey, cv2.CV_32F, 1, 0)
    across_y = cv2.Scharr(grey, cv2.CV_32F, 0, 1)
    tensor = np.dstack([across_x * across_x, across_x * across_y, across_y * across_y])
    xx, xy, yy = cv2.split(cv2.GaussianBlur(tensor, (0, 0), spread_pixels))
    angle = np.float32(0.5) * np.arctan2(np.float32(2) * xy, xx - yy) + np.float32(np.pi / 2)
    return np.dstack([np.cos(angle), np.sin(angle)]).astype(np.float32)


def along(image: npt.NDArray[Any], tangents: Image, sigma_pixels: float) -> Image:
    """A Gaussian mean along the edges, following their curves.

    Args:
        image: float32 (H, W) or (H, W, 3).
        tangents: float32 (H, W, 2) of `edge_tangents`.
        sigma_pixels: Width of the mean.
    """
    total = image.copy()
    weight = 1.0
    steps = max(1, round(2 * sigma_pixels))
    for sign in (1.0, -1.0):
        places, direction = _grid(image.shape), tangents * np.float32(sign)
        for step in range(1, steps + 1):
            places = places + direction
            share = float(np.exp(-0.5 * (step / sigma_pixels) ** 2))
            total += np.float32(share) * _at(image, places)
            weight += share
            if step < steps:
                direction = _continued(tangents, places, direction)
    return (total / np.float32(weight)).astype(np.float32)


def _continued(tangents: Image, places: Image, before: Image) -> Image:
    # The field has no sign: go on in the direction come from.
    here = _at(tangents, places)
    same = np.sign((here * before).sum(-1, keepdims=True))
    return here * np.where(same == 0, 1, same).astype(np.float32)


def across(image: Image, tangents: Image, sigma_pixels: float, offset_pixels: float = 0.0) -> Image:
    """A Gaussian mean across the edges, float32 (H, W) or (H, W, 3); `offset_pixels` shifts its middle."""
    normal = np.dstack([tangents[..., 1], -tangents[..., 0]])
    total, weight = np.zeros_like(image), 0.0
    reach = max(1, int(np.ceil(2 * sigma_pixels)))
    grid = _grid(image.shape)
    for step in range(-reach, reach + 1):
        share = float(np.exp(-0.5 * (step / sigma_pixels) ** 2))
        total += np.float32(share) * _at(image, grid + normal * np.float32(step + offset_pixels))
        weight += share
    return total / np.float32(weight)


def smooth_across(image: Image, tangents: Image, sigma_pixels: float, colour_sigma: float) -> Image:
    """A bilateral mean across the edges: neighbours of other colour do not count (Tomasi and Manduchi, 1998).

    Args:
        image: float32 (H, W, 3).
        tangents: float32 (H, W, 2).
        sigma_pixels: Width in space.
        colour_sigma: Width in colour, in the picture's units.
    """
    normal = np.dstack([tangents[..., 1], -tangents[..., 0]])
    total, weight = image.copy(), np.ones(image.shape[:2], np.float32)
    grid = _grid(image.shape)
    for step in range(1, max(1, round(2 * sigma_pixels)) + 1):
        for sign in (step, -step):
            other = _at(image, grid + normal * np.float32(sign))
            apart = np.square(other - image).sum(-1)
            share = np.exp(-0.5 * (step / sigma_pixels) ** 2 - apart / np.float32(2 * colour_sigma**2))
            total += other * share[..., None]
            weight += share
    return total / weight[..., None]


def _grid(shape: tuple[int, ...]) -> Image:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    return np.dstack([x, y]).astype(np.float32)


def _at(image: npt.NDArray[Any], places: Image) -> Image:
    found = cv2.remap(image, places, cast(Any, None), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cast(Image, found)
