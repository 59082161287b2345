# SPDX-License-Identifier: GPL-3.0-or-later
"""Values extended from where they are known to everywhere else."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def fill(values: Array, known: npt.NDArray[np.bool_], reduction: int = 1) -> Array:
    """Fill what is unknown smoothly from what is known around it; known values stay exactly as they are.

    A pyramid of weighted means: each level down averages what is known, each level up fills the gaps of the finer
    one (push-pull: Gortler et al., "The Lumigraph", 1996).

    Args:
        values: float32 (H, W) or (H, W, C), C up to 4.
        known: bool (H, W).
        reduction: The filled part is made from every so manieth pixel only: quicker, for smooth values.

    Returns:
        As `values`; zeros where nothing is known at all.
    """
    if known.all():
        return values.copy()
    height, width = known.shape
    picked = (slice(reduction // 2, None, reduction),) * 2
    weight = known[picked].astype(np.float32)
    filled = _filled(cast(Array, values[picked] * _matching(weight, values)), weight)
    filled = cast(Array, cv2.resize(filled, (width, height), interpolation=cv2.INTER_LINEAR))
    np.copyto(filled, values, where=_matching(known, values))
    return filled


def _filled(weighted: Array, weight: Array) -> Array:
    height, width = weight.shape
    size = ((width + 1) // 2, (height + 1) // 2)
    if size == (width, height):
        return _divided(weighted, weight)
    coarse = _filled(*_trusted(*_smaller(weighted, weight, size)))
    up = cast(Array, cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))
    return cast(Array, weighted + up * _matching(1 - weight, up))


def _smaller(weighted: Array, weight: Array, size: tuple[int, int]) -> tuple[Array, Array]:
    smaller = (cv2.resize(layer, size, interpolation=cv2.INTER_AREA) for layer in (weighted, weight))
    return cast(tuple[Array, Array], tuple(smaller))


def _trusted(weighted: Array, weight: Array) -> tuple[Array, Array]:
    # A quarter of a cell is known: what it says counts in full, or still coarser levels would wash it out.
    trust = np.minimum(np.float32(1), weight * 4)
    return _divided(weighted, weight) * _matching(trust, weighted), trust


def _divided(weighted: Array, weight: Array) -> Array:
    return cast(Array, weighted / _matching(np.maximum(weight, np.float32(1e-6)), weighted))


def _matching(weight: npt.NDArray[Any], values: Array) -> npt.NDArray[Any]:
    return weight if values.ndim == 2 else weight[..., None]
