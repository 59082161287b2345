# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of a shot: where they stand in every frame, and the distance of their surface."""

from __future__ import annotations

import io
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ..cache import write_atomic
from ..image.body import Body, prepare_body, smooth
from ..image.figure import add_arms, add_face, add_hands, torso_base
from ..image.layout import distances, focal_pixels
from ..image.relief import inflate
from ..models.person.landmarks import load_landmarks
from ..schema.depth import DepthSettings
from ..schema.pose import FILE as LANDMARKS
from .context import StageContext

Image = npt.NDArray[np.float32]
Array = npt.NDArray[np.float32]

_DISTANCE_SECONDS = 0.3
# Of its height, what is seen of a figure that the picture's lower edge cuts.
_SEEN_WHEN_CUT = 0.55
_SMALLEST_SHARE = 0.0005


@dataclass(frozen=True)
class Figures:
    """What stands before the camera.

    Attributes:
        engine: "relief" or "flat".
        settings: Of the stage.
        bodies: People with landmarks.
        body_metres: (P, N) distance of each.
        plain_metres: (N,) distance of a figure without landmarks.
        plain_scale: Its pixels per metre.
        camera_metres: Height of the camera over the ground.
    """

    engine: str
    settings: DepthSettings
    bodies: list[Body]
    body_metres: Array
    plain_metres: Array
    plain_scale: float
    camera_metres: float

    @property
    def distances_metres(self) -> Array:
        """(N,) distance of the nearest figure."""
        return self.body_metres.min(0) if self.bodies else self.plain_metres

    @property
    def typical_metres(self) -> float:
        """Usual distance of the nearest figure."""
        return float(np.median(self.distances_metres))

    @property
    def nearest_metres(self) -> float:
        """Least distance of any figure in any frame."""
        return float(self.distances_metres.min())

    @property
    def farthest_metres(self) -> float:
        """Largest distance of any figure in any frame."""
        return float((self.body_metres if self.bodies else self.plain_metres).max())

    def distance(self, frame: int, matte: Image, scale: float) -> Image:
        """Distance of the figures' surface in metres, also beyond the matte's edge.

        Args:
            frame: From 1.
            matte: float32 (h, w) on the working grid.
            scale: Of that grid to the footage.
        """
        at = frame - 1
        here = [index for index, body in enumerate(self.bodies) if body.present[at]]
        if not here:
            relief = self._lifted(inflate(matte, self.plain_scale * scale))
            return np.full_like(matte, self.plain_metres[at]) - relief
        best = np.full(matte.shape, -np.inf, np.float32)
        result = np.zeros_like(matte)
        for index in here:
            relief, nearness = self._person(self.bodies[index], at, matte, scale)
            own = nearness > best
            result = np.where(own, self.body_metres[index, at] - self._lifted(relief), result)
            best = np.maximum(best, nearness)
        return result.astype(np.float32)

    def _lifted(self, relief: Image) -> Image:
        return relief * np.float32(0 if self.engine == "flat" else self.settings.strength)

    def _person(self, body: Body, at: int, matte: Image, scale: float) -> tuple[Image, Image]:
        base, nearness = torso_base(body, at, (matte.shape[0], matte.shape[1]), scale)
        relief = base + inflate(matte, body.pixels_per_metre * scale)
        add_arms(relief, body, at, scale)
        if self.settings.hands:
            add_hands(relief, body, at, scale)
        if self.settings.face:
            add_face(relief, body, at, scale)
        return relief, nearness


def measure_figures(context: StageContext) -> Figures:
    """Look at the whole shot: scales, distances, the ground."""
    settings: DepthSettings = context.settings
    footage = context.footage
    bodies = _bodies(context, settings)
    outline = _outlines(context)
    focal = focal_pixels(footage.width, footage.height, settings.field_of_view)
    horizon = (footage.height - 1) / 2
    plain_scale = _plain_scale(outline, footage.height, settings.height_metres)
    lowest = _steady_rows(outline[:, 1], context)
    plain, camera = distances(lowest, focal / plain_scale, focal, horizon, footage.count)
    metres = np.zeros((len(bodies), footage.count), np.float32)
    for index, body in enumerate(bodies):
        soles = lowest if len(bodies) == 1 else _steady_rows(_soles(body, footage.height), context)
        metres[index], camera = distances(soles, focal / body.pixels_per_metre, focal, horizon, footage.count)
    if bodies:
        plain = metres.min(0)
        plain_scale = focal / float(np.median(plain))
    engine = "flat" if settings.engine == "flat" else "relief"
    _tell(context, engine, len(bodies))
    return Figures(engine, settings, bodies, metres, plain, plain_scale, camera)


def _tell(context: StageContext, engine: str, people: int) -> None:
    if engine == "flat":
        context.note("layout depth: the character is a flat card")
    elif people:
        context.note(f"layout depth: relief of {people} {'person' if people == 1 else 'people'} from landmarks")
    else:
        context.note("layout depth: no landmarks of people, relief from the matte's shape alone")


def _bodies(context: StageContext, settings: DepthSettings) -> list[Body]:
    path = context.file(LANDMARKS)
    if not context.is_enabled("pose") or not path.is_file():
        return []
    landmarks = load_landmarks(path)
    rate = float(context.footage.frame_rate)
    found = [
        prepare_body(landmarks, person, context.footage.scenes, rate, settings.steadiness)
        for person in range(landmarks.people)
    ]
    return [body for body in found if body is not None and body.pixels_per_metre > 1]


def _soles(body: Body, height: int) -> Array:
    feet = body.places[:, 29:33, 1]
    seen = (body.visibility[:, 29:33] > 0.5) & (feet < height - 2)
    rows = np.where(seen, feet, -np.inf).max(1)
    return np.where(np.isfinite(rows), rows, np.nan).astype(np.float32)


def _steady_rows(rows: Array, context: StageContext) -> Array:
    sigma = _DISTANCE_SECONDS * float(context.footage.frame_rate)
    return np.concatenate([smooth(rows[first - 1 : last], sigma) for first, last in context.footage.scenes])


def _outlines(context: StageContext) -> Array:
    """(N, 3) top row, lowest row (NaN where the picture's edge cuts it) and height of the matte; kept in the cache."""
    path = context.cache() / "outlines.npy"
    if path.is_file():
        return np.load(path, allow_pickle=False)
    count = context.footage.count
    found = np.full((count, 3), np.nan, np.float32)
    for frame in range(1, count + 1):
        found[frame - 1] = outline_of(context.read_grey("matte", frame))
        context.step("measuring", frame, count)
    stream = io.BytesIO()
    np.save(stream, found)
    write_atomic(path, stream.getvalue())
    return found


def outline_of(matte: Image) -> tuple[float, float, float]:
    """Top row, lowest row (NaN where the picture's lower edge cuts it) and height of a matte; NaN when it is empty."""
    solid = cv2.morphologyEx((matte > 0.5).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    if solid.mean() < _SMALLEST_SHARE:
        return float("nan"), float("nan"), float("nan")
    rows = np.flatnonzero(solid.any(1))
    cut = rows[-1] >= matte.shape[0] - 3
    return float(rows[0]), float("nan") if cut else float(rows[-1]), float(rows[-1] - rows[0] + 1)


def _plain_scale(outline: Array, height: int, metres: float) -> float:
    tall = outline[:, 2]
    known = np.isfinite(tall)
    if not known.any():
        return height / metres
    is_cut = np.isnan(outline[known, 1]).mean() > 0.5
    return float(np.median(tall[known])) / (metres * (_SEEN_WHEN_CUT if is_cut else 1.0))
