# SPDX-License-Identifier: GPL-3.0-or-later
"""Paint for what no map finds in a key: the frame's own footage in the colours the key gives to such colours."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .warp import Flow, Image, warp

_BINS = 12
# The wider averages are for colours the key does not have: they count only where nothing nearer does.
_SPREADS = ((0.6, 1.0), (1.5, 1e-3), (4.0, 1e-6))
_LEAST_LOST = np.float32(0.1)
_FULLY_LOST = np.float32(0.25)


class Recolouring:
    """What a key makes of each colour of its figure's footage: a table of colours.

    Args:
        footage8: uint8 RGB (H, W, 3), the key's own frame.
        painted: float32 (H, W, 3), sRGB 0..1, the key's paint at that size.
        matte: float32 (H, W), 0..1, of that frame.
    """

    def __init__(self, footage8: npt.NDArray[np.uint8], painted: Image, matte: Image) -> None:
        self._footage8 = footage8
        where = matte > 0.9
        if not where.any():
            where = np.ones_like(where)
        at = np.rint(footage8[where].astype(np.float32) * np.float32((_BINS - 1) / 255)).astype(np.int64)
        index = (at[:, 0] * _BINS + at[:, 1]) * _BINS + at[:, 2]
        paint = painted[where]
        sums = [np.bincount(index, weight, _BINS**3) for weight in (*paint.T, np.ones(len(index)))]
        table = np.stack(sums, -1).astype(np.float32).reshape(_BINS, _BINS, _BINS, 4)
        spread = cast(Image, sum(_spread(table, sigma) * np.float32(share) for sigma, share in _SPREADS))
        self._table = (spread[..., :3] / np.maximum(spread[..., 3:], np.float32(1e-20))).reshape(-1, 3)

    def lost(self, frame8: npt.NDArray[np.uint8], flow: Flow) -> Image:
        """Where a map shows something else than the frame does: float32 (H, W), 0..1.

        Args:
            frame8: uint8 RGB (H, W, 3), the frame's footage.
            flow: float32 (H, W, 2), pixels, frame → key.
        """
        unlike = cv2.absdiff(frame8, cast(npt.NDArray[np.uint8], warp(self._footage8, flow))).max(-1)
        near = cv2.blur(unlike.astype(np.float32) * np.float32(1 / 255), (5, 5))
        share = np.clip((near - _LEAST_LOST) / (_FULLY_LOST - _LEAST_LOST), 0, 1)
        return cast(Image, cv2.GaussianBlur(share.astype(np.float32), (0, 0), 1.5))

    def painted(self, frame8: npt.NDArray[np.uint8]) -> Image:
        """The frame in the key's colours, float32 (H, W, 3), sRGB 0..1."""
        smooth = cv2.bilateralFilter(frame8, 5, 24, 3)
        at = smooth.reshape(-1, 3).astype(np.float32) * np.float32((_BINS - 1) / 255)
        low = np.minimum(at.astype(np.int64), _BINS - 2)
        part = at - low
        colour = np.zeros_like(at)
        for corner in np.ndindex(2, 2, 2):
            here = low + np.array(corner)
            share = np.where(np.array(corner), part, 1 - part).prod(1, dtype=np.float32)
            colour += self._table[(here[:, 0] * _BINS + here[:, 1]) * _BINS + here[:, 2]] * share[:, None]
        return colour.reshape(frame8.shape)


def _spread(table: Image, sigma: float) -> Image:
    """A table averaged along its three axes."""
    offsets = np.arange(_BINS, dtype=np.float32)
    weights = np.exp(-np.square(offsets[:, None] - offsets[None, :]) / np.float32(2 * sigma * sigma))
    return np.einsum("ai,bj,ck,ijkl->abcl", weights, weights, weights, table, optimize=True).astype(np.float32)
