# SPDX-License-Identifier: GPL-3.0-or-later
"""The relief of single frames at a reduced size, kept so that it is made once, and calmed along the motion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from ..cache import write_atomic
from ..errors import InputError
from ..image.along_flow import binomial
from ..image.flow import occluded
from ..image.relief import Float, rounded
from ..image.relief_body import body_relief, skeleton_distance
from ..image.warp import Flow, resize_flow, warp
from ..models.person.landmarks import pack, unpack
from ..schema.depth import DepthSettings
from .context import StageContext
from .depth_tracks import PersonTrack
from .matte_base import Motion, Recent, around

_LONG_SIDE = 384
_WINDOW = 8
_FOOT_SHARE = 0.04
_JUMP_METRES, _DOUBT_SHARE = 0.03, 0.02


@dataclass(frozen=True)
class Standing:
    """Where everyone stands, of the whole shot.

    Attributes:
        tracks: Of the people; empty where the matte's shape alone speaks.
        distances: (P, N) metres from the camera to each person's mean plane; one row where there are no people.
        pixels_per_metre: (P, N) at the footage's size.
    """

    tracks: list[PersonTrack]
    distances: npt.NDArray[np.float64]
    pixels_per_metre: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Kept:
    """A frame's relief before it is calmed.

    Attributes:
        relief: (h, w) float32 metres towards the camera over the body plane of person 0.
        near: Metres of its nearest points (99.5 % lie behind); 0 where the matte is empty.
        foot: Metres of its lowest points.
        lowest_row: Lowest covered row of the footage; the number of rows where the picture cuts the figure.
        covered: Share of the picture the matte covers.
    """

    relief: Float
    near: float
    foot: float
    lowest_row: float
    covered: float


class ReliefMaker:
    """Reliefs of the frames of a shot.

    Args:
        context: Of the running stage.
        standing: Of the shot.
    """

    def __init__(self, context: StageContext, standing: Standing) -> None:
        self._context = context
        self._settings: DepthSettings = context.settings
        self._standing = standing
        footage = context.footage
        self._ratio = min(1.0, _LONG_SIDE / max(footage.width, footage.height))
        self._size = (max(8, round(footage.width * self._ratio)), max(8, round(footage.height * self._ratio)))
        self._recent = Recent(self.kept, _WINDOW)
        width, height = self._size
        self._motion = Motion(context, _WINDOW, lambda flow: resize_flow(flow, height, width))

    def kept(self, frame: int) -> Kept:
        """A frame's relief, from the cache where it is there."""
        path = self._context.cache("raw") / f"{frame:06d}.npz"
        found = _read(path)
        if found is None:
            self._keep(frame, path)
            found = _read(path)
        if found is None:
            raise InputError("a file of work in progress cannot be read", where=str(path))
        return found

    def calm(self, frame: int) -> Float:
        """The relief calmed along the motion, (h, w) float32 metres."""
        own = self._recent(frame).relief
        radius = {"off": 0, "light": 1, "normal": 2}[self._settings.steadiness]
        if not radius:
            return own
        near = set(around(self._context, frame, radius))
        samples = [own] * (2 * radius + 1)
        for index, other in enumerate(range(frame - radius, frame + radius + 1)):
            if other != frame and other in near:
                there, back = self._motion.flow(frame, other), self._motion.flow(other, frame)
                samples[index] = _fetched(own, self._recent(other).relief, there, back)
        return binomial(samples)

    def _keep(self, frame: int, path: Path) -> None:
        matte = cv2.resize(self._context.read_grey("matte", frame), self._size, interpolation=cv2.INTER_AREA)
        relief = self._relief(frame, cast(Float, matte))
        facts = self._measured(relief, cast(Float, matte))
        write_atomic(path, pack({"relief": relief.astype(np.float16), "facts": np.array(facts, np.float64)}))

    def _measured(self, relief: Float, matte: Float) -> tuple[float, float, float, float]:
        inside = matte > 0.5
        rows = np.flatnonzero(inside.sum(axis=1) > 1)
        if not len(rows):
            return 0.0, 0.0, float(self._context.footage.height), 0.0
        lowest = int(rows[-1])
        feet = inside.copy()
        feet[: lowest - max(1, round(_FOOT_SHARE * (lowest - int(rows[0]))))] = False
        cut = lowest >= matte.shape[0] - 2
        row = float(self._context.footage.height) if cut else (lowest + 1) / self._ratio - 1
        return float(np.percentile(relief[inside], 99.5)), float(np.median(relief[feet])), row, float(inside.mean())

    def _relief(self, frame: int, matte: Float) -> Float:
        people = [number for number, track in enumerate(self._standing.tracks) if track.weight[frame - 1] > 0]
        first = people[0] if people else 0
        relief = self._of(frame, matte, first, bool(people))
        if len(people) > 1:
            relief = self._together(frame, matte, people, relief)
        blur = self._settings.smoothness * 0.01 * self._scale(frame, first)
        if blur > 0.2:
            relief = cast(Float, cv2.GaussianBlur(relief, (0, 0), blur, borderType=cv2.BORDER_REPLICATE))
        return relief

    def _scale(self, frame: int, person: int) -> float:
        return float(self._standing.pixels_per_metre[person, frame - 1]) * self._ratio

    def _of(self, frame: int, matte: Float, person: int, has_landmarks: bool) -> Float:
        """Relief of one person over the body plane of person 0."""
        settings, standing = self._settings, self._standing
        behind = np.float32(standing.distances[0, frame - 1] - standing.distances[person, frame - 1])
        if settings.engine == "flat" or settings.strength == 0:
            return np.full(matte.shape, behind, np.float32)
        relief = rounded(matte, self._scale(frame, person))
        if has_landmarks:
            relief = body_relief(standing.tracks[person].posture(frame, self._ratio, settings), relief)
        return (relief * np.float32(settings.strength) + behind).astype(np.float32)

    def _together(self, frame: int, matte: Float, people: list[int], first: Float) -> Float:
        """Each pixel belongs to the person whose bones are nearest."""
        postures = [self._standing.tracks[person].posture(frame, self._ratio, self._settings) for person in people]
        owner = np.argmin([skeleton_distance(posture, matte.shape) for posture in postures], axis=0)
        relief = first.copy()
        for index, person in enumerate(people[1:], 1):
            np.copyto(relief, self._of(frame, matte, person, True), where=owner == index)
        return relief


def _fetched(own: Float, other: Float, there: Flow, back: Flow) -> Float:
    """A neighbour's relief on the frame's pixels, giving way softly to its own where motion is not to be had."""
    change = cast(Float, warp(other, there)) - own
    hidden = cv2.morphologyEx(occluded(there, back).astype(np.float32), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    hidden = cast(Float, cv2.GaussianBlur(hidden, (0, 0), 3.0))
    # Motion is often unsure inside plain clothes, where the relief is smooth and any neighbour will do.
    doubt = hidden + (1 - hidden) * np.float32(_DOUBT_SHARE)
    return (own + change * np.exp(-((change / np.float32(_JUMP_METRES)) ** 2) * doubt)).astype(np.float32)


def _read(path: Path) -> Kept | None:
    if not path.is_file():
        return None
    try:
        arrays = unpack(path)
        near, foot, row, covered = (float(value) for value in arrays["facts"])
        return Kept(arrays["relief"].astype(np.float32), near, foot, row, covered)
    except (InputError, KeyError):
        # A file that a crash of the machine has spoiled is made again.
        return None
