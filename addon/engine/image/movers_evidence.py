# SPDX-License-Identifier: GPL-3.0-or-later
"""How badly a static scene seen by a moving camera explains what two frames show, against the pixels' own motion.

A static scene moves along epipolar lines, by a parallax that keeps within what the border of the picture shows (Irani
and Anandan, "A Unified Approach to Moving Object Detection in 2D and 3D Scenes", 1998): walls, floors, trees and
pillars obey, whatever their shape. What breaks that is compared with the motion of the static scene around it: does
the other frame show the same there? The answer counts *less* what the pixel's own motion leaves unexplained, so it
needs no threshold that depends on grain, and slow changes of brightness (shadows) hardly count.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from .fill import fill
from .warp import homography_flow, inside, positions, resize_flow, warp

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_POINTS = 1200
"""Samples of the motion that the geometry is fitted to."""
_RIM = 0.15
"""Of the picture's sides: left, right and top strips where a scene is taken to stand still (people stand below)."""
_LEAST_POINTS = 40
_TRIES = 300
_PLANE_PIXELS, _LINE_PIXELS = 0.7, 0.5
_OFF_LINE_PIXELS = 0.7
_RANGE_BEYOND, _RANGE_MARGIN = 1.5, 0.5
"""Parallax may go beyond the border's by its whole range, and by this many pixels."""
_MOST_OFF_PLANE = 1.5
_GATE_PIXELS = 0.9
_LOCAL_BRIGHTNESS = 0.8
"""Share of the brightness of the neighbourhood that does not count."""
_NEIGHBOURHOOD = 21
_CHROMA = 2.0
_FULL = 20.0
"""Difference, in levels of `features`, that counts in full."""


def features(picture: Bytes) -> Bytes:
    """What is compared: brightness against that of the neighbourhood, and the colour twice as strong.

    Args:
        picture: (H, W, 3) uint8 RGB.

    Returns:
        (H, W, 3) uint8, 128 in the middle.
    """
    lab = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), np.float32)
    around = cv2.blur(lab[..., 0], (_NEIGHBOURHOOD, _NEIGHBOURHOOD)) - np.float32(128)
    lab[..., 0] -= np.float32(_LOCAL_BRIGHTNESS) * around
    lab[..., 1:] = (lab[..., 1:] - 128) * np.float32(_CHROMA) + 128
    return np.clip(lab, 0, 255).astype(np.uint8)


def static_flow(flow: Float) -> tuple[Float, Mask]:
    """The motion a static scene would have.

    Args:
        flow: (H, W, 2) float32, pixels, from a frame to another one up to a dozen frames away.

    Returns:
        The scene's motion, (H, W, 2) float32, extended over what does not obey it; and (H, W) bool of what does not.
    """
    height, width = flow.shape[:2]
    half = resize_flow(flow, (height + 1) // 2, (width + 1) // 2)
    obeying = _obeying(half)
    off = obeying - half
    odd = np.asarray(cv2.blur((off * off).sum(axis=-1), (3, 3)) > (_GATE_PIXELS / 2) ** 2)
    odd = cv2.dilate(odd.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    extended = fill(obeying, ~odd)
    enlarged = cv2.resize(odd.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    return resize_flow(extended, height, width), np.asarray(enlarged)


def _obeying(flow: Float) -> Float:
    """Each pixel's motion moved to the nearest that a static scene allows."""
    height, width = flow.shape[:2]
    step = max(2, round((height * width / _POINTS) ** 0.5))
    picked = (slice(step // 2, None, step),) * 2
    start = positions(height, width)[picked].reshape(-1, 2)
    end = start + flow[picked].reshape(-1, 2)
    stays: Mask = np.all((end >= 0) & (end <= (width - 1, height - 1)), axis=1)
    plane = homography_flow(_plane(start, end, stays, width, height), height, width)
    lines = _epipolar(start[stays], end[stays])
    if lines is None:
        return plane
    return _on_lines(flow, plane, lines)


def _plane(start: Float, end: Float, stays: Mask, width: int, height: int) -> npt.NDArray[np.float64]:
    """The homography of most of what is seen along the border."""
    chosen = stays & (_in_rim(start[:, 0], start[:, 1], width, height))
    if chosen.sum() < _LEAST_POINTS:
        chosen = stays
    if chosen.sum() < 4:
        return np.eye(3)
    cv2.setRNGSeed(1)
    found = cv2.findHomography(
        start[chosen], end[chosen], cv2.USAC_MAGSAC, _PLANE_PIXELS, maxIters=_TRIES, confidence=0.995
    )[0]
    return np.eye(3) if found is None else np.asarray(found, np.float64)


def _in_rim(x: Float, y: Float, width: int, height: int) -> Mask:
    return (x < _RIM * width) | (x >= (1 - _RIM) * width) | (y < _RIM * height)


def _epipolar(start: Float, end: Float) -> Float | None:
    """The fundamental matrix of most of the picture, (3, 3)."""
    if len(start) < _LEAST_POINTS:
        return None
    for method in (cv2.USAC_MAGSAC, cv2.FM_RANSAC):
        cv2.setRNGSeed(1)
        try:
            matrix = cv2.findFundamentalMat(start, end, method, _LINE_PIXELS, 0.995, _TRIES)[0]
        except cv2.error:
            # A still camera gives points that fix no lines: OpenCV's search then fails on its own checks.
            continue
        if matrix is not None and matrix.shape == (3, 3) and np.isfinite(matrix).all():
            return np.asarray(matrix, np.float32)
    return None


def _on_lines(flow: Float, plane: Float, matrix: Float) -> Float:
    height, width = flow.shape[:2]
    at = positions(height, width)
    line = at @ matrix[:, :2].T + matrix[:, 2]
    line /= np.maximum(np.hypot(line[..., 0], line[..., 1]), np.float32(1e-9))[..., None]
    normal = line[..., :2]
    along = np.stack([-normal[..., 1], normal[..., 0]], axis=-1)
    parallax = ((flow - plane) * along).sum(axis=-1)
    from_line = ((at + flow) * normal).sum(axis=-1) + line[..., 2]
    plane_from_line = ((at + plane) * normal).sum(axis=-1) + line[..., 2]
    sampled = _in_rim(at[..., 0], at[..., 1], width, height) & (np.abs(from_line) < _OFF_LINE_PIXELS)
    low, high = _parallax_range(parallax[sampled])
    # A plane that is far off the lines means that the lines are wrong: then it is left nearly where it is.
    shift = np.clip(plane_from_line, -_MOST_OFF_PLANE, _MOST_OFF_PLANE)
    moved = np.clip(parallax, low, high)[..., None] * along - shift[..., None] * normal
    return np.asarray(plane + moved, np.float32)


def _parallax_range(values: Float) -> tuple[float, float]:
    if len(values) < _LEAST_POINTS:
        return 0.0, 0.0
    low, high = (float(edge) for edge in np.percentile(values, (3, 97)))
    low, high = min(low, 0.0), max(high, 0.0)
    beyond = _RANGE_BEYOND * (high - low) + _RANGE_MARGIN
    return low - beyond, high + beyond


def costs(frame: Bytes, other: Bytes, flow: Float) -> tuple[Float, Float]:
    """How badly the static scene, and how badly the pixel's own motion, explain what another frame shows.

    Args:
        frame: `features` of a frame, (H, W, 3) uint8.
        other: `features` of the other one.
        flow: (H, W, 2) float32, pixels, from the frame to the other.

    Returns:
        (H, W) float32 0..1 each; the first is 0 where the own motion is the scene's, and where the scene leaves the
        picture (nobody knows).
    """
    scene, odd = static_flow(flow)
    own = _difference(frame, other, flow)
    counts = odd & inside(scene, *flow.shape[:2])
    return np.where(counts, _difference(frame, other, scene), np.float32(0)), own


def _difference(frame: Bytes, other: Bytes, flow: Float) -> Float:
    """Difference over a small window; what the other frame shows within a pixel counts as the same."""
    warped = np.asarray(warp(other, flow), np.uint8)
    kernel = np.ones((3, 3), np.uint8)
    above = cv2.subtract(frame, cv2.dilate(warped, kernel))
    below = cv2.subtract(cv2.erode(warped, kernel), frame)
    channels = cv2.split(cv2.max(above, below))
    largest = cv2.max(cv2.max(channels[0], channels[1]), channels[2]).astype(np.float32)
    return np.minimum(cv2.blur(largest, (3, 3)) / np.float32(_FULL), np.float32(1))


def gathered(sides: list[list[tuple[Float, Float]]]) -> Float:
    """Evidence that a pixel moves by itself.

    At each distance the better explained of past and future counts, because what a mover uncovers has no past and what
    it will cover has no future. Distances are independent witnesses.

    Args:
        sides: At each distance, the (static, own) costs of the one or two sides.

    Returns:
        (H, W) float32 0..1.
    """
    quiet: Float | None = None
    for pairs in sides:
        static = np.minimum.reduce([pair[0] for pair in pairs])
        own = np.minimum.reduce([pair[1] for pair in pairs])
        unmoved = 1 - np.maximum(static - own, np.float32(0))
        quiet = unmoved if quiet is None else quiet * unmoved
    if quiet is None:
        raise ValueError("evidence needs another frame")
    return np.asarray(1 - quiet, np.float32)
