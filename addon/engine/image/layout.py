# SPDX-License-Identifier: GPL-3.0-or-later
"""What is where in a frame as far as it is sure without a network: person, floor, plain wall, clear sky.

Nothing is guessed. The person is the matte. A floor is told where feet are seen standing on it: it has the colours
beside the feet and ends at the long level edge above them, if there is one. A wall is told where a large place is
plain. A sky is told where it is blue, plain, lighter downwards, at the upper edge, and no corner of a room is seen.
"""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .contours import lab_of, pieces

Image8 = npt.NDArray[np.uint8]
Grey = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

NOTHING, PERSON, FLOOR, WALL, SKY = range(5)

_LONG_SIDE = 384
_FLOOR_NEAR, _FLOOR_DEVIATION = 12.0, (7.0, 4.0, 4.0)
_LEAST_SEEDS, _LEAST_FLOOR, _LEAST_PLAIN = 30, 0.015, 0.06
_CORNER_STEP, _CORNER_SHARE, _CORNER_ROWS = 3.0, 0.4, 5
_PLAIN_STEP = 1.6
_HOLE_PIXELS = 11


def find_layout(image8: Image8, matte: Grey, feet: list[tuple[float, float]], body_pixels: float) -> Image8:
    """What each pixel is: uint8 (H, W), one of NOTHING, PERSON, FLOOR, WALL, SKY.

    Args:
        image8: The footage, uint8 RGB (H, W, 3).
        matte: float32 (H, W), 0..1, the character.
        feet: x and y of soles that are seen on the ground, pixels.
        body_pixels: Height of whoever stands there; of no matter without feet.
    """
    height, width = matte.shape
    scale = min(1.0, _LONG_SIDE / max(height, width))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    lab = lab_of(cast(Image8, cv2.medianBlur(cv2.resize(image8, size, interpolation=cv2.INTER_AREA), 5)))
    person = cv2.resize(matte, size, interpolation=cv2.INTER_AREA) > 0.05
    places = [(x * scale, y * scale) for x, y in feet]
    corner = _corner(lab, person, places, body_pixels * scale)
    floor = _floor(lab, person, places, body_pixels * scale, corner)
    small = np.full(person.shape, NOTHING, np.uint8)
    _tell_plain(small, lab, person | floor, is_indoors=corner > 0 and bool(floor.any()))
    small[floor] = FLOOR
    _fill_holes(small, person)
    made = _enlarged(small, (width, height))
    made[matte > 0.5] = PERSON
    return made


def _corner(lab: Grey, person: Mask, feet: list[tuple[float, float]], body: float) -> int:
    """Row of the long level edge where floor and wall meet, above the feet; 0 where none is seen."""
    if not feet:
        return 0
    foot = min(round(min(y for _, y in feet)), lab.shape[0] - 1)
    top = max(1, round(foot - 0.7 * body))
    steps = np.abs(cv2.Sobel(cv2.GaussianBlur(lab, (0, 0), 1.0), -1, 0, 1, scale=0.25)).max(-1)
    # An edge that leans a little still counts as one row.
    there = cv2.dilate((steps > _CORNER_STEP).astype(np.uint8), np.ones((_CORNER_ROWS, 1), np.uint8)) > 0
    free = ~person
    share = (there & free).sum(axis=1) / np.maximum(free.sum(axis=1), 1)
    rows = share[top : foot - 1]
    if not rows.size or rows.max() < _CORNER_SHARE:
        return 0
    # The lowest of them: what is above may be a panel of the wall.
    above = np.flatnonzero(rows >= max(_CORNER_SHARE, 0.8 * float(rows.max())))
    return top + int(above[-1])


def _floor(lab: Grey, person: Mask, feet: list[tuple[float, float]], body: float, corner: int) -> Mask:
    height, width = person.shape
    rows, columns = np.mgrid[:height, :width]
    seeds = np.zeros(person.shape, np.bool_)
    for x, y in feet:
        seeds |= (np.abs(columns - x) < 0.25 * body) & (rows > y - 0.02 * body) & (rows < y + 0.12 * body)
    seeds &= ~person
    if seeds.sum() < _LEAST_SEEDS:
        return np.zeros(person.shape, np.bool_)
    colours = lab[seeds]
    middle = np.median(colours, axis=0)
    spread = np.maximum(np.median(np.abs(colours - middle), axis=0) * 1.5, _FLOOR_DEVIATION)
    apart = np.square((lab - middle) / spread).sum(-1)
    alike = (apart < _FLOOR_NEAR) & ~person
    alike[: corner or max(0, round(min(y for _, y in feet) - 0.35 * body))] = False
    kernel = np.ones((5, 5), np.uint8)
    joined = cv2.morphologyEx(alike.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    labels, boxes = pieces(joined)
    # The figure parts a floor in two: every large piece at the feet's height or below belongs to it.
    is_kept = boxes[:, cv2.CC_STAT_AREA] >= 0.004 * person.size
    is_kept[np.unique(labels[seeds & (joined > 0)])] = True
    is_kept[0] = False
    found = is_kept[labels] & ~person
    return found if found.sum() >= _LEAST_FLOOR * person.size else np.zeros_like(found)


def _tell_plain(small: Image8, lab: Grey, taken: Mask, is_indoors: bool) -> None:
    """Mark large plain places as wall or sky; what could be either is left alone."""
    across, down = (cv2.Sobel(lab, -1, *axis, scale=0.25) for axis in ((1, 0), (0, 1)))
    steep = np.sqrt((across * across + down * down).sum(-1))
    # The outline of what is known already is no roughness of what is behind.
    counts = cv2.erode((~taken).astype(np.uint8), np.ones((9, 9), np.uint8)).astype(np.float32)
    weight = cv2.GaussianBlur(counts, (0, 0), 2.5)
    rough = cv2.GaussianBlur(steep * counts, (0, 0), 2.5) / np.maximum(weight, np.float32(1e-3))
    lowest = np.flatnonzero((small == FLOOR).any(axis=1))
    plain = ((rough < _PLAIN_STEP) & ~taken).astype(np.uint8)
    if lowest.size:
        plain[lowest[0] :] = 0
    labels, boxes = pieces(plain)
    for number in range(1, len(boxes)):
        if boxes[number, cv2.CC_STAT_AREA] < _LEAST_PLAIN * plain.size:
            continue
        place = labels == number
        small[place] = _plain_kind(lab, place, is_indoors)


def _plain_kind(lab: Grey, place: Mask, is_indoors: bool) -> int:
    lightness, green_red, blue_yellow = np.median(lab[place], axis=0)
    rows = np.nonzero(place)[0]
    is_up = place[0].mean() > 0.3
    if is_indoors or not is_up:
        return WALL
    is_blue = lightness > 55 and blue_yellow < -10 and -20 < green_red < 4
    if is_blue and np.ptp(rows) > 4 and np.corrcoef(rows, lab[place][:, 0])[0, 1] > 0.3:
        return SKY
    # Blue or white and at the upper edge: a wall, or a sky.
    could_be_sky = is_blue or (lightness > 85 and np.hypot(green_red, blue_yellow) < 10)
    return NOTHING if could_be_sky else WALL


def _fill_holes(small: Image8, person: Mask) -> None:
    """Specks of nothing inside a place belong to it."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_HOLE_PIXELS, _HOLE_PIXELS))
    for kind in (FLOOR, WALL, SKY):
        whole = cv2.morphologyEx(((small == kind) | person).astype(np.uint8), cv2.MORPH_CLOSE, disc) > 0
        small[whole & (small == NOTHING) & ~person & (cv2.dilate((small == kind).astype(np.uint8), disc) > 0)] = kind


def _enlarged(small: Image8, size: tuple[int, int]) -> Image8:
    """Classes with smooth outlines, of width and height `size`."""
    best = np.full(size[::-1], 0.5, np.float32)
    made = np.full(size[::-1], NOTHING, np.uint8)
    for kind in (FLOOR, WALL, SKY):
        if (small == kind).any():
            soft = cv2.GaussianBlur((small == kind).astype(np.float32), (0, 0), 1.5)
            share = cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR)
            made[share > best] = kind
            best = np.maximum(best, share)
    return made
