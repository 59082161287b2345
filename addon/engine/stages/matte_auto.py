# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a clip and say which engine suits it, and why."""

from __future__ import annotations

import cv2
import numpy as np

from ..frames import list_frames
from ..models.person.landmarks import Landmarks
from ..schema.matte import MatteSettings
from .context import StageContext
from .matte_base import Float, sampled, scene_of
from .matte_chroma import colour_text, found_screen

_SAMPLES = 9
_SCREEN_SHARE = 0.6
_LOCKED_PIXELS = 0.25
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
    if camera < _LOCKED_PIXELS and context.footage.count >= 12 and len(context.footage.scenes) == 1:
        return "plate", f"{nobody}the camera is locked and {moving:.1%} of the picture moves"
    return "motion", f"{nobody}{moving:.1%} of the picture moves by itself against the background"


def measure_motion(context: StageContext) -> tuple[float, float]:
    """How far the camera moves from frame to frame (median, pixels) and which share of the picture moves by itself."""
    camera: list[float] = []
    moving: list[float] = []
    for frame in sampled(context, _SAMPLES):
        first, last = scene_of(context, frame)
        if first == last:
            continue
        flow = context.flow(frame, frame + 1 if frame < last else frame - 1)
        background = background_flow(flow)
        camera.append(float(np.median(np.linalg.norm(background, axis=-1))))
        moving.append(float((np.linalg.norm(flow - background, axis=-1) > _MOVING_PIXELS).mean()))
    return (float(np.median(camera)), float(np.median(moving))) if camera else (0.0, 0.0)


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
