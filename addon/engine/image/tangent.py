# SPDX-License-Identifier: GPL-3.0-or-later
"""The direction along edges, and means along and across it.

Kyprianidis and Döllner, "Image Abstraction by Structure Adaptive Filtering" (2008): the smoothed structure tensor
gives a direction field that is calm where there is no edge; filters that follow it draw strokes, not pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]


def edge_tangents(
    image: Image, spread_pixels: float, hatch_degrees: float = 45.0, hatch_strength: float = 0.0
) -> Image:
    """Unit vectors along the edges of a picture.

    Args:
        image: float32 (H, W) or (H, W, C); the edges of all channels count.
        spread_pixels: How far the direction of a strong edge reaches (Gaussian sigma).
        hatch_degrees: Direction where there is no edge.
        hatch_strength: Edge strength (units of the picture per pixel) up to which that direction wins.

    Returns:
        float32 (H, W, 2), (dx, dy); the sign is arbitrary.
    """
    tensor = np.zeros((*image.shape[:2], 3), np.float32)
    for channel in cv2.split(image):
        # Scharr's weights sum to 32 pixels.
        dx = cv2.Scharr(channel, cv2.CV_32F, 1, 0, scale=1 / 32)
        dy = cv2.Scharr(channel, cv2.CV_32F, 0, 1, scale=1 / 32)
        tensor += cv2.merge([dx * dx, dx * dy, dy * dy])
    xx, xy, yy = cv2.split(cv2.GaussianBlur(tensor, (0, 0), spread_pixels))
    # Across the wanted direction lies the gradient that would cause it.
    normal = np.deg2rad(hatch_degrees + 90)
    power = np.float32(hatch_strength**2 + 1e-12)
    xx, yy = xx + power * np.float32(np.cos(normal) ** 2), yy + power * np.float32(np.sin(normal) ** 2)
    xy = xy + power * np.float32(np.sin(normal) * np.cos(normal))
    angle = cv2.phase(xx - yy, np.float32(2) * xy) * np.float32(0.5) + np.float32(np.pi / 2)
    return cast(Image, cv2.merge(cv2.polarToCart(np.ones_like(angle), angle)))


def along(image: npt.NDArray[Any], tangents: Image, sigma_pixels: float, stride_pixels: float = 1.0) -> Image:
    """A Gaussian mean along the edges, following their curves.

    Args:
        image: float32 (H, W) or (H, W, 3).
        tangents: float32 (H, W, 2) of `edge_tangents`.
        sigma_pixels: Width of the mean.
        stride_pixels: Distance of the samples.
    """
    total = image.copy()
    weight = 1.0
    steps = max(1, round(2 * sigma_pixels / stride_pixels))
    for sign in (1.0, -1.0):
        for step, places in enumerate(_walk(tangents, sign * stride_pixels, steps), 1):
            share = float(np.exp(-0.5 * (step * stride_pixels / sigma_pixels) ** 2))
            total = cast(Image, cv2.scaleAdd(_at(image, places), share, total))
            weight += share
    return cast(Image, total * np.float32(1 / weight))


def _walk(tangents: Image, stride: float, steps: int) -> Iterator[Image]:
    """Places (x, y) reached from every pixel along its curve, step by step."""
    direction = tangents * np.float32(stride)
    places = _grid(tangents.shape)
    for step in range(steps):
        places = cast(Image, places + direction)
        yield places
        if step + 1 < steps:
            # The field has no sign: go on in the direction come from. Nearest, as opposite signs must not be mixed.
            here = cv2.remap(tangents, places, cast(Any, None), cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
            agreement = here[..., 0] * direction[..., 0] + here[..., 1] * direction[..., 1]
            direction = cast(Image, here) * np.copysign(np.float32(abs(stride)), agreement)[..., None]


def across(image: Image, tangents: Image, weights: dict[int, float]) -> Image:
    """A weighted sum of samples on the line across the edges.

    Args:
        image: float32 (H, W).
        tangents: float32 (H, W, 2).
        weights: Share of the sample at each distance in pixels, both sides of the edge.
    """
    normal = np.dstack([tangents[..., 1], -tangents[..., 0]])
    grid = _grid(image.shape)
    total = np.zeros_like(image)
    for distance, share in weights.items():
        places = cast(Image, cv2.scaleAdd(normal, float(distance), grid))
        total = cv2.scaleAdd(_at(image, places), share, total)
    return cast(Image, total)


def _grid(shape: tuple[int, ...]) -> Image:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    return np.dstack([x, y]).astype(np.float32)


def _at(image: npt.NDArray[Any], places: Image) -> Image:
    found = cv2.remap(image, places, cast(Any, None), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cast(Image, found)
