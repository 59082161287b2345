# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours of one drawing brought to those of another, the character and the background each on their own."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]

_LEAST_PIXELS = 64
_GAIN = (0.7, 1.4)
_MOST_SHIFT_LEVELS = 24.0
_RIDGE = 1e-4
_PLACES = 24
# The part of the anchor's variance that the other drawing must tell: below the first its colours are only shifted.
_TOLD = (0.5, 0.9)


def match_cells(picture: Image, own: Image, wanted: Image) -> Image:
    """The colours of a grid changed as its own drawing of the anchor would have to be to become the anchor's.

    Both show the same frame, so the change is known place by place: an affine map of the colours by least squares, held
    towards no change where the drawing has few colours. Places are coarse, since strokes never lie alike. Where two
    drawings have so little in common that one does not tell the other, colours are only shifted: a map between them
    would take away the contrast.

    Args:
        picture: float32 RGB (H, W, 3), 0..1, sRGB, a cell of the grid.
        own: float32 RGB (h, w, 3), the anchor as that grid drew it.
        wanted: float32 RGB (h, w, 3), the anchor as it shall be.
    """
    samples, target = _coarse(own), _coarse(wanted)
    change = target - samples
    terms = np.column_stack([samples, np.ones(len(samples))])
    ridge = np.diag([_RIDGE, _RIDGE, _RIDGE, 0]) * len(samples)
    solved = np.linalg.solve(terms.T @ terms + ridge, terms.T @ change)
    told = 1 - (change - terms @ solved).var(0).sum() / (target.var(0).sum() + _RIDGE)
    slope = solved[:3] * np.clip((told - _TOLD[0]) / (_TOLD[1] - _TOLD[0]), 0, 1)
    shift = change.mean(0) - samples.mean(0) @ slope
    changed = picture + picture.reshape(-1, 3).astype(np.float64).dot(slope).reshape(picture.shape) + shift
    return np.clip(changed, 0, 1).astype(np.float32)


def _coarse(picture: Image) -> npt.NDArray[np.float64]:
    """Colours of places, (N, 3): without the strokes."""
    size = max(1, min(picture.shape[:2]) // _PLACES)
    return cv2.blur(picture, (size, size)).reshape(-1, 3).astype(np.float64)


def match_statistics(
    picture: Image,
    matte: Image | None,
    anchor: Image,
    anchor_matte: Image | None,
    footage: tuple[Image, Image] | None = None,
) -> Image:
    """A key's colours with the mean and spread of the anchor's, in Lab, inside the matte and outside it.

    After Reinhard and others, "Color Transfer between Images", 2001; how far it may go is limited, because another pose
    shows other colours.

    Args:
        picture: float32 RGB (H, W, 3), 0..1, sRGB.
        matte: float32 (H, W), 0..1, the character; None where it is not told from the rest.
        anchor: float32 RGB (h, w, 3).
        anchor_matte: float32 (h, w), 0..1; None likewise.
        footage: The key and the anchor as they were shot, at the same sizes: what differs there may differ in the
            drawings, so that a light that goes out stays out. None where both should look the same.
    """
    if matte is None or anchor_matte is None:
        matte = np.ones(picture.shape[:2], np.float32)
        anchor_matte = np.ones(anchor.shape[:2], np.float32)
    lab, wanted = _lab(picture), _lab(anchor)
    shot = None if footage is None else (_lab(footage[0]), _lab(footage[1]))
    inner = _moved(lab, matte, wanted, anchor_matte, shot)
    outer = _moved(lab, 1 - matte, wanted, 1 - anchor_matte, shot)
    share = matte[..., None]
    mixed = np.ascontiguousarray(inner * share + outer * (1 - share), np.float32)
    return cast(Image, np.clip(cv2.cvtColor(mixed, cv2.COLOR_Lab2RGB), 0, 1))


def _moved(
    lab: Image, where: Image, wanted: Image, wanted_where: Image, shot: tuple[Image, Image] | None
) -> Image:
    here, there = where > 0.5, wanted_where > 0.5
    if here.sum() < _LEAST_PIXELS or there.sum() < _LEAST_PIXELS:
        return lab
    (mean, spread), (target, width) = _statistics(lab[here]), _statistics(wanted[there])
    if shot is not None:
        (own, own_spread), (other, other_spread) = _statistics(shot[0][here]), _statistics(shot[1][there])
        target, width = target + own - other, width * own_spread / other_spread
    shift = np.clip(target - mean, -_MOST_SHIFT_LEVELS, _MOST_SHIFT_LEVELS)
    return ((lab - mean) * np.clip(width / spread, *_GAIN) + mean + shift).astype(np.float32)


def _statistics(colours: Image) -> tuple[Image, Image]:
    """Mean and spread of each channel; half a level more, so that one flat colour divides nothing by 0."""
    return colours.mean(0), colours.std(0) + np.float32(0.5)


def _lab(picture: Image) -> Image:
    return cast(Image, cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2Lab))
