# SPDX-License-Identifier: GPL-3.0-or-later
"""Where people can be, by their joints: keeps furniture out when several people are in the picture."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ..models.person.landmarks import Landmarks

Float = npt.NDArray[np.float32]

_LIMBS = (
    (11, 13), (13, 15), (15, 19), (12, 14), (14, 16), (16, 20), (11, 12), (23, 24), (11, 23), (12, 24),
    (23, 25), (25, 27), (27, 31), (24, 26), (26, 28), (28, 32),
)  # fmt: skip
_TRUNK = (11, 12, 24, 23)
_HEAD = (0, 7, 8)
_SEEN = 0.05
"""Hidden joints count: the gate is against furniture, and a hand at the picture's edge is easily thought hidden."""
_LOOSE_CLOTHES = 0.45
"""Half-width of a limb with its clothes and of the space left round it, as a share of the trunk's size."""


def gate(landmarks: Landmarks, frame: int, shape: tuple[int, int]) -> Float:
    """Soft mask of where people are.

    Args:
        landmarks: Of the shot.
        frame: 1-based.
        shape: Height and width of the frame.

    Returns:
        (H, W) float32 0..1; all 1 when a person of this frame has no joints that can be drawn.
    """
    mask = np.zeros(shape, np.uint8)
    blur = 1.0
    for person in range(landmarks.boxes.shape[0]):
        if not np.isfinite(landmarks.boxes[person, frame - 1]).all():
            continue
        points = landmarks.body[person, frame - 1, :, :2]
        seen = landmarks.body_visibility[person, frame - 1] > _SEEN
        size = trunk_size(points)
        if not np.isfinite(points).all() or size < 4:
            return np.ones(shape, np.float32)
        _draw(mask, points, seen, max(2, round(_LOOSE_CLOTHES * size)))
        blur = max(blur, size / 12)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), blur) / np.float32(255), np.float32)


def trunk_size(points: Float) -> float:
    """Mean of the shoulders' distance and the trunk's length in pixels; points (33, 2)."""
    shoulders, hips = points[11:13], points[23:25]
    return float((np.linalg.norm(shoulders[0] - shoulders[1]) + np.linalg.norm(shoulders.mean(0) - hips.mean(0))) / 2)


def _draw(mask: npt.NDArray[np.uint8], points: Float, seen: npt.NDArray[np.bool_], radius: int) -> None:
    whole = np.clip(np.round(points), -20000, 20000).astype(np.int32)
    for start, end in _LIMBS:
        if seen[start] and seen[end]:
            cv2.line(mask, whole[start].tolist(), whole[end].tolist(), 255, 2 * radius)
    cv2.fillConvexPoly(mask, cv2.convexHull(whole[list(_TRUNK)]), 255)
    centre = np.round(points[list(_HEAD)].mean(axis=0)).astype(int).tolist()
    cv2.circle(mask, centre, round(1.6 * radius), 255, -1)
