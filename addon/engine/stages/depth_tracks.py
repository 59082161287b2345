# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks of the shot made ready for the relief: calm, upright, in metres, without sudden comings and goings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..image.relief_body import HandRelief, Posture
from ..image.relief_face import FaceRelief
from ..models.person.landmarks import Landmarks, smoothed, weighted_in_time
from ..schema.depth import DepthSettings

Array = npt.NDArray[np.float64]
Scenes = tuple[tuple[int, int], ...]

_PLACE_SECONDS, _DEPTH_SECONDS, _VISIBILITY_SECONDS, _SIZE_SECONDS = 0.06, 0.2, 0.15, 0.6
_FADE_FRAMES = 5
_MEASURED = 25
_LEAST_HAND, _LEAST_FACE = 0.5, 0.5
_HAND_CLIP_METRES, _HIP_HEIGHT_METRES = 0.04, 0.92
_TRUNK = (7, 8, 11, 12, 23, 24)
_FEET = (27, 28, 29, 30, 31, 32)


@dataclass(frozen=True)
class PersonTrack:
    """One person over the shot; index 0 is frame 1, values held where nothing is found.

    Attributes:
        joints: (N, 33, 3) x, y pixels of the footage, z metres towards the camera.
        visibility: (N, 33).
        pixels_per_metre: (N,) at the footage's size.
        weight: (N,) 0..1, fading over 5 frames.
        present: (N,) bool.
        hands: (N, 2, 21, 3) x, y pixels, z metres towards the camera over the wrist.
        hand_scale: (N, 2) pixels per metre of the hand.
        hand_weight: (N, 2) 0..1.
        face: (N, 468, 3) x, y pixels, z metres towards the camera.
        face_weight: (N,) 0..1.
        lean: Radians the body leaned in the camera's view, taken out.
    """

    joints: Array
    visibility: Array
    pixels_per_metre: Array
    weight: Array
    present: npt.NDArray[np.bool_]
    hands: Array
    hand_scale: Array
    hand_weight: Array
    face: Array
    face_weight: Array
    lean: float

    def posture(self, frame: int, scale: float, settings: DepthSettings) -> Posture:
        """The person at a frame (from 1) in a picture `scale` times the footage's size."""
        index = frame - 1
        return Posture(
            joints=_at_scale(self.joints[index], scale),
            visibility=self.visibility[index],
            pixels_per_metre=float(self.pixels_per_metre[index]) * scale,
            weight=float(self.weight[index]),
            hands=(self._hand(index, 0, scale, settings), self._hand(index, 1, scale, settings)),
            face=self._face(index, scale) if settings.face else None,
        )

    def foot_row(self, frame: int, height: int) -> float:
        """Row of the lowest foot in the footage, from the hips where the feet are not seen."""
        index = frame - 1
        rows = self.joints[index, list(_FEET), 1]
        seen = (self.visibility[index, list(_FEET)] > 0.5) & (rows < height)
        if seen.any():
            return float(rows[seen].max())
        hips = float(self.joints[index, 23:25, 1].mean())
        return max(hips + _HIP_HEIGHT_METRES * float(self.pixels_per_metre[index]), float(height))

    def _hand(self, index: int, side: int, scale: float, settings: DepthSettings) -> HandRelief | None:
        weight = float(self.hand_weight[index, side])
        if not settings.hands or weight <= 0 or not np.isfinite(self.hands[index, side]).all():
            return None
        return HandRelief(
            _at_scale(self.hands[index, side], scale), float(self.hand_scale[index, side]) * scale, weight
        )

    def _face(self, index: int, scale: float) -> FaceRelief | None:
        weight = float(self.face_weight[index])
        if weight <= 0 or not np.isfinite(self.face[index]).all():
            return None
        return FaceRelief(_at_scale(self.face[index], scale), weight)


def person_tracks(landmarks: Landmarks, scenes: Scenes, frame_rate: float) -> list[PersonTrack]:
    """Tracks of everyone in the shot."""
    calm = smoothed(landmarks, scenes)
    return [_track(landmarks, calm, person, scenes, frame_rate) for person in range(landmarks.people)]


def in_time(values: Array, scenes: Scenes, sigma_frames: float) -> Array:
    """Gaussian mean over time of (N, ...) inside each scene; absent values (NaN) neither count nor appear."""
    radius = max(1, round(3 * sigma_frames))
    weights = np.exp(-((np.arange(-radius, radius + 1) / max(sigma_frames, 0.2)) ** 2) / 2)
    result = values.copy()
    for first, last in scenes:
        part = values[None, first - 1 : last].astype(np.float32)
        result[first - 1 : last] = weighted_in_time(part, weights)[0]
    return result


def held(values: Array, scenes: Scenes) -> Array:
    """(N, ...) with absent values taken from the nearest frame of the scene that has them."""
    result = values.copy()
    complete: npt.NDArray[np.bool_] = np.asarray(np.isfinite(values.reshape(len(values), -1)).all(axis=1), np.bool_)
    for first, last in scenes:
        known = np.flatnonzero(complete[first - 1 : last]) + first - 1
        if len(known):
            frames = np.arange(first - 1, last)
            after = np.clip(np.searchsorted(known, frames), 0, len(known) - 1)
            before = np.maximum(after - 1, 0)
            nearer = np.abs(known[before] - frames) <= np.abs(known[after] - frames)
            result[first - 1 : last] = values[np.where(nearer, known[before], known[after])]
    return result


def faded(mask: npt.NDArray[np.bool_], scenes: Scenes) -> Array:
    """(N,) 1 well inside runs of True, going linearly to 0 outside them over 5 frames; cuts do not fade."""
    result = np.zeros(len(mask))
    window = np.full(_FADE_FRAMES, 1 / _FADE_FRAMES)
    for first, last in scenes:
        padded = np.pad(mask[first - 1 : last].astype(np.float64), _FADE_FRAMES // 2, mode="edge")
        result[first - 1 : last] = np.convolve(padded, window, mode="valid")
    return np.where(result > 0.999, 1.0, result)


def _track(found: Landmarks, calm: Landmarks, person: int, scenes: Scenes, frame_rate: float) -> PersonTrack:
    present = np.isfinite(found.body_score[person])
    visibility = in_time(found.body_visibility[person].astype(np.float64), scenes, _VISIBILITY_SECONDS * frame_rate)
    world = _calm_world(found.body_world[person].astype(np.float64), scenes, frame_rate)
    sizes = _sizes(found.body[person], found.body_world[person], found.body_visibility[person])
    scale = _calm_sizes(sizes, scenes, frame_rate)
    slope = _slope(world, visibility)
    upright = _centred(-(world[..., 2] - slope * world[..., 1]), visibility)
    joints = np.concatenate([calm.body[person][..., :2].astype(np.float64), upright[..., None]], axis=-1)
    hands, hand_scale, hand_weight = _hands(found, calm, person, scenes)
    face_seen = (found.face_score[person] > _LEAST_FACE) & np.isfinite(found.face[person, :, 0, 0])
    face = calm.face[person].astype(np.float64) / np.stack([np.ones_like(scale)] * 2 + [-scale], axis=-1)[:, None]
    return PersonTrack(
        joints=np.nan_to_num(held(joints, scenes)),
        visibility=np.nan_to_num(held(visibility, scenes)),
        pixels_per_metre=scale,
        weight=faded(present, scenes),
        present=present,
        hands=hands,
        hand_scale=hand_scale,
        hand_weight=hand_weight,
        face=held(face, scenes),
        face_weight=faded(face_seen & ~found.back_view[person], scenes),
        lean=float(np.arctan(slope)),
    )


def _calm_world(world: Array, scenes: Scenes, frame_rate: float) -> Array:
    """(N, 33, 3): depth trembles more than place, so it is smoothed for longer."""
    place = in_time(world[..., :2], scenes, _PLACE_SECONDS * frame_rate)
    depth = in_time(world[..., 2:], scenes, _DEPTH_SECONDS * frame_rate)
    return np.concatenate([place, depth], axis=-1)


def _sizes(body: npt.NDArray[np.float32], world: npt.NDArray[np.float32], visibility: npt.NDArray[np.float32]) -> Array:
    """Pixels per metre of each frame by least squares of the joints' places; NaN where too few are seen."""
    sizes = np.full(len(body), np.nan)
    for index in range(len(body)):
        seen = np.isfinite(body[index, :_MEASURED, 0]) & (visibility[index, :_MEASURED] > 0.5)
        if seen.sum() < 4:
            continue
        place = body[index, :_MEASURED][seen, :2].astype(np.float64)
        metres = world[index, :_MEASURED][seen, :2].astype(np.float64)
        place, metres = place - place.mean(axis=0), metres - metres.mean(axis=0)
        sizes[index] = float((place * metres).sum() / max(float((metres * metres).sum()), 1e-6))
    return np.where(sizes > 1, sizes, np.nan)


def _calm_sizes(sizes: Array, scenes: Scenes, frame_rate: float) -> Array:
    """The scale without outliers, slow in time: only walking to and fro may change it."""
    known = sizes[np.isfinite(sizes)]
    typical = float(np.median(known)) if len(known) else np.nan
    radius = max(2, round(_SIZE_SECONDS * frame_rate))
    robust = sizes.copy()
    for first, last in scenes:
        for index in range(first - 1, last):
            part = sizes[max(first - 1, index - radius) : min(last, index + radius + 1)]
            part = part[np.isfinite(part)]
            robust[index] = np.median(part) if len(part) else np.nan
    calm = held(in_time(robust, scenes, _SIZE_SECONDS * frame_rate), scenes)
    return np.where(np.isfinite(calm), calm, typical)


def _slope(world: Array, visibility: Array) -> float:
    """Metres of depth per metre of height of the shot's median body: the camera's tilt, which a level set has not."""
    there = np.isfinite(world[:, 0, 0])
    if not there.any():
        return 0.0
    body, seen = np.median(world[there], axis=0), np.median(visibility[there], axis=0)
    used = [11, 12, 23, 24, *(joint for joint in (25, 26, 27, 28) if seen[joint] > 0.5)]
    height = body[used, 1] - body[used, 1].mean()
    depth = body[used, 2] - body[used, 2].mean()
    return float(np.clip((height * depth).sum() / max(float((height * height).sum()), 1e-6), -1.0, 1.0))


def _centred(metres: Array, visibility: Array) -> Array:
    """Heights (N, 33) over the mean of head, shoulders and hips where seen: the plane that the scale is measured on."""
    trunk, shown = metres[:, list(_TRUNK)], visibility[:, list(_TRUNK)]
    seen = (shown > 0.5) & np.isfinite(trunk)
    known = seen.any(axis=1)
    means = np.where(seen, trunk, 0).sum(axis=1)[known] / seen.sum(axis=1)[known]
    return metres - (float(np.median(means)) if len(means) else 0.0)


def _hands(found: Landmarks, calm: Landmarks, person: int, scenes: Scenes) -> tuple[Array, Array, Array]:
    points = calm.hands[person].astype(np.float64).copy()
    world = calm.hands_world[person].astype(np.float64)
    length = np.linalg.norm(points[:, :, 9, :2] - points[:, :, 0, :2], axis=-1)
    metres = np.linalg.norm(world[:, :, 9, :2] - world[:, :, 0, :2], axis=-1)
    scale = length / np.maximum(metres, 0.02)
    height = -(world[..., 2] - world[:, :, :1, 2])
    points[..., 2] = _HAND_CLIP_METRES * np.tanh(height / _HAND_CLIP_METRES)
    weight = np.zeros(scale.shape)
    for side in (0, 1):
        seen = (found.hand_score[person, :, side] > _LEAST_HAND) & np.isfinite(points[:, side, 0, 0])
        weight[:, side] = faded(seen, scenes)
        points[:, side] = held(points[:, side], scenes)
        scale[:, side] = np.nan_to_num(held(scale[:, side], scenes))
    return points, scale, weight


def _at_scale(points: Array, scale: float) -> Array:
    """Pixel places (centres at whole numbers) in a picture of another size; heights stay."""
    result = points.copy()
    result[:, :2] = (points[:, :2] + 0.5) * scale - 0.5
    return result
