# SPDX-License-Identifier: GPL-3.0-or-later
"""Paint for what no key shows: patches of a key, found by what the footage looks like and by what fits beside them.

Patch synthesis after Image Analogies and StyLit, the search after PatchMatch, coarse to fine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from . import patch_kernels

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Field = npt.NDArray[np.int32]
"""(H, W, 2), column and row of the source for each pixel of the target."""

MARGIN = patch_kernels.RADIUS
"""What a patch reaches beyond its middle, pixels."""
# How much more a patch counts that fits, when colours are made.
_FITNESS = 20.0


@dataclass(frozen=True)
class Synthesis:
    """How patches are sought.

    Attributes:
        levels: Sizes worked at, each half the next.
        passes: At each size, how often patches are sought and colours made of them.
        rounds: In each pass, how often the picture is gone through.
        style: Weight of the paint already there beside the guides'.
        crowding: Cost of using a patch of the source once more.
        own: Whether the last colours are each pixel's own patch's centre, crisp, instead of the mean of all patches.
    """

    levels: int = 3
    passes: int = 3
    rounds: int = 3
    style: float = 1.0
    crowding: float = 0.01
    own: bool = True


def synthesise(
    guide_target: Floats,
    guide_source: Floats,
    paint_source: Floats,
    known_colour: Floats,
    need: Mask,
    allowed: Mask,
    start: Field | None = None,
    settings: Synthesis | None = None,
    known: Mask | None = None,
    seed: int = 1,
) -> tuple[Floats, Field]:
    """Paint where it is needed, from patches whose guides and whose paint beside it agree.

    Args:
        guide_target: float32 (H, W, G), what the picture looks like; channels weighted as they are to count, where a
            difference of 1 is a great one.
        guide_source: float32 (h, w, G), the same of the key; several keys may lie one below the other.
        paint_source: float32 (h, w, C), the key's paint, 0..1.
        known_colour: float32 (H, W, C), paint where none is needed; with `start`, a first guess where it is.
        need: bool (H, W), where paint is to be made.
        allowed: bool (h, w), which pixels of the source may be taken.
        start: int32 (H, W, 2), where to begin, -1 for anywhere; None for anywhere at all.
        settings: How patches are sought.
        known: bool (H, W), where `known_colour` is paint; everywhere but at `need` when None.
        seed: Of the random search.

    Returns:
        float32 (H, W, C): `known_colour`, with the paint made; int32 (H, W, 2): where in the source each pixel's patch
        lies, 0 where none is needed. Where nothing may be taken, `known_colour` comes back.
    """
    settings = settings or Synthesis()
    told = ~need if known is None else known & ~need
    whole = _Pictures(guide_target, guide_source, paint_source, known_colour, need, told, allowed)
    colour, field = known_colour.astype(np.float32), np.zeros((*need.shape, 2), np.int32)
    if not need.any() or not _centres(allowed).any():
        return colour, field
    made = start
    for level in reversed(range(settings.levels)):
        pictures = whole.smaller(2**level)
        if _centres(pictures.allowed).any():
            begun = None if made is None else _reduced(made, 2**level, pictures.need.shape)
            own = settings.own and level == 0
            small, found = _worked(pictures, smaller(colour, 2**level), begun, settings, own, seed + level)
            colour, made = _enlarged(small, found, need.shape, 2**level)
    if made is not None:
        field[need] = made[need]
    return np.where(need[..., None], colour, known_colour).astype(np.float32), field


@dataclass(frozen=True)
class _Pictures:
    """What `synthesise` is given."""

    target: Floats
    source: Floats
    paint: Floats
    colour: Floats
    need: Mask
    told: Mask
    allowed: Mask

    def smaller(self, scale: int) -> _Pictures:
        """The same at 1 / scale of the size."""
        if scale == 1:
            return self
        need, told, allowed = (smaller(mask.astype(np.float32), scale) for mask in (self.need, self.told, self.allowed))
        colour = smaller(self.colour * self.told[..., None], scale) / np.maximum(told, np.float32(1e-6))[..., None]
        guides = smaller(self.target, scale), smaller(self.source, scale)
        paint = smaller(self.paint, scale)
        return _Pictures(*guides, paint, cast(Floats, colour), need > 0, (told > 0) & (need == 0), allowed > 0.5)


def _worked(
    pictures: _Pictures, guess: Floats, begun: Field | None, settings: Synthesis, own: bool, seed: int
) -> tuple[Floats, Field]:
    """Colours and field at one size, from a guess of both; `begun` None where there is no guess."""
    box = _box(pictures.need)
    need = np.ascontiguousarray(pictures.need[box])
    known = np.ascontiguousarray(pictures.told[box])
    usable = _centres(pictures.allowed)
    style, guides = np.float32(settings.style), pictures.target.shape[2]
    source = np.dstack([pictures.source, pictures.paint * style])
    painted = np.where(pictures.need[..., None], guess, pictures.colour)[box].astype(np.float32)
    field = np.ascontiguousarray(_valid(begun, usable, pictures.need.shape, seed)[box])
    costs = np.zeros(need.shape, np.float32)
    told = known if begun is None else known | need
    reach = max(usable.shape) if begun is None else max(4, max(usable.shape) // 8)
    for turn in range(settings.passes):
        target = np.dstack([pictures.target[box], painted * style])
        search = usable, need, np.float32(settings.crowding), field, costs, settings.rounds, reach, seed * 16 + turn
        patch_kernels.match(target, source, guides, told, *search)
        radius = 0 if own and turn == settings.passes - 1 else MARGIN
        patch_kernels.vote(pictures.paint, field, costs, need, radius, _FITNESS, painted)
        told = known | need
    colour, found = pictures.colour.copy(), np.zeros((*pictures.need.shape, 2), np.int32)
    colour[box], found[box] = painted, field
    return colour, found


def _valid(begun: Field | None, usable: Mask, shape: tuple[int, ...], seed: int) -> Field:
    """A patch that may be used for each pixel: the one begun with, else any."""
    rows, columns = np.nonzero(usable)
    picks = np.random.default_rng(seed).integers(0, len(rows), shape)
    anywhere = np.dstack([columns[picks], rows[picks]]).astype(np.int32)
    if begun is None:
        return anywhere
    height, width = usable.shape
    x, y = begun[..., 0].clip(0, width - 1), begun[..., 1].clip(0, height - 1)
    # Beginning outside means anywhere; the rim is never usable, so clipping keeps that.
    return np.where(usable[y, x][..., None], begun, anywhere)


def smaller(image: Floats, scale: int) -> Floats:
    """An image at 1 / scale of its size, each pixel the mean of a square; the last row and column may be repeated."""
    if scale == 1:
        return np.ascontiguousarray(image, np.float32)
    height, width = image.shape[:2]
    rest = ((0, 0),) * (image.ndim - 2)
    padded = np.pad(image, ((0, -height % scale), (0, -width % scale), *rest), mode="edge")
    rows, columns = padded.shape[0] // scale, padded.shape[1] // scale
    shape = (rows, scale, columns, scale, *padded.shape[2:])
    return padded.reshape(shape).mean((1, 3), dtype=np.float32)


def _reduced(field: Field, scale: int, shape: tuple[int, ...]) -> Field:
    """A field at 1 / scale of its size."""
    return np.ascontiguousarray(field[::scale, ::scale][: shape[0], : shape[1]] // scale)


def _enlarged(picture: Floats, field: Field, full: tuple[int, ...], scale: int) -> tuple[Floats, Field]:
    """Colours and field of a smaller size at full size."""
    if scale == 1:
        return picture, field
    height, width = full[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.int32)
    there = field[rows // scale, columns // scale] * scale + np.dstack([columns % scale, rows % scale])
    grown = cv2.resize(picture, (picture.shape[1] * scale, picture.shape[0] * scale), interpolation=cv2.INTER_LINEAR)
    return cast(Floats, grown[:height, :width]), there.astype(np.int32)


def _centres(allowed: Mask) -> Mask:
    """Centres of whole patches."""
    inner = np.zeros_like(allowed)
    inner[MARGIN:-MARGIN, MARGIN:-MARGIN] = allowed[MARGIN:-MARGIN, MARGIN:-MARGIN]
    return inner


def _box(need: Mask) -> tuple[slice, slice]:
    """Rows and columns that hold what is needed, and a patch around it."""
    left, top, width, height = cv2.boundingRect(need.astype(np.uint8))
    return (
        slice(max(0, top - MARGIN), top + height + MARGIN),
        slice(max(0, left - MARGIN), left + width + MARGIN),
    )


def vote_colours(
    paint_source: Floats, field: Field, need: Mask, source_size: tuple[int, ...], size: tuple[int, int]
) -> Floats:
    """The colours of a field at another size.

    Args:
        paint_source: float32 (h', w', C), the paint at that size.
        field: int32 (H, W, 2), as `synthesise` gives it.
        need: bool (H, W), where it holds.
        source_size: h, w, of the source it was made with.
        size: H', W', of the picture wanted.

    Returns:
        float32 (H', W', C), 0 where nothing was needed.
    """
    (height, width), (rows, columns) = need.shape, size
    ratio_y, ratio_x = paint_source.shape[0] / source_size[0], paint_source.shape[1] / source_size[1]
    y, x = np.mgrid[0:rows, 0:columns]
    row, column = y * height / rows, x * width / columns
    low_y, low_x = row.astype(np.int32), column.astype(np.int32)
    at = field[low_y, low_x]
    u = ((at[..., 0] + column - low_x) * ratio_x).round().clip(MARGIN, paint_source.shape[1] - 1 - MARGIN)
    v = ((at[..., 1] + row - low_y) * ratio_y).round().clip(MARGIN, paint_source.shape[0] - 1 - MARGIN)
    wanted = np.ascontiguousarray(need[low_y, low_x])
    colour = np.zeros((rows, columns, paint_source.shape[2]), np.float32)
    places, flat = np.dstack([u, v]).astype(np.int32), np.zeros(wanted.shape, np.float32)
    patch_kernels.vote(np.ascontiguousarray(paint_source), places, flat, wanted, MARGIN, _FITNESS, colour)
    return colour
