# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves by itself, found again where its map was lost: after it passed behind something, or as it turns.

There the frame's footage is looked for among the keys' figures, patch by patch. Frame by frame the search goes on from
the last frame's answer along the flow, which keeps it steady and short.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .flow import occluded
from .patches import MARGIN, Field, Synthesis, synthesise, vote_colours
from .warp import Flow, Image, Mask, look_up, positions, warp

Bytes = npt.NDArray[np.uint8]

_AGREEMENT = 0.25
_EXPLAINED = _MOSTLY_EXPLAINED = 0.5
_LOST = 0.5
_LOST_PIXELS = 1.5
_COLOUR, _DETAIL, _EDGES = np.float32(3.0), np.float32(3.0), np.float32(2.0)
_FINE_PIXELS, _COARSE_PIXELS, _RIM_PIXELS = 0.8, 6.0, 0.6
_FIRST = Synthesis(levels=2, passes=2, style=0.4, crowding=0.003, own=False)
_NEXT = Synthesis(levels=1, passes=1, style=0.4, crowding=0.003, own=False)
_LAST_SHARE = np.float32(0.3)


def guides(image8: Bytes) -> Image:
    """What a patch is recognised by, float32 (H, W, 8): colours, their detail, edges; of uint8 (H, W, 3) footage."""
    image = image8.astype(np.float32) / np.float32(255)
    fine = cv2.GaussianBlur(image, (0, 0), _FINE_PIXELS)
    detail = fine - cv2.GaussianBlur(image, (0, 0), _COARSE_PIXELS)
    grey = cv2.cvtColor(fine, cv2.COLOR_RGB2GRAY)
    edges = [cv2.Sobel(grey, -1, *axis, scale=0.25) * _EDGES for axis in ((1, 0), (0, 1))]
    return np.dstack([fine * _COLOUR, detail * _DETAIL, *edges])


def lost_since(lost: Image, to_last: Flow, from_last: Flow, free_last: Image) -> Image:
    """What of a frame a chain of flow from a key cannot have followed, float32 (H, W), 0..1.

    A pixel is lost where the step to the last frame is hidden or leaves what moves by itself, and stays lost from then.

    Args:
        lost: Of the last frame, float32 (H, W); 0 in the key.
        to_last: float32 (H, W, 2), pixels, frame → the last one, nearer the key.
        from_last: The flow back.
        free_last: What moves by itself in the last frame, float32 (H, W), 0..1.
    """
    broken = occluded(to_last, from_last) | (warp((free_last > 0.5).astype(np.float32), to_last) < 0.5)
    return np.maximum(broken, warp(lost, to_last)).astype(np.float32)


def wanted(agreement: Image, lost: list[Image], explained: Image | None, free: Image) -> Mask:
    """Where what moves by itself is to be found again, bool (H, W).

    Only where every key's chain was interrupted, no map agrees with the footage and the look does not explain the
    paint: over a map that holds, patches do harm.

    Args:
        agreement: float32 (H, W), 0..1, how well the best of all maps agrees with the footage.
        lost: Of each key's chain, as `lost_since` gives it.
        explained: float32 (H, W), 0..1, how much of the paint the look explains; None without a look.
        free: float32 (H, W), 0..1, what moves by itself.
    """
    need = (cv2.GaussianBlur(agreement, (0, 0), 1.0) < _AGREEMENT) & (free >= 0.5)
    for chain in lost:
        need &= cv2.GaussianBlur(chain, (0, 0), _LOST_PIXELS) > _LOST
    if explained is not None:
        # In flat paint there is little to explain: what the look explains of all the rest then speaks for it.
        need &= (explained < _EXPLAINED) & (float(explained.mean()) < _MOSTLY_EXPLAINED)
    kernel = np.ones((MARGIN + 1, MARGIN + 1), np.uint8)
    return cast(Mask, cv2.morphologyEx(need.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0)


class FreeFill:
    """Paints what moves by itself where no map finds it.

    Frames come one after the other, away from a key or from the earlier key to the later.

    Args:
        footage8: Of the keys, uint8 (H, W, 3) each.
        painted: The same keys painted, float32 (H', W', C), 0..1.
        free: What moves by itself in them, float32 (H, W), 0..1.
    """

    def __init__(self, footage8: list[Bytes], painted: list[Image], free: list[Image]) -> None:
        height, width = footage8[0].shape[:2]
        self._guides = np.vstack([guides(image8) for image8 in footage8])
        self._whole = np.vstack(painted)
        self._paint = np.vstack([_resized(paint, (width, height)) for paint in painted])
        self._allowed = np.vstack([matte > 0.5 for matte in free])
        self._last: tuple[Field, Mask, Image] | None = None

    def frame(self, picture: Image, image8: Bytes, need: Mask, to_last: Flow | None) -> Image:
        """The picture, float32 (H', W', C), painted where it has to be.

        Args:
            picture: Of the frame, as the maps give it, float32 (H', W', C).
            image8: Its footage, uint8 (H, W, 3).
            need: bool (H, W), as `wanted` gives it.
            to_last: float32 (H, W, 2), pixels, frame → the frame of the last call; None where there was none.
        """
        if not need.any() or not self._allowed.any():
            self._last = None
            return picture
        known = _resized(picture, need.shape[::-1])
        start, guess, held = self._carried(known, to_last, need)
        settings = _FIRST if start is None else _NEXT
        colour, field = synthesise(
            guides(image8), self._guides, self._paint, guess, need, self._allowed, start, settings
        )
        if held is not None:
            colour = np.where(held[..., None], colour + (guess - colour) * _LAST_SHARE, colour)
        self._last = field, need, colour
        return self._over(picture, colour, field, need)

    def _carried(self, picture: Image, to_last: Flow | None, need: Mask) -> tuple[Field | None, Image, Mask | None]:
        """The last answer along the flow: field, paint, and where there is one."""
        if self._last is None or to_last is None:
            return None, picture, None
        field, filled, colour = self._last
        at = positions(*need.shape) + to_last
        x, y = (at[..., axis].round().astype(np.int32) for axis in (0, 1))
        within = (x >= 0) & (y >= 0) & (x < need.shape[1]) & (y < need.shape[0])
        x, y = x.clip(0, need.shape[1] - 1), y.clip(0, need.shape[0] - 1)
        held = within & filled[y, x]
        start = np.where(held[..., None], field[y, x], np.int32(-1))
        before = np.clip(look_up(colour, at, "lanczos"), 0, 1)
        held &= need
        return start, np.where(held[..., None], before, picture).astype(np.float32), held

    def _over(self, picture: Image, colour: Image, field: Field, need: Mask) -> Image:
        """What was made, over the picture, at the picture's size."""
        height, width = picture.shape[:2]
        if (height, width) != need.shape:
            colour = vote_colours(self._whole, field, need, self._guides.shape[:2], (height, width))
        soft = np.where(need, cv2.GaussianBlur(need.astype(np.float32), (0, 0), _RIM_PIXELS), np.float32(0))
        share = _resized(soft, (width, height))[..., None]
        return cast(Image, picture + (colour - picture) * share)


def _resized(image: Image, size: tuple[int, ...]) -> Image:
    if image.shape[1::-1] == tuple(size):
        return image
    shrinks = size[0] < image.shape[1]
    return cast(Image, cv2.resize(image, tuple(size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))
