# SPDX-License-Identifier: GPL-3.0-or-later
"""33 landmarks of a body (BlazePose's numbering), refined by the network's own heatmap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..litert import Floats, Network
from ..registry import model_path
from .detector import Detection
from .regions import Border, Crop, Points, Region, aligned, cut, rotate_flat

SIZE = 256
JOINTS = 33
NOSE, LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 0, 11, 12, 23, 24

# Two extra points of the network: mid hip, and a point of the circle around the body.
_CENTRE, _REACH = 33, 34
_HEATMAP_RADIUS = 3
_HEATMAP_LEAST = 0.5
_ENLARGE = 1.25


@dataclass(frozen=True)
class Body:
    """A body in a picture.

    Attributes:
        points: (33, 3) x, y, z in pixels; z is towards the back, 0 at the hips.
        visibility: (33,) 0..1: seen, not hidden or outside.
        world: (33, 3) metres about the mid hip; x right, y down, z back.
        score: 0..1, whether the region shows a body. It is no proof of a person: walls reach 0.95.
        mask: (256, 256) 0..1, the person in the crop.
        crop: Where the network looked.
        next_region: Where to look in the next frame.
    """

    points: Points
    visibility: Floats
    world: Points
    score: float
    mask: Floats
    crop: Crop
    next_region: Region


class BodyNetwork:
    """The landmark network of bodies.

    Raises:
        MissingError: The model is not installed.
    """

    def __init__(self) -> None:
        self._network = Network(model_path("pose_landmark_full"))

    def __call__(self, picture: npt.NDArray[np.uint8], region: Region) -> Body:
        """Landmarks of the body in a region of a picture (H, W, 3) uint8 sRGB."""
        crop = cut(picture, region, (SIZE, SIZE), Border.REPLICATE)
        values, score, mask, heatmap, world = self._network(crop.image)
        flat = values.reshape(39, 5).astype(np.float64)
        flat[:, :2] = refine(flat[:, :2], sigmoid(heatmap[0]))
        place = crop.to_picture(flat[:, :2])
        depth = flat[:, 2] / SIZE * region.width
        return Body(
            points=np.column_stack([place, depth])[:JOINTS],
            visibility=sigmoid(flat[:JOINTS, 3]).astype(np.float32),
            world=rotate_flat(world.reshape(39, 3)[:JOINTS], region.rotation),
            score=float(score.ravel()[0]),
            mask=sigmoid(mask[0, ..., 0]).astype(np.float32),
            crop=crop,
            next_region=aligned(place[_CENTRE], place[_REACH], 90.0).moved(_ENLARGE),
        )


def refine(points: Points, heatmap: npt.NDArray[np.floating]) -> Points:
    """Points moved to the centre of their peak in the heatmap, where there is one.

    Args:
        points: (N, 2) crop pixels (0..256).
        heatmap: (64, 64, N) 0..1.
    """
    height, width = heatmap.shape[:2]
    moved = points.copy()
    for index, (x, y) in enumerate(points):
        if not (np.isfinite(x) and np.isfinite(y)):
            continue
        column, row = int(x / SIZE * width), int(y / SIZE * height)
        if not (0 <= column < width and 0 <= row < height):
            continue
        left, top = max(0, column - _HEATMAP_RADIUS), max(0, row - _HEATMAP_RADIUS)
        window = heatmap[top : row + _HEATMAP_RADIUS + 1, left : column + _HEATMAP_RADIUS + 1, index]
        if window.max() < _HEATMAP_LEAST:
            continue
        rows, columns = np.mgrid[top : top + window.shape[0], left : left + window.shape[1]]
        total = float(window.sum())
        moved[index] = (
            float((window * columns).sum()) / total / width * SIZE,
            float((window * rows).sum()) / total / height * SIZE,
        )
    return moved


def region_of_detection(detection: Detection) -> Region:
    """Where to look for the body of a detected person."""
    return aligned(detection.points[0], detection.points[1], 90.0).moved(_ENLARGE)


def region_of_box(box: tuple[float, float, float, float], picture_height: int) -> Region:
    """Where to look for the body in a box around a person.

    A box that ends at the lower edge shows a person cut off by the picture, who goes on below it.

    Args:
        box: Left, top, right, bottom in pixels.
        picture_height: Pixels.
    """
    left, top, right, bottom = box
    side = max(right - left, bottom - top) * _ENLARGE
    middle = (top + bottom) / 2
    if bottom > picture_height * 0.98:
        side = max(side, 2 * (bottom - top))
        middle = top + 0.4 * side
    return Region((left + right) / 2, middle, side, side)


def sigmoid(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Logits to 0..1."""
    return 1.0 / (1.0 + np.exp(-np.clip(values.astype(np.float64), -80.0, 80.0)))
