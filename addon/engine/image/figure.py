# SPDX-License-Identifier: GPL-3.0-or-later
"""Relief of one person in one frame: torso from the bones, arms before it, modelled hands and face."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from .body import Body
from .relief import capsule, raise_to, weighted_base

Image = npt.NDArray[np.float32]
Array = npt.NDArray[np.float32]

_BASE_METRES = 0.13
_BASE_BONES = (
    (11, 12), (11, 23), (12, 24), (23, 24), (23, 25), (24, 26), (25, 27), (26, 28), (27, 31), (28, 32),
)
_SAMPLES = np.linspace(0, 1, 5, dtype=np.float32)
_ARMS = (((11, 13), (0.085, 0.070)), ((13, 15), (0.070, 0.052)), ((12, 14), (0.085, 0.070)), ((14, 16), (0.070, 0.052)))
_WRISTS = (15, 16)
_FINGERS = tuple((0 if joint % 4 == 1 else joint - 1, joint) for joint in range(1, 21))
_PALM = (0, 1, 5, 9, 13, 17)
_FINGER_METRES = (0.011, 0.009)
_LIMIT_METRES = 0.08
_SEEN = 0.4


def torso_base(body: Body, at: int, shape: tuple[int, int], scale: float) -> tuple[Image, Image]:
    """Smooth surface through the bones of torso, legs and head, and how near they are (log of weight).

    Args:
        body: The person.
        at: Frame from 0.
        shape: (H, W) of the working grid.
        scale: Of the working grid to the footage.
    """
    points = np.concatenate([body.places[at] * scale, body.heights[at][:, None]], 1)
    samples, weights = [], []
    for start, end in _BASE_BONES:
        share = float(min(body.visibility[at, start], body.visibility[at, end]))
        if share > 0.2:
            samples.append(points[start] + _SAMPLES[:, None] * (points[end] - points[start]))
            weights.append(np.full(len(_SAMPLES), share, np.float32))
    for ear in (7, 8):
        samples.append(points[ear][None])
        weights.append(np.full(1, 2.0 * float(max(body.visibility[at, ear], 0.05)), np.float32))
    samples.append(_spine(points))
    weights.append(np.ones(3, np.float32))
    every, shares = np.concatenate(samples), np.concatenate(weights)
    good = np.isfinite(every).all(1)
    sigma = _BASE_METRES * body.pixels_per_metre * scale
    return weighted_base(shape, every[good, :2], every[good, 2], shares[good], sigma)


def _spine(points: Array) -> Array:
    neck, hip = points[[11, 12]].mean(0), points[[23, 24]].mean(0)
    return neck + np.array([0.25, 0.5, 0.75], np.float32)[:, None] * (hip - neck)


def add_arms(relief: Image, body: Body, at: int, scale: float) -> None:
    """Lift the arms that lie before the body, in place."""
    ratio = body.pixels_per_metre * scale
    for (start, end), radii in _ARMS:
        if min(body.visibility[at, start], body.visibility[at, end]) < _SEEN:
            continue
        joints = [_joint(body, at, joint, scale) for joint in (start, end)]
        if not np.isfinite(joints).all():
            continue
        rows, columns, height, cover = capsule(relief.shape, joints[0], joints[1], radii, ratio)
        raise_to(relief, (rows, columns), height, cover, _LIMIT_METRES)


def _joint(body: Body, at: int, joint: int, scale: float) -> Array:
    return np.array([*(body.places[at, joint] * scale), body.heights[at, joint]], np.float32)


def add_hands(relief: Image, body: Body, at: int, scale: float) -> None:
    """Lift the hands: a palm and fingers before what is behind them, in place."""
    for side, wrist in enumerate(_WRISTS):
        amount = float(body.hand_amount[at, side])
        points = body.hands[at, side].copy()
        if amount < 0.02 or not np.isfinite(points).all():
            continue
        points[:, :2] *= np.float32(scale)
        height = body.heights[at, wrist]
        points[:, 2] += height if np.isfinite(height) else 0
        _add_hand(relief, points, amount)


def _add_hand(relief: Image, points: Array, amount: float) -> None:
    # A hand's own scale: the middle knuckle is about 9 cm from the wrist.
    ratio = max(float(np.hypot(*(points[9, :2] - points[0, :2]))) / 0.09, 1.0)
    behind = _behind(relief, points)
    points[:, 2] = behind + np.clip(points[:, 2] - behind, 0.0, 0.12)
    hull = cv2.convexHull(points[list(_PALM), :2].astype(np.float32)).astype(np.int32)
    palm = np.zeros(relief.shape, np.uint8)
    cv2.fillConvexPoly(palm, hull, 1)
    lift = float(points[list(_PALM), 2].mean()) + 0.012
    soft = cast(Image, cv2.GaussianBlur(palm.astype(np.float32), (0, 0), max(0.6, 0.008 * ratio)))
    whole = (slice(0, relief.shape[0]), slice(0, relief.shape[1]))
    raise_to(relief, whole, np.full_like(relief, lift), soft * np.float32(amount), _LIMIT_METRES)
    for start, end in _FINGERS:
        rows, columns, height, cover = capsule(relief.shape, points[start], points[end], _FINGER_METRES, ratio)
        raise_to(relief, (rows, columns), height, cover * np.float32(amount), _LIMIT_METRES / 2)


def _behind(relief: Image, points: Array) -> float:
    x = np.clip(np.rint(points[:, 0]), 0, relief.shape[1] - 1).astype(int)
    y = np.clip(np.rint(points[:, 1]), 0, relief.shape[0] - 1).astype(int)
    return float(np.median(relief[y, x]))


def add_face(relief: Image, body: Body, at: int, scale: float) -> None:
    """Set the face's own shape into the head, its rim on the head's surface, in place."""
    amount = float(body.face_amount[at])
    points = body.face[at].copy()
    if amount < 0.02 or not np.isfinite(points).all():
        return
    points[:, :2] *= np.float32(scale)
    hull = cv2.convexHull(points[:, :2].astype(np.float32))[:, 0]
    left, top = np.floor(hull.min(0)).astype(int) - 2
    right, bottom = np.ceil(hull.max(0)).astype(int) + 3
    rows = slice(max(0, int(top)), min(relief.shape[0], int(bottom)))
    columns = slice(max(0, int(left)), min(relief.shape[1], int(right)))
    if rows.stop - rows.start < 6 or columns.stop - columns.start < 6:
        return
    shape, cover = _face_surface(points, hull, rows, columns)
    rim = cover < 0.35
    inside = cover > 0.02
    if not (rim & inside).any():
        return
    present = relief[rows, columns]
    shift = float(np.median(present[rim & inside] - shape[rim & inside]))
    relief[rows, columns] = present + (shape + np.float32(shift) - present) * cover * np.float32(amount)


def _face_surface(points: Array, hull: Array, rows: slice, columns: slice) -> tuple[Image, Image]:
    """Heights of the mesh on the window's pixels, and its feathered cover."""
    size = float(np.ptp(hull[:, 1])) + 1e-3
    shape = (rows.stop - rows.start, columns.stop - columns.start)
    total = np.zeros(shape, np.float32)
    weight = np.zeros(shape, np.float32)
    x = np.clip(np.rint(points[:, 0]).astype(int) - columns.start, 0, shape[1] - 1)
    y = np.clip(np.rint(points[:, 1]).astype(int) - rows.start, 0, shape[0] - 1)
    np.add.at(total, (y, x), points[:, 2])
    np.add.at(weight, (y, x), np.float32(1))
    sigma = max(0.8, 0.028 * size)
    surface = cv2.GaussianBlur(total, (0, 0), sigma) / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6)
    mask = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(mask, np.rint(hull - (columns.start, rows.start)).astype(np.int32), 1)
    distance = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    cover = np.clip(distance / np.float32(max(1.5, 0.14 * size)), 0, 1)
    return surface.astype(np.float32), (cover * cover * (3 - 2 * cover)).astype(np.float32)
