# SPDX-License-Identifier: GPL-3.0-or-later
"""How near each pixel is: relief of the people, the floor they stand on and the wall behind, in one range."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from ..image.relief import Float
from ..image.relief_ground import Ground, background, horizon_row
from ..models.person.landmarks import load_landmarks
from ..schema.depth import FACTS_FILE, FOLDER, DepthSettings
from .context import StageContext
from .depth_relief import Kept, ReliefMaker, Standing
from .depth_tracks import held, in_time, person_tracks

Array = npt.NDArray[np.float64]

_LABEL = "layout depth"
_FORMULA = "metres = 1 / (1 / far_metres + value * (1 / near_metres - 1 / far_metres)), value = pixel / 65535"
_STANDING_SECONDS = 0.5
_CUT_SHARE = 0.55
_MOST_NEARER = 2.5
_NONE_METRES = 1000.0


@dataclass(frozen=True)
class Plan:
    """What is the same or known for all frames before the first is written.

    Attributes:
        standing: Where everyone stands.
        horizon_rows: (N,) of the footage.
        focal_pixels: Of the camera that filmed.
        wall_metres: Distance of the background.
        near_metres: Distance of value 1.
        far_metres: Distance of value 0.
    """

    standing: Standing
    horizon_rows: Array
    focal_pixels: float
    wall_metres: float
    near_metres: float
    far_metres: float


def run(context: StageContext) -> None:
    """Make `depth/` (16 bits, near is 65535) and `depth/depth.json` with the range in metres."""
    pending = context.pending()
    standing = _standing(context)
    maker = ReliefMaker(context, standing)
    plan = _plan(context, standing, _measured(context, maker))
    for done, frame in enumerate(pending):
        context.step("writing depth", done, len(pending))
        context.write_grey(FOLDER, frame, _picture(context, plan, maker.calm(frame), frame), bits=16)
    _write_facts(context, plan)


def focal_length(width: int, height: int, field_of_view_degrees: float) -> float:
    """Focal length in pixels of a lens whose longer side sees this angle."""
    return max(width, height) / 2 / math.tan(math.radians(field_of_view_degrees) / 2)


def _standing(context: StageContext) -> Standing:
    settings: DepthSettings = context.settings
    footage = context.footage
    focal = focal_length(footage.width, footage.height, settings.field_of_view)
    tracks = []
    if settings.engine != "relief" and context.is_enabled("pose"):
        landmarks = load_landmarks(context.file("pose/landmarks.npz"))
        tracks = person_tracks(landmarks, footage.scenes, float(footage.frame_rate))
        tracks = [track for track in tracks if np.isfinite(track.pixels_per_metre).all()]
    if tracks:
        scale = np.stack([track.pixels_per_metre for track in tracks])
    else:
        scale = np.full((1, footage.count), _matte_scale(context))
    return Standing(tracks, focal / scale, scale)


def _matte_scale(context: StageContext) -> float:
    """Pixels per metre from the height of the matte, over frames spread through the shot."""
    settings: DepthSettings = context.settings
    heights: list[float] = []
    for frame in sorted({round(place) for place in np.linspace(1, context.footage.count, 12)}):
        rows = np.flatnonzero((context.read_grey("matte", frame) > 0.5).sum(axis=1) > 1)
        if len(rows):
            cut = rows[-1] >= context.footage.height - 2 and rows[0] > 1
            shown = _CUT_SHARE if cut else 1.0
            heights.append(float(rows[-1] - rows[0] + 1) / shown)
    typical = float(np.median(heights)) if heights else float(context.footage.height)
    return max(typical, 2.0) / settings.subject_height


def _measured(context: StageContext, maker: ReliefMaker) -> list[Kept]:
    """Facts of all frames; the pictures themselves are not held."""
    count = context.footage.count
    found: list[Kept] = []
    nothing = np.zeros((0, 0), np.float32)
    for frame in range(1, count + 1):
        context.step("shaping the figure", frame - 1, count)
        kept = maker.kept(frame)
        found.append(Kept(nothing, kept.near, kept.foot, kept.lowest_row, kept.covered))
    return found


def _plan(context: StageContext, standing: Standing, facts: list[Kept]) -> Plan:
    settings: DepthSettings = context.settings
    footage = context.footage
    focal = focal_length(footage.width, footage.height, settings.field_of_view)
    shown = np.array([kept.covered > 0 for kept in facts])
    rows = _horizon_rows(context, standing, facts, focal)
    farthest = float(standing.distances.max())
    wall = _NONE_METRES if settings.background == "none" else farthest + settings.background_distance
    distances = np.maximum(standing.distances[0] - np.array([kept.near for kept in facts]), 0.05)
    nearest = float(np.percentile(distances[shown], 2)) if shown.any() else farthest
    if settings.background == "room":
        floors = [Ground(row, focal, settings.camera_height).disparity(footage.height - 1) for row in rows]
        lowest = max(float(np.percentile(floors, 98)), 1e-3)
        nearest = min(nearest, max(1 / lowest, float(standing.distances.min()) / _MOST_NEARER))
    return Plan(standing, rows, focal, wall, nearest * 0.98, wall * 1.02)


def _horizon_rows(context: StageContext, standing: Standing, facts: list[Kept], focal: float) -> Array:
    """Rows that let the floor meet the feet, slow in time."""
    settings: DepthSettings = context.settings
    footage = context.footage
    rows = np.full(footage.count, np.nan)
    for index, kept in enumerate(facts):
        if not kept.covered:
            continue
        cut = kept.lowest_row >= footage.height
        foot = standing.tracks[0].foot_row(index + 1, footage.height) if standing.tracks and cut else kept.lowest_row
        metres = float(standing.distances[0, index]) - (0.0 if cut else kept.foot)
        rows[index] = horizon_row(foot, max(metres, 0.05), focal, settings.camera_height)
    calm = held(in_time(rows, footage.scenes, _STANDING_SECONDS * float(footage.frame_rate)), footage.scenes)
    known = calm[np.isfinite(calm)]
    return np.where(np.isfinite(calm), calm, float(np.median(known)) if len(known) else footage.height / 2)


def _picture(context: StageContext, plan: Plan, relief: Float, frame: int) -> Float:
    """Disparity of a frame in the shot's range, (H, W) float32 0..1."""
    settings: DepthSettings = context.settings
    width, height = context.footage.width, context.footage.height
    matte = context.read_grey("matte", frame)
    large = cast(Float, cv2.resize(relief, (width, height), interpolation=cv2.INTER_LINEAR))
    distance = np.float32(plan.standing.distances[0, frame - 1]) - large
    figure = 1 / np.maximum(distance, np.float32(0.05))
    ground = Ground(float(plan.horizon_rows[frame - 1]), plan.focal_pixels, settings.camera_height)
    room = background((height, width), ground if settings.background == "room" else None, plan.wall_metres)
    far, near = 1 / plan.far_metres, 1 / plan.near_metres
    disparity = room + (figure - room) * matte
    return np.clip((disparity - np.float32(far)) / np.float32(near - far), 0, 1).astype(np.float32)


def _write_facts(context: StageContext, plan: Plan) -> None:
    settings: DepthSettings = context.settings
    people = len(plan.standing.tracks)
    flat = settings.engine == "flat"
    engine = "flat" if flat else "body" if people else "relief"
    facts = {
        "label": _LABEL,
        "source": "footage",
        "engine": engine,
        "unit": "relative",
        "near_value": 65535,
        "near_metres": round(plan.near_metres, 5),
        "far_metres": round(plan.far_metres, 5),
        "metres_formula": _FORMULA,
        "metres_are": "estimated from the size of the person, a guessed lens and a level camera",
        "field_of_view_degrees": settings.field_of_view,
        "focal_pixels": round(plan.focal_pixels, 3),
        "camera_height_metres": settings.camera_height,
        "horizon_row": round(float(np.median(plan.horizon_rows)), 2),
        "wall_metres": round(plan.wall_metres, 4),
        "pixels_per_metre": round(float(np.median(plan.standing.pixels_per_metre[0])), 3),
        "subject_metres": [round(float(value), 4) for value in plan.standing.distances[0]],
        "people": people,
        "lean_degrees": [round(math.degrees(track.lean), 1) for track in plan.standing.tracks],
    }
    context.write_text(FACTS_FILE, json.dumps(facts, indent=1) + "\n")
    context.record(engine=engine, people=people, label=_LABEL)
    if engine == "relief" and settings.engine == "auto":
        context.note("nobody's landmarks are known: the relief follows the matte's shape alone")
