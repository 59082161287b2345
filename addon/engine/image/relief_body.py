# SPDX-License-Identifier: GPL-3.0-or-later
"""Relief of one person: torso, arms and hands from landmarks. Heights in metres towards the camera."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from .relief import Float, weighted_field
from .relief_face import FaceRelief, with_face

Points = npt.NDArray[np.float64]

_BASE_SIGMA_METRES = 0.13
_LIMIT_METRES = 0.08
_OUTSIDE_METRES = 0.2
_NECK_METRES = 0.1
_BONES = ((11, 12), (11, 23), (12, 24), (23, 24), (23, 25), (25, 27), (24, 26), (26, 28), (27, 31), (28, 32))
_EARS = (7, 8)
_ALONG = np.linspace(0, 1, 5)
# (from, to, radius at from, radius at to) in metres: sleeves included.
_ARMS = ((11, 13, 0.085, 0.072), (13, 15, 0.072, 0.052), (12, 14, 0.085, 0.072), (14, 16, 0.072, 0.052))
_FINGERS = tuple((base + k, base + k + 1) for base in (1, 5, 9, 13, 17) for k in range(3))
_PALM = ((0, 1), (0, 5), (0, 9), (0, 13), (0, 17), (5, 9), (9, 13), (13, 17))
_FINGER_METRES, _PALM_METRES, _MITTEN_METRES = 0.010, 0.017, 0.045
_LEAST_VISIBILITY = (0.3, 0.6)


@dataclass(frozen=True)
class HandRelief:
    """One hand: points (21, 3) x, y pixels and z metres towards the camera over the wrist; its own scale; its share."""

    points: Points
    pixels_per_metre: float
    weight: float


@dataclass(frozen=True)
class Posture:
    """One person in one frame, at the size of the relief.

    Attributes:
        joints: (33, 3) x, y in pixels, z in metres towards the camera over the hips, upright.
        visibility: (33,) 0..1.
        pixels_per_metre: At the person's place.
        weight: Share of the landmarks in the relief, for coming and going: 0 is the plain inflation.
        hands: Of the left and the right hand, None where there is none.
        face: None from behind and where no face was found.
    """

    joints: Points
    visibility: Points
    pixels_per_metre: float
    weight: float = 1.0
    hands: tuple[HandRelief | None, HandRelief | None] = (None, None)
    face: FaceRelief | None = None


def body_relief(posture: Posture, inflation: Float) -> Float:
    """Relief of a person.

    The trunk lies on a smooth field through the bones; the face replaces the pillow of the head; arms and hands stand
    before the trunk by a bounded distance, so that no error of a landmark tears them off.

    Args:
        posture: The person.
        inflation: (H, W) metres, from `rounded`.

    Returns:
        (H, W) float32 metres towards the camera; defined outside the silhouette too.
    """
    base = weighted_field(inflation.shape, _base_samples(posture), _BASE_SIGMA_METRES * posture.pixels_per_metre)
    trunk = base * np.float32(posture.weight) + inflation
    if posture.face is not None:
        trunk = with_face(trunk, posture.face)
    excess = np.zeros_like(trunk)
    _add_arms(excess, trunk, posture)
    for side, hand in enumerate(posture.hands):
        if hand is not None:
            _add_hand(excess, trunk, hand, float(posture.joints[15 + side, 2]))
    return trunk + np.float32(_LIMIT_METRES) * np.tanh(excess / np.float32(_LIMIT_METRES))


def skeleton_distance(posture: Posture, shape: tuple[int, int]) -> Float:
    """Distance in pixels of every pixel from a person's bones, (H, W) float32: whose a pixel is where people meet."""
    canvas = np.full(shape, 255, np.uint8)
    bones = (*_BONES, *((start, end) for start, end, _, _ in _ARMS), (7, 8), (7, 11), (8, 12))
    for start, end in bones:
        first, last = (np.clip(posture.joints[index, :2], -4096, 4096) for index in (start, end))
        seen = min(posture.visibility[start], posture.visibility[end]) > _LEAST_VISIBILITY[0]
        if seen:
            cv2.line(canvas, (round(first[0]), round(first[1])), (round(last[0]), round(last[1])), (0,), 2)
    return np.asarray(cv2.distanceTransform(canvas, cv2.DIST_L2, 5), np.float32)


def _base_samples(posture: Posture) -> npt.NDArray[np.float64]:
    joints = posture.joints
    shoulders, hips = (joints[11] + joints[12]) / 2, (joints[23] + joints[24]) / 2
    samples = [_samples(shoulders, hips, _ALONG[1:4], 1.0)]
    for start, end in _BONES:
        # Fading in and out with what is seen: a threshold would make the relief jump.
        seen = float(np.clip((min(posture.visibility[[start, end]]) - 0.3) / 0.4, 0, 1))
        samples.append(_samples(joints[start], joints[end], _ALONG, 1.0 if max(start, end) <= 24 else seen))
    for ear in _EARS:
        head = joints[ear].copy()
        # A head cannot be far before or behind the shoulders; the networks guess so from behind.
        head[2] = shoulders[2] + _NECK_METRES * np.tanh((head[2] - shoulders[2]) / _NECK_METRES)
        samples.append(_samples(head, head, _ALONG[:1], 2.0))
    return np.concatenate(samples)


def _samples(start: Points, end: Points, along: Points, weight: float) -> Points:
    places = start + (end - start) * along[:, None]
    return np.column_stack([places, np.full(len(along), weight)])


def _add_arms(excess: Float, trunk: Float, posture: Posture) -> None:
    scale = posture.pixels_per_metre
    for start, end, first, last in _ARMS:
        weight = posture.weight * _seen(posture, trunk.shape, start, end)
        _add_capsule(excess, trunk, posture.joints[[start, end]], (first, last), scale, weight)
    for side in (0, 1):
        wrist, hand = 15 + side, posture.hands[side]
        knuckles = (posture.joints[17 + side] + posture.joints[19 + side]) / 2
        tip = posture.joints[wrist] + 1.3 * (knuckles - posture.joints[wrist])
        tip[2] = posture.joints[wrist, 2]
        left = 1.0 - (hand.weight if hand is not None else 0.0)
        weight = posture.weight * left * _seen(posture, trunk.shape, wrist, 19 + side)
        ends, radii = np.stack([posture.joints[wrist], tip]), (_MITTEN_METRES, _MITTEN_METRES)
        _add_capsule(excess, trunk, ends, radii, scale, weight)


def _seen(posture: Posture, shape: tuple[int, int], *joints: int) -> float:
    """How far joints can be relied on: what lies well outside the picture is a guess of the networks."""
    low, high = _LEAST_VISIBILITY
    places = posture.joints[list(joints), :2]
    outside = np.maximum(np.maximum(-places, places - np.array([shape[1] - 1, shape[0] - 1])), 0).max()
    visible = (min(posture.visibility[joint] for joint in joints) - low) / (high - low)
    t = np.clip(min(visible, 1.0) - outside / (_OUTSIDE_METRES * posture.pixels_per_metre), 0, 1)
    return float(t * t * (3 - 2 * t))


def _add_hand(excess: Float, trunk: Float, hand: HandRelief, wrist_metres: float) -> None:
    points = hand.points.copy()
    points[:, 2] += wrist_metres
    for bones, radius in ((_PALM, _PALM_METRES), (_FINGERS, _FINGER_METRES)):
        for start, end in bones:
            _add_capsule(excess, trunk, points[[start, end]], (radius, radius), hand.pixels_per_metre, hand.weight)


def _add_capsule(
    excess: Float, trunk: Float, ends: Points, radii: tuple[float, float], pixels_per_metre: float, weight: float
) -> None:
    """Raise `excess` (metres before the trunk, in place) to a round bar between two points."""
    if weight <= 0 or not np.isfinite(ends).all():
        return
    reach = max(radii) * pixels_per_metre + 1
    low = np.maximum(np.floor(ends[:, :2].min(axis=0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(ends[:, :2].max(axis=0) + reach) + 1, trunk.shape[::-1]).astype(int)
    if (high <= low).any():
        return
    window = (slice(low[1], high[1]), slice(low[0], high[0]))
    x = np.arange(low[0], high[0], dtype=np.float32)[None] - np.float32(ends[0, 0])
    y = np.arange(low[1], high[1], dtype=np.float32)[:, None] - np.float32(ends[0, 1])
    dx, dy, dz = (np.float32(value) for value in ends[1] - ends[0])
    along = np.clip((x * dx + y * dy) / max(float(dx * dx + dy * dy), 1e-6), 0, 1)
    radius = np.float32(radii[0]) + np.float32(radii[1] - radii[0]) * along
    squared = (x - along * dx) ** 2 + (y - along * dy) ** 2
    profile = np.sqrt(np.maximum(1 - squared / (radius * np.float32(pixels_per_metre)) ** 2, 0))
    top = np.float32(ends[0, 2]) + dz * along + radius * profile - trunk[window]
    feather = np.minimum(profile / np.float32(0.6), 1)
    excess[window] = np.maximum(excess[window], np.float32(weight) * feather * feather * (3 - 2 * feather) * top)
