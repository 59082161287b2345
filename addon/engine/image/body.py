# SPDX-License-Identifier: GPL-3.0-or-later
"""One person's landmarks made fit for a relief: steady, upright, with a scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..models.person.landmarks import Landmarks

Array = npt.NDArray[np.float32]

# Seconds of Gaussian smoothing: depth is far noisier than the place in the picture.
PLACE_SECONDS, DEPTH_SECONDS, VISIBILITY_SECONDS, FADE_SECONDS = 0.06, 0.20, 0.15, 0.10
_UPRIGHT = (11, 12, 23, 24, 25, 26, 27, 28)
_SCALED = tuple(range(25))
_SEEN = 0.5


@dataclass(frozen=True)
class Body:
    """One person over N frames.

    Attributes:
        places: (N, 33, 2) pixels of the footage.
        heights: (N, 33) metres towards the camera from the mid hip, upright.
        visibility: (N, 33) 0..1.
        hands: (N, 2, 21, 3) pixels, and metres towards the camera from the wrist.
        hand_amount: (N, 2) 0..1, faded in and out.
        face: (N, 468, 3) pixels, and metres towards the camera from the face's own middle.
        face_amount: (N,) 0..1, faded in and out.
        pixels_per_metre: Of the shot.
        present: (N,) bool.
    """

    places: Array
    heights: Array
    visibility: Array
    hands: Array
    hand_amount: Array
    face: Array
    face_amount: Array
    pixels_per_metre: float
    present: npt.NDArray[np.bool_]


def prepare_body(
    landmarks: Landmarks, person: int, scenes: tuple[tuple[int, int], ...], frame_rate: float, steadiness: float
) -> Body | None:
    """A person's landmarks smoothed inside each scene, leaned upright, with the shot's scale.

    Returns:
        None when the person is in no frame.
    """
    present = np.isfinite(landmarks.body_score[person])
    if not present.any():
        return None
    frames = frame_rate * steadiness

    def calm(values: Array, seconds: float) -> Array:
        return np.concatenate([smooth(values[first - 1 : last], seconds * frames) for first, last in scenes])

    world = landmarks.body_world[person]
    visibility = calm(np.where(present[:, None], landmarks.body_visibility[person], np.nan), VISIBILITY_SECONDS)
    scale = pixels_per_metre(landmarks.body[person, :, :, :2], world, landmarks.body_visibility[person])
    upright = -(world[..., 2] - lean(world, landmarks.body_visibility[person]) * world[..., 1])
    shown = _shown(landmarks.hand_score[person])
    hand_depth = -(landmarks.hands_world[person][..., 2] - landmarks.hands_world[person][:, :, :1, 2])
    hands = np.concatenate([landmarks.hands[person][..., :2], np.clip(hand_depth, -0.06, 0.06)[..., None]], -1)
    face = landmarks.face[person].copy()
    face[..., 2] = -(face[..., 2] - face[..., 2].mean(-1, keepdims=True)) / np.float32(scale)
    front = _shown(landmarks.face_score[person]) * ~landmarks.back_view[person]
    return Body(
        places=calm(landmarks.body[person][..., :2], PLACE_SECONDS),
        heights=calm(upright.astype(np.float32), DEPTH_SECONDS),
        visibility=np.nan_to_num(visibility),
        hands=calm(hands.astype(np.float32), PLACE_SECONDS),
        hand_amount=calm(shown, FADE_SECONDS),
        face=calm(face, PLACE_SECONDS),
        face_amount=calm(front.astype(np.float32), FADE_SECONDS),
        pixels_per_metre=scale,
        present=present,
    )


def _shown(score: Array) -> Array:
    return (np.nan_to_num(score) > _SEEN).astype(np.float32)


def smooth(values: Array, sigma_frames: float) -> Array:
    """Gaussian mean along the first axis; what is absent (NaN) has no weight, and stays absent far from values.

    Args:
        values: float32 (N, ...).
        sigma_frames: 0 leaves the values as they are.
    """
    if sigma_frames < 0.2 or len(values) < 2:
        return values.astype(np.float32)
    reach = min(len(values) - 1, int(np.ceil(3 * sigma_frames)))
    known = np.isfinite(values)
    filled = np.where(known, values, 0).astype(np.float64)
    total, weight = np.zeros_like(filled), np.zeros_like(filled)
    for offset in range(-reach, reach + 1):
        share = np.exp(-0.5 * (offset / sigma_frames) ** 2)
        source, target = slice(max(0, offset), len(values) + min(0, offset)), slice(
            max(0, -offset), len(values) + min(0, -offset)
        )
        total[target] += share * filled[source]
        weight[target] += share * known[source]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weight > 0, total / weight, np.nan).astype(np.float32)


def pixels_per_metre(places: Array, world: Array, visibility: Array) -> float:
    """Scale of a person: least squares of places in the picture on places in the world, median over the shot.

    Args:
        places: float32 (N, 33, 2) pixels.
        world: float32 (N, 33, 3) metres.
        visibility: float32 (N, 33).
    """
    scales: list[float] = []
    for place, metres, seen in zip(places, world, visibility, strict=True):
        use = [joint for joint in _SCALED if seen[joint] > _SEEN and np.isfinite(place[joint]).all()]
        if len(use) < 4:
            continue
        a, b = metres[use, :2], place[use]
        a, b = a - a.mean(0), b - b.mean(0)
        spread = float((a * a).sum())
        if spread > 1e-4:
            scales.append(float((a * b).sum()) / spread)
    good = [scale for scale in scales if scale > 1]
    return float(np.median(good)) if good else 0.0


def lean(world: Array, visibility: Array) -> float:
    """How far the whole body leans towards or from the camera, metres of depth a metre of height.

    A camera that looks down makes every upright body lean; taking the shot's median lean away keeps legs upright when
    the cut-out is seen from the side.
    """
    with np.errstate(all="ignore"):
        middle = np.nanmedian(world, 0)
        seen = np.nanmedian(visibility, 0)
    use = [joint for joint in _UPRIGHT if seen[joint] > _SEEN and np.isfinite(middle[joint]).all()]
    if len(use) < 4:
        return 0.0
    y, z = middle[use, 1] - middle[use, 1].mean(), middle[use, 2] - middle[use, 2].mean()
    spread = float((y * y).sum())
    return float((y * z).sum()) / spread if spread > 0.02 else 0.0
