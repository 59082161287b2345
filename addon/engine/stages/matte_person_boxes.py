# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each person is in each frame: the part of the picture the networks are shown.

The networks see a person best when the person fills what they are shown, and steadily when that does not shake. So
each person has a box of their own, measured on a first look at the whole frame, smoothed over the scene, or one box for
the whole scene where the person stays in place.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from ..cache import write_atomic
from ..image.files import Image8
from ..models.person.landmarks import Landmarks
from ..models.person.segmenter import Segmenter
from .context import StageContext

Float = npt.NDArray[np.float32]

_PAD = 0.12
"""Added to each side of a measured box, as a share of its width and height."""
_SMOOTHING_SECONDS = 0.15
_LONGEST_GAP_SECONDS = 0.5
_LIKELY_LOGIT = -0.85
"""Of a probability of 0.3."""
_SMALLEST_PART = 0.03
"""Parts of a person smaller than this share of the largest part are not counted."""
_REACH = 0.08
"""How far beyond the box of a person found the first look goes, as a share of its size."""
_SEEN = 0.5
_STAYS = 1.6
"""One box serves a scene while its area is below this many times the median box."""


def person_boxes(
    context: StageContext,
    segmenter: Segmenter,
    picture: Callable[[int], Image8],
    found: Float,
    joints: Float,
) -> Float:
    """The boxes to show to the networks.

    Args:
        context: Of the running stage.
        segmenter: For the first look.
        picture: Frame number to uint8 RGB.
        found: (P, N, 4) boxes of the people found, with room to spare, NaN where absent.
        joints: (P, N, 4) boxes round the joints that are seen, NaN where there are none.

    Returns:
        (P, N, 4) float32 of whole pixels, left, top, right, bottom inside the picture; NaN where the person is absent.
    """
    size = (context.footage.width, context.footage.height)
    boxes = np.full(found.shape, np.nan, np.float32)
    for first, last in context.footage.scenes:
        people = found[:, first - 1 : last], joints[:, first - 1 : last]
        measured = _measured_scene(context, segmenter, picture, people, first)
        boxes[:, first - 1 : last] = steady(measured, float(context.footage.frame_rate))
    return whole(boxes, size)


def joint_boxes(landmarks: Landmarks, size: tuple[int, int]) -> Float:
    """Boxes (P, N, 4) round the joints that are seen, inside a picture of (width, height); NaN where there are none."""
    places = np.clip(landmarks.body[..., :2], 0, np.array(size, np.float32))
    hidden = ~(landmarks.body_visibility > _SEEN) | ~np.isfinite(places).all(axis=-1)
    low = np.where(hidden[..., None], np.inf, places).min(axis=2)
    high = np.where(hidden[..., None], -np.inf, places).max(axis=2)
    boxes = np.concatenate([low, high], axis=-1).astype(np.float32)
    boxes[~np.isfinite(boxes).all(axis=-1)] = np.nan
    return boxes


def _measured_scene(
    context: StageContext,
    segmenter: Segmenter,
    picture: Callable[[int], Image8],
    people: tuple[Float, Float],
    first: int,
) -> Float:
    """Measured boxes of a scene, kept so that a stopped run does not look again."""
    path = context.cache("boxes") / f"{first:06d}.npy"
    if path.is_file():
        return np.load(path)
    found, joints = people
    measured = np.full(found.shape, np.nan, np.float32)
    for index in range(found.shape[1]):
        context.step("finding the people's boxes", first + index, context.footage.count)
        if np.isfinite(found[:, index]).all(axis=-1).any():
            logit = segmenter.logit(picture(first + index))
            measured[:, index] = measure(logit, found[:, index], joints[:, index], size_of(context))
    data = io.BytesIO()
    np.save(data, measured)
    write_atomic(path, data.getvalue())
    return measured


def size_of(context: StageContext) -> tuple[int, int]:
    """Width and height of the frames."""
    return context.footage.width, context.footage.height


def measure(logit: Float, found: Float, joints: Float, size: tuple[int, int]) -> Float:
    """Box of each person by a first look at the whole frame.

    Args:
        logit: (h, w) float32 of the whole frame at the network's size.
        found: (P, 4) where to look for each person, in pixels of the frame, NaN where absent.
        joints: (P, 4) what the box must hold, NaN where nothing is known.
        size: Width and height of the frame.

    Returns:
        (P, 4) float32, padded, NaN where absent.
    """
    scale = np.array([logit.shape[1] / size[0], logit.shape[0] / size[1]] * 2, np.float32)
    likely = (logit > _LIKELY_LOGIT).astype(np.uint8)
    boxes = np.full(found.shape, np.nan, np.float32)
    for index, box in enumerate(found):
        if not np.isfinite(box).all():
            continue
        region = _grown(box, _REACH) * scale
        mask = np.zeros_like(likely)
        left, top, right, bottom = (max(0, round(float(edge))) for edge in region)
        mask[top:bottom, left:right] = likely[top:bottom, left:right]
        seen = _extent(mask)
        boxes[index] = _grown(_united(seen / scale, joints[index]), _PAD) if seen is not None else box
    return boxes


def _extent(mask: npt.NDArray[np.uint8]) -> Float | None:
    """Box round the larger parts of a mask; None when it is empty."""
    count, _, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return None
    parts = statistics[1:]
    large = parts[parts[:, cv2.CC_STAT_AREA] >= _SMALLEST_PART * parts[:, cv2.CC_STAT_AREA].max()]
    corner = large[:, :2].min(axis=0)
    far = (large[:, :2] + large[:, 2:4]).max(axis=0)
    return np.concatenate([corner, far]).astype(np.float32)


def _united(first: Float, second: Float) -> Float:
    return np.concatenate([np.fmin(first[:2], second[:2]), np.fmax(first[2:], second[2:])])


def _grown(box: Float, share: float) -> Float:
    grow = (box[2:] - box[:2]) * np.float32(share)
    return np.concatenate([box[:2] - grow, box[2:] + grow]).astype(np.float32)


def steady(boxes: Float, frame_rate: float) -> Float:
    """Boxes of one scene, calm in time.

    Short gaps are bridged, and a person who stays in place gets one box for the scene.

    Args:
        boxes: (P, N, 4) float32, NaN where absent.
        frame_rate: Frames a second.

    Returns:
        (P, N, 4) float32, NaN where the person is absent for more than half a second.
    """
    result = np.full(boxes.shape, np.nan, np.float32)
    for index, track in enumerate(boxes):
        bridged = _bridged(track, max(1, round(_LONGEST_GAP_SECONDS * frame_rate)))
        present = np.asarray(np.isfinite(bridged).all(axis=1))
        if not present.any():
            continue
        united = np.concatenate([np.nanmin(bridged[:, :2], axis=0), np.nanmax(bridged[:, 2:], axis=0)])
        if _area(united) <= _STAYS * float(np.median(_area(bridged[present]))):
            result[index, present] = united
        else:
            result[index] = _smoothed(bridged, present, _SMOOTHING_SECONDS * frame_rate)
    return result


def _area(boxes: Float) -> Float:
    return np.asarray((boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1]), np.float32)


def _bridged(track: Float, longest: int) -> Float:
    """Gaps of at most `longest` frames filled by straight lines; ends are held as long."""
    known = np.flatnonzero(np.isfinite(track).all(axis=1))
    result = track.copy()
    if not len(known):
        return result
    for before, after in zip(known[:-1], known[1:], strict=True):
        if 1 < after - before <= longest + 1:
            share = np.linspace(0, 1, after - before + 1, dtype=np.float32)[:, None]
            result[before : after + 1] = track[before] * (1 - share) + track[after] * share
    return result


def _smoothed(track: Float, present: npt.NDArray[np.bool_], sigma: float) -> Float:
    """Gaussian over the present frames, weights renewed at gaps and ends."""
    radius = max(1, round(3 * sigma))
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / max(sigma, 1e-3)) ** 2)
    values = np.where(present[:, None], track, 0).astype(np.float64)
    result = np.full(track.shape, np.nan, np.float32)
    for frame in np.flatnonzero(present):
        places = frame + offsets
        inside = (places >= 0) & (places < len(track))
        counted = weights[inside] * present[places[inside]]
        result[frame] = (counted[:, None] * values[places[inside]]).sum(axis=0) / counted.sum()
    return result


def whole(boxes: Float, size: tuple[int, int]) -> Float:
    """Boxes on whole pixels inside the picture (width, height); NaN where less than 4 pixels are left."""
    limits = np.array([size[0], size[1], size[0], size[1]], np.float32)
    rounded = np.concatenate([np.floor(boxes[..., :2]), np.ceil(boxes[..., 2:])], axis=-1)
    clipped = np.clip(rounded, 0, limits).astype(np.float32)
    lost = ((clipped[..., 2] - clipped[..., 0]) < 4) | ((clipped[..., 3] - clipped[..., 1]) < 4)
    clipped[lost] = np.nan
    return clipped
