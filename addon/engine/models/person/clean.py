# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to tracks when a whole scene or shot is known: ends without a person cut off, boxes calmed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..litert import Floats
from .observe import Records, blank_records
from .tracker import LEAST_PRESENCE

_SHORTEST_FRAMES = 5
_BOX_SIGMA_SECONDS = 0.15
_BOX_GAP_SECONDS = 0.5


def runs_of(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index (inclusive) of each run of True in (N,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(first), int(end) - 1) for first, end in edges.reshape(-1, 2)]


def trim(records: Records) -> None:
    """Remove, in place, the end of every run where the detector has denied the person to the last.

    The landmark network goes on finding bodies in walls after a person has left.

    Args:
        records: (N, SLOTS) of one scene.
    """
    for slot in range(records.shape[1]):
        for first, last in runs_of(np.isfinite(records["body_score"][:, slot])):
            checks = records["presence"][first : last + 1, slot]
            denied = np.flatnonzero(checks < LEAST_PRESENCE)
            sure = np.flatnonzero(checks >= LEAST_PRESENCE)
            tail = denied[denied > sure[-1]] if len(sure) else denied[:1]
            if len(tail):
                start = first + int(tail[0]) if len(sure) else first
                records[start : last + 1, slot] = blank_records(last + 1 - start)


def keep_people(records: Records, most: int, wanted: set[int]) -> list[int]:
    """Slots of the people worth keeping, the one who fills most of the shot first.

    Args:
        records: (N, SLOTS) of the shot.
        most: Most people to keep.
        wanted: Slots to keep however short.
    """
    there = np.isfinite(records["body_score"])
    boxes = records["boxes"].astype(np.float64)
    areas = np.nan_to_num((boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])).sum(axis=0)
    least = min(_SHORTEST_FRAMES, len(records))
    good = [slot for slot in range(records.shape[1]) if there[:, slot].sum() >= (1 if slot in wanted else least)]
    good.sort(key=lambda slot: (slot not in wanted, -areas[slot]))
    return good[:most]


def smooth_boxes(boxes: Floats, scenes: tuple[tuple[int, int], ...], frame_rate: float, size: tuple[int, int]) -> None:
    """Fill short gaps of boxes and calm them in time (Gaussian, 0.15 s), in place, never across a cut.

    Args:
        boxes: (P, N, 4), NaN where absent.
        scenes: First and last frame (from 1) of each scene.
        frame_rate: Frames per second.
        size: Width and height of the picture, which the boxes stay in.
    """
    width, height = size
    for person in range(len(boxes)):
        for first, last in scenes:
            part = boxes[person, first - 1 : last]
            _fill_gaps(part, round(_BOX_GAP_SECONDS * frame_rate))
            for start, end in runs_of(np.isfinite(part[:, 0])):
                part[start : end + 1] = _gaussian(part[start : end + 1], _BOX_SIGMA_SECONDS * frame_rate)
    np.clip(boxes, 0.0, np.array([width, height, width, height], np.float32), out=boxes)


def _fill_gaps(boxes: Floats, longest: int) -> None:
    missing = ~np.isfinite(boxes[:, 0])
    for first, last in runs_of(missing):
        if first == 0 or last == len(boxes) - 1 or last + 1 - first > longest:
            continue
        before, after = boxes[first - 1].copy(), boxes[last + 1].copy()
        for index in range(first, last + 1):
            share = (index - first + 1) / (last - first + 2)
            boxes[index] = before * (1 - share) + after * share


def _gaussian(values: Floats, sigma: float) -> Floats:
    """Weighted mean in time of (N, 4); at the ends over the frames that exist."""
    radius = int(np.ceil(3 * sigma))
    if radius < 1:
        return values
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    padded = np.pad(values.astype(np.float64), ((radius, radius), (0, 0)))
    counted = np.pad(np.ones(len(values)), radius)
    share = np.convolve(counted, weights, "valid")
    sums = np.stack([np.convolve(padded[:, column], weights, "valid") for column in range(4)], axis=1)
    return (sums / share[:, None]).astype(np.float32)
