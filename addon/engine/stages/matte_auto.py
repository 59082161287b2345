# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a clip and say which engine suits it, and why."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from ..frames import list_frames
from ..models.person.landmarks import Landmarks
from ..schema.matte import MatteSettings
from .context import StageContext
from .matte_base import Float, sampled, scene_of
from .matte_chroma import colour_text, found_screen

_SAMPLES = 9
_SCREEN_SHARE = 0.6
LOCKED_PIXELS = 0.6
"""A camera counts as locked while the edges of the picture stay within this."""
_LONG_SIDE = 480
_MOVING_SHARE = 0.002
_MOVING_PIXELS = 1.0


def choose(context: StageContext, landmarks: Landmarks | None) -> tuple[str, str]:
    """Engine and reason.

    The order is by how sure the evidence is: the clip's own alpha, strokes or a plate the artist made, a screen,
    people, motion. With none of them the whole picture is the character, with a warning.
    """
    settings: MatteSettings = context.settings
    transparent = _transparent_share(context)
    if transparent > 0:
        return "alpha", f"the clip has an alpha channel, {transparent:.0%} of it transparent"
    if list_frames(context.file(settings.strokes)):
        return "motion", f'there are painted strokes in "{settings.strokes}"'
    if settings.plate != "auto":
        return "plate", f'a clean plate is given, "{settings.plate}"'
    share, colour = found_screen(context)
    if share >= _SCREEN_SHARE:
        return "chroma", f"{share:.0%} of the picture's border is one hue, {colour_text(colour)}"
    people = _people(context, landmarks)
    return ("person", people) if people else _by_motion(context, landmarks)


def _transparent_share(context: StageContext) -> float:
    """Share of the clip's alpha that is not opaque; 0 without alpha."""
    if not context.footage.has_alpha:
        return 0.0
    return float(np.mean([(context.read_grey("alpha", frame) < 0.98).mean() for frame in sampled(context, _SAMPLES)]))


def _people(context: StageContext, landmarks: Landmarks | None) -> str:
    """Sentence about the people found; empty when there are none."""
    settings: MatteSettings = context.settings
    if landmarks is None or not landmarks.boxes.shape[0]:
        return ""
    present = np.isfinite(landmarks.boxes).all(axis=-1).any(axis=0)
    if not present.any():
        return ""
    number = landmarks.boxes.shape[0]
    who = "one person was" if number == 1 else f"{number} people were"
    drawn = ", in the box drawn" if settings.box else ""
    return f"{who} found, in {int(present.sum())} of {context.footage.count} frames{drawn}"


def _by_motion(context: StageContext, landmarks: Landmarks | None) -> tuple[str, str]:
    nobody = "" if landmarks is None else "nobody was found, and "
    camera, moving = measure_motion(context)
    if moving < _MOVING_SHARE:
        context.warn(
            f"{nobody}nothing moves by itself: the whole picture is taken as the character. Draw a box (matte.box with "
            "matte.engine = person), give a clean plate (matte.plate) or paint strokes (matte.strokes)."
        )
        return "off", f"{nobody}nothing moves against the background"
    if camera < LOCKED_PIXELS and context.footage.count >= 12 and len(context.footage.scenes) == 1:
        return "plate", f"{nobody}the camera is locked and {moving:.1%} of the picture moves"
    return "motion", f"{nobody}{moving:.1%} of the picture moves by itself against the background"


def measure_motion(context: StageContext) -> tuple[float, float]:
    """How far the camera moves over a scene (pixels) and which share of the picture moves by itself."""
    camera = camera_drift(context)
    if camera < LOCKED_PIXELS:
        return camera, changed_share(context)
    moving: list[float] = []
    for frame in sampled(context, _SAMPLES):
        first, last = scene_of(context, frame)
        if first < last:
            flow = context.flow(frame, frame + 1 if frame < last else frame - 1)
            own = np.linalg.norm(flow - background_flow(flow), axis=-1)
            moving.append(float((own > _MOVING_PIXELS).mean()))
    return camera, float(np.median(moving)) if moving else 0.0


def camera_drift(context: StageContext) -> float:
    """How far (pixels) the background's edges move in the longest scene.

    It is measured on the edges of the scene's median picture, where a displacement shows as a difference over the
    gradient: plain walls have no motion that could be found. Upright and level edges are looked at apart, since each
    hides one direction, and the steadier part of them speaks for the background.
    """
    pictures, median = _longest_scene(context)
    slopes = [cv2.Sobel(median, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(median, cv2.CV_32F, 0, 1) / 8]
    drift = 0.0
    for slope, other in (slopes, slopes[::-1]):
        steep = np.abs(slope)
        edges = (steep > max(0.015, float(np.percentile(steep, 85)))) & (steep > 2 * np.abs(other))
        if edges.sum() >= 50:
            moved = [_edge_motion(picture, median, steep, edges) for picture in pictures]
            # Not the largest: the character covers edges in passing.
            drift = max(drift, float(np.percentile(moved, 75)) / _scale(context))
    return drift


def _edge_motion(picture: Float, median: Float, steep: Float, edges: npt.NDArray[np.bool_]) -> float:
    """Displacement in small pixels that the steadier part of the edges shows, with the light matched."""
    gain = float(np.median(median[edges] / np.maximum(picture[edges], 0.02)))
    return float(np.percentile(np.abs(picture * gain - median)[edges] / steep[edges], 40))


def changed_share(context: StageContext) -> float:
    """Largest share of the picture that differs from the median of the longest scene; for a locked camera."""
    pictures, median = _longest_scene(context)
    return max(float((np.abs(picture - median) > 0.08).mean()) for picture in pictures)


def _longest_scene(context: StageContext) -> tuple[list[Float], Float]:
    """Small grey pictures spread over the longest scene, and their median."""
    first, last = max(context.footage.scenes, key=lambda scene: scene[1] - scene[0])
    frames = sorted({round(place) for place in np.linspace(first, last, min(_SAMPLES, last - first + 1))})
    pictures = [_small_grey(context, frame) for frame in frames]
    return pictures, np.median(np.stack(pictures), axis=0).astype(np.float32)


def _scale(context: StageContext) -> float:
    return min(1.0, _LONG_SIDE / max(context.footage.width, context.footage.height))


def _small_grey(context: StageContext, frame: int) -> Float:
    grey = cv2.cvtColor(context.read_rgb8("frames", frame), cv2.COLOR_RGB2GRAY)
    scale = _scale(context)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0), np.float32) / np.float32(255)


def background_flow(flow: Float) -> Float:
    """The flow of the background as one plane, fitted by RANSAC. (H, W, 2) float32 pixels in and out."""
    height, width = flow.shape[:2]
    step = max(4, min(height, width) // 40)
    rows, columns = np.mgrid[step // 2 : height : step, step // 2 : width : step]
    start = np.stack([columns.ravel(), rows.ravel()], axis=1).astype(np.float32)
    end = start + flow[rows.ravel(), columns.ravel()]
    cv2.setRNGSeed(1)
    matrix, _ = cv2.estimateAffine2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=0.7, maxIters=500)
    if matrix is None:
        return np.zeros_like(flow)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    moved = np.stack([x, y, np.ones_like(x)], axis=-1) @ matrix.T.astype(np.float32)
    return (moved - np.stack([x, y], axis=-1)).astype(np.float32)
