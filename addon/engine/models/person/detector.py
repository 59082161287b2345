# SPDX-License-Identifier: GPL-3.0-or-later
"""Single-shot detectors of people and faces: anchors, decoding, weighted non-maximum suppression.

Numbers are read from MediaPipe 0.10.21's own graphs (Apache-2.0).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..litert import Floats, Network
from ..registry import model_path
from .regions import Border, Crop, Points, Region, cut, whole_picture

_OVERLAP = 0.3


@dataclass(frozen=True)
class Detection:
    """Something found.

    Attributes:
        score: 0..1.
        box: (2, 2) upper left and lower right corner, pixels of the picture.
        points: (K, 2) key points, pixels of the picture.
    """

    score: float
    box: Points
    points: Points


@dataclass(frozen=True)
class Sighting:
    """Answer of a detector for one picture or region.

    Attributes:
        best_score: Highest raw score of all anchors, also when below the threshold.
        detections: Best first.
    """

    best_score: float
    detections: tuple[Detection, ...]


@dataclass(frozen=True)
class Kind:
    """What is particular to one detector network."""

    model: str
    size: int
    strides: tuple[int, ...]
    per_cell: int
    signed: bool


PERSON = Kind("pose_detection", 224, (8, 16, 32, 32, 32), 2, signed=True)
FACE = Kind("face_detection_short_range", 128, (8, 16, 16, 16), 2, signed=True)


def anchors(size: int, strides: tuple[int, ...], per_cell: int = 2) -> Points:
    """Centres of the anchors, (N, 2) in parts of the input's side.

    Layers of equal stride share one grid; each cell has `per_cell` anchors for each of them.
    """
    parts: list[Points] = []
    for stride in dict.fromkeys(strides):
        cells = math.ceil(size / stride)
        down, right = np.mgrid[:cells, :cells]
        centres = np.stack([right + 0.5, down + 0.5], axis=-1).reshape(-1, 2) / cells
        parts.append(np.repeat(centres, per_cell * strides.count(stride), axis=0))
    return np.concatenate(parts)


def decode(raw: Floats, logits: Floats, centres: Points, size: int, threshold: float) -> tuple[float, list[Detection]]:
    """Detections in parts of the input's side, merged.

    Args:
        raw: (N, 4 + 2K) centre, size and key points, in input pixels relative to the anchors.
        logits: (N,).
        centres: (N, 2) anchors.
        size: Input side in pixels.
        threshold: Least score.

    Returns:
        The best raw score and the detections, best first.
    """
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits.astype(np.float64), -100.0, 100.0)))
    best = float(scores.max()) if len(scores) else 0.0
    keep = np.flatnonzero(scores >= threshold)
    values = raw[keep].astype(np.float64) / size
    middle = values[:, :2] + centres[keep]
    half = values[:, 2:4] / 2
    boxes = np.stack([middle - half, middle + half], axis=1)
    points = values[:, 4:].reshape(len(keep), (raw.shape[1] - 4) // 2, 2) + centres[keep][:, None]
    return best, merge(scores[keep], boxes, points)


def merge(scores: npt.NDArray[np.float64], boxes: Points, points: Points) -> list[Detection]:
    """Weighted non-maximum suppression: boxes that overlap the best one are averaged by score.

    Args:
        scores: (N,).
        boxes: (N, 2, 2) corners.
        points: (N, K, 2).
    """
    rest = np.argsort(-scores, kind="stable")
    merged: list[Detection] = []
    while len(rest):
        group = overlap(boxes[rest[0]], boxes[rest]) > _OVERLAP
        group[0] = True
        chosen = rest[group]
        weights = scores[chosen] / scores[chosen].sum()
        spread = weights[:, None, None]
        box = (boxes[chosen] * spread).sum(axis=0)
        merged.append(Detection(float(scores[rest[0]]), box, (points[chosen] * spread).sum(axis=0)))
        rest = rest[~group]
    return merged


def overlap(box: Points, others: Points) -> npt.NDArray[np.float64]:
    """Intersection over union of one box (2, 2) with others (N, 2, 2)."""
    low = np.maximum(box[0], others[:, 0])
    high = np.minimum(box[1], others[:, 1])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=1)
    areas = np.prod(np.clip(others[:, 1] - others[:, 0], 0.0, None), axis=1)
    own = float(np.prod(np.clip(box[1] - box[0], 0.0, None)))
    return shared / (own + areas - shared + 1e-9)


class Detector:
    """A detector with its network loaded.

    Args:
        kind: `PERSON` (key points: mid hip, a point of the circle around the body, mid shoulder, a second one) or
            `FACE` (key points: right eye, left eye, nose, mouth, right ear, left ear).

    Raises:
        MissingError: The model is not installed.
    """

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._network = Network(model_path(kind.model))
        self._anchors = anchors(kind.size, kind.strides, kind.per_cell)

    def __call__(
        self, picture: npt.NDArray[np.uint8], region: Region | None = None, threshold: float = 0.5
    ) -> Sighting:
        """Look at a picture, or a region of it.

        Args:
            picture: (H, W, 3) uint8 sRGB.
            region: The whole picture by default.
            threshold: Least score of a detection.
        """
        height, width = picture.shape[:2]
        size = self._kind.size
        crop = cut(picture, region or whole_picture(width, height), (size, size), Border.BLACK)
        image = crop.image * 2 - 1 if self._kind.signed else crop.image
        raw, logits = self._network(image)
        best, found = decode(raw[0], logits[0, :, 0], self._anchors, size, threshold)
        return Sighting(best, tuple(_in_picture(detection, crop, size) for detection in found))


def _in_picture(detection: Detection, crop: Crop, size: int) -> Detection:
    box = crop.to_picture(detection.box * size)
    return Detection(detection.score, box, crop.to_picture(detection.points * size))
