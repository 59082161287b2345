# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parts of the static scene are flat, each on its own plane: wall, floor, the front of a box, a post.

Between neighbouring frames everything moves nearly alike; over several frames planes part. So the motion over a longer
way, before and after, is split into homographies by RANSAC, the largest part first, and each pixel takes the plane that
explains its motion on both sides best; it counts what pixels around it take (mean field of a Potts model, Krähenbühl,
Koltun, "Efficient Inference in Fully Connected CRFs", 2011, with a box for the kernel).
"""

from __future__ import annotations

from typing import NamedTuple, cast

import cv2
import numpy as np
import numpy.typing as npt

from .warp import Flow, Image, Mask, homography_flow, positions

Bytes = npt.NDArray[np.uint8]
Matrix = npt.NDArray[np.float64]

LONG_SIDE = 240
"""The search is made at this size or smaller: the pixels below are pixels of it."""
NOWHERE = 0
"""The label of what is on no plane, or not known."""
_MOST_PLANES = 6
_LEAST_SHARE = 0.015
_AGREE_PIXELS = 0.3
_CLOSE_PIXELS = 0.21
_CLAIMED_PIXELS = 0.39
_LEAST_POINTS = 30
_GRID_POINTS = 6000
_MOST_FAILURES = 3
_LARGEST_PIXELS = np.float32(0.75)
_UNKNOWN_PIXELS = np.float32(0.45)
_AROUND = 1 / 27
_NEIGHBOURS = 1 / 10
"""Windows beside the short side: over which differences are averaged, and whose labels count."""
_AGREEMENT_PIXELS, _AGREEMENT_OF_UNKNOWN = np.float32(0.5), np.float32(0.5)
_ROUNDS, _TURNS = 2, 4


def small_size(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of the search, for footage of some width and height."""
    scale = min(1.0, LONG_SIDE / max(size))
    return max(2, round(size[0] * scale)), max(2, round(size[1] * scale))


class Motion(NamedTuple):
    """The way to another frame.

    Attributes:
        flow: float32 (H, W, 2), pixels, from the frame to the other.
        known: bool (H, W), where the other frame shows the static scene of this one.
    """

    flow: Flow
    known: Mask


class _Plane(NamedTuple):
    """A plane by its homographies to each of the other frames; None where too little of it is known."""

    matrices: tuple[Matrix | None, ...]


def planar_regions(motions: list[Motion], free: Mask) -> Bytes:
    """The planes of a frame.

    Args:
        motions: To one frame before and one after it, several frames away; or to one of them only.
        free: bool (H, W), what moves by itself and what is right beside it.

    Returns:
        uint8 (H, W): 0 on no plane, 1… the number of the plane, the largest first found.
    """
    planes = _planes(motions, free)
    labels = np.zeros(free.shape, np.uint8)
    for round_ in range(_ROUNDS):
        if not planes:
            return np.zeros(free.shape, np.uint8)
        differences = [_difference(plane, motions) for plane in planes]
        labels = _labelled(differences, free)
        if round_ < _ROUNDS - 1:
            planes = _fitted_again(planes, differences, labels, motions)
    return labels


def _planes(motions: list[Motion], free: Mask) -> list[_Plane]:
    """Planes one after the other, of what is left by those before."""
    step = max(1, round((free.size / _GRID_POINTS) ** 0.5))
    picked = (slice(step // 2, None, step),) * 2
    points = positions(*free.shape)[picked]
    coarse = [Motion(motion.flow[picked], motion.known[picked]) for motion in motions]
    left = np.logical_or.reduce([motion.known for motion in coarse] or [np.zeros(points.shape[:2], bool)])
    left = left & ~free[picked]
    least = max(_LEAST_POINTS, _LEAST_SHARE * left.sum())
    found: list[_Plane] = []
    failures = 0
    while len(found) < _MOST_PLANES and failures < _MOST_FAILURES and left.sum() >= least:
        agreeing = _largest(points, coarse, left)
        if agreeing is None:
            break
        plane = _fit(points, coarse, agreeing)
        for limit in (_AGREE_PIXELS, _CLOSE_PIXELS):
            close = left & (_off(points, coarse, plane) < limit)
            plane = _fit(points, coarse, close) if close.sum() >= _LEAST_POINTS else plane
        off = _off(points, coarse, plane)
        if (left & (off < _AGREE_PIXELS)).sum() < least:
            failures += 1
            left &= ~agreeing
            continue
        found.append(plane)
        left &= off >= _CLAIMED_PIXELS
    return found


def _largest(points: Image, motions: list[Motion], left: Mask) -> Mask | None:
    """The most points, of those left, whose motion on one side is one homography's."""
    best: Mask | None = None
    for motion in motions:
        asked = left & motion.known
        if asked.sum() < _LEAST_POINTS:
            continue
        cv2.setRNGSeed(1)
        start = points[asked]
        matrix, chosen = cv2.findHomography(
            start, start + motion.flow[asked], cv2.RANSAC, _AGREE_PIXELS, maxIters=300, confidence=0.995
        )
        if matrix is None:
            continue
        agreeing = np.zeros_like(left)
        agreeing[asked] = chosen.ravel() > 0
        if best is None or agreeing.sum() > best.sum():
            best = agreeing
    return best


def _fit(points: Image, motions: list[Motion], where: Mask) -> _Plane:
    """The plane of some points, by least squares to each of the other frames."""
    matrices: list[Matrix | None] = []
    for motion in motions:
        asked = where & motion.known
        matrix = None
        if asked.sum() >= _LEAST_POINTS:
            start = points[asked]
            matrix, _ = cv2.findHomography(start, start + motion.flow[asked], 0)
        matrices.append(cast("Matrix | None", matrix))
    return _Plane(tuple(matrices))


def _off(points: Image, motions: list[Motion], plane: _Plane) -> Image:
    """How far a plane's motion is from that of the points, in pixels, the mean of both sides; infinite if unknown."""
    total, count = np.zeros(points.shape[:2], np.float32), np.zeros(points.shape[:2], np.float32)
    for motion, matrix in zip(motions, plane.matrices, strict=True):
        if matrix is None:
            continue
        end = cv2.perspectiveTransform(points.reshape(1, -1, 2).astype(np.float64), matrix).reshape(points.shape)
        total += np.where(motion.known, _length(end - points - motion.flow), 0)
        count += motion.known
    return np.where(count > 0, total / np.maximum(count, 1), np.inf).astype(np.float32)


def _difference(plane: _Plane, motions: list[Motion]) -> Image:
    """The same for every pixel, and no more than `_LARGEST_PIXELS`, which also stands for unknown."""
    shape = motions[0].known.shape
    total, count = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for motion, matrix in zip(motions, plane.matrices, strict=True):
        if matrix is None:
            continue
        off = _length(homography_flow(matrix, *shape) - motion.flow)
        total += np.where(motion.known, np.minimum(off, _LARGEST_PIXELS), 0)
        count += motion.known
    return np.where(count > 0, total / np.maximum(count, 1), _LARGEST_PIXELS).astype(np.float32)


def _labelled(differences: list[Image], free: Mask) -> Bytes:
    """The plane of each pixel, by its own motion and by what is around it."""
    shown = (~free).astype(np.float32)
    side = min(free.shape)
    near, wide = _odd(side * _AROUND), _odd(side * _NEIGHBOURS)
    share = np.float32(1) / np.maximum(_mean(shown, near), np.float32(1e-3))
    costs = [np.full(free.shape, _UNKNOWN_PIXELS, np.float32)]
    costs += [_mean(difference * shown, near) * share for difference in differences]
    weights = [_AGREEMENT_OF_UNKNOWN] + [np.float32(1)] * len(differences)
    share = _AGREEMENT_PIXELS / np.maximum(_mean(shown, wide), np.float32(1e-3))
    labels = np.argmin(costs, axis=0)
    for _ in range(_TURNS):
        labels = np.argmin(
            [
                cost - weight * share * _mean((labels == label) * shown, wide)
                for label, (cost, weight) in enumerate(zip(costs, weights, strict=True))
            ],
            axis=0,
        )
    return np.where(free, NOWHERE, labels).astype(np.uint8)


def _fitted_again(
    planes: list[_Plane], differences: list[Image], labels: Bytes, motions: list[Motion]
) -> list[_Plane]:
    """The planes fitted to what has taken them; those that nothing has taken go."""
    step = max(1, round((labels.size / _GRID_POINTS) ** 0.5))
    picked = (slice(step // 2, None, step),) * 2
    points = positions(*labels.shape)[picked]
    coarse = [Motion(motion.flow[picked], motion.known[picked]) for motion in motions]
    found: list[_Plane] = []
    for number, difference in enumerate(differences[: len(planes)], 1):
        close = (labels[picked] == number) & (difference[picked] < _CLAIMED_PIXELS)
        if close.sum() >= max(_LEAST_POINTS, _LEAST_SHARE / 2 * close.size):
            found.append(_fit(points, coarse, close))
    return found


def _odd(pixels: float) -> int:
    return 2 * max(1, round(pixels / 2)) + 1


def _mean(values: Image, pixels: int) -> Image:
    return cast(Image, cv2.blur(values.astype(np.float32, copy=False), (pixels, pixels)))


def _length(flow: Flow) -> Image:
    x, y = flow[..., 0], flow[..., 1]
    return np.sqrt(x * x + y * y)
