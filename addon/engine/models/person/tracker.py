# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows people through one scene: who is who, who comes, who leaves.

People are followed from frame to frame by their own landmarks, which is steady and cheap; the detector looks for more
people at intervals, at every frame while nobody is there, and on tiles of the picture when the whole shows nobody.
The state between two frames is plain numbers, so that an interrupted walk goes on exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .body import region_of_box
from .detector import Detection, overlap
from .observe import (
    RECORD,
    TRACK_NUMBERS,
    PersonNetworks,
    Records,
    Seen,
    Track,
    blank_records,
    joint_distance,
    likeness,
    track_from_array,
)
from .regions import Points, Region

LEAST_PRESENCE = 0.3
"""Below this the detector denies that a person is where landmarks are still found."""

SLOTS = 4

_SAME_PERSON = 0.08
_SAME_BOX = 0.3
_SAME_COLOURS = 0.5
_DETECT_EVERY = 8
_CHECK_EVERY = 4
_TILES_EVERY = 8
_TILE_SIDES = (1.0, 0.5)
_SURE_TILE = 0.6
_DOUBTS_TO_LOSE = 2


@dataclass(frozen=True)
class Seed:
    """A box around a person in a frame: left, top, right, bottom in pixels."""

    frame: int
    box: tuple[float, float, float, float]


@dataclass
class SceneState:
    """People being followed, between two frames.

    Attributes:
        tracks: (SLOTS, TRACK_NUMBERS) where each was last seen; NaN for a place never used.
        alive: (SLOTS,) whether it is being followed now.
        doubts: (SLOTS,) presence checks failed in a row.
        last: (SLOTS,) last record of each.
    """

    tracks: Points
    alive: npt.NDArray[np.bool_]
    doubts: npt.NDArray[np.int64]
    last: Records

    @staticmethod
    def new() -> SceneState:
        """Nobody yet."""
        return SceneState(
            np.full((SLOTS, TRACK_NUMBERS), np.nan),
            np.zeros(SLOTS, np.bool_),
            np.zeros(SLOTS, np.int64),
            blank_records(SLOTS),
        )

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Everything as arrays of plain numbers."""
        return {
            "tracks": self.tracks,
            "alive": self.alive,
            "doubts": self.doubts,
            "last": np.frombuffer(self.last.tobytes(), np.uint8),
        }

    @staticmethod
    def from_arrays(arrays: dict[str, npt.NDArray[np.generic]]) -> SceneState:
        """The inverse of `arrays`."""
        return SceneState(
            np.array(arrays["tracks"], np.float64),
            np.array(arrays["alive"], np.bool_),
            np.array(arrays["doubts"], np.int64),
            np.frombuffer(arrays["last"].tobytes(), RECORD).copy(),
        )


class SceneTracker:
    """Walks through a scene forwards.

    Args:
        networks: Loaded networks.
        people: Most people to follow.
        confidence: Least score of the detector.
        seeds: The artist's boxes in this scene; when there are any, nobody else is looked for.
        first: First frame of the scene.
    """

    def __init__(
        self, networks: PersonNetworks, people: int, confidence: float, seeds: tuple[Seed, ...], first: int
    ) -> None:
        self._networks = networks
        self._people = people
        self._confidence = confidence
        self._seeds = seeds
        self._first = first

    def step(self, picture: npt.NDArray[np.uint8], frame: int, state: SceneState) -> tuple[Records, float]:
        """Follow everybody into a frame, and look for more people when it is time.

        Args:
            picture: (H, W, 3) uint8 sRGB.
            frame: Its number.
            state: Changed in place.

        Returns:
            (SLOTS,) records, NaN for absent people, and the detector's best score (NaN when it did not look).
        """
        records = blank_records(SLOTS)
        since = frame - self._first
        check = since % _CHECK_EVERY == 0
        strange = {slot: self._follow(picture, slot, state, records, check=check) for slot in _living(state)}
        _part_doubles(state, records, strange)
        for seed in self._seeds:
            if seed.frame == frame:
                self._plant(picture, seed, state, records)
        score = float("nan")
        if since % _DETECT_EVERY == 0 or not state.alive.any():
            tiles = since % _TILES_EVERY == 0 and not state.alive.any()
            score, detections = self._look(picture, tiles=tiles)
            for detection in detections if not self._seeds else ():
                self._welcome(picture, detection, state, records)
        return records, score

    def _follow(
        self, picture: npt.NDArray[np.uint8], slot: int, state: SceneState, records: Records, *, check: bool
    ) -> float:
        """Find one person in the frame; how unlike the frame before they look there (jump and change of colours)."""
        track = track_from_array(state.tracks[slot])
        seen = self._networks.observe(picture, track, check_presence=check) if track else None
        if track is None or seen is None:
            state.alive[slot] = False
            return 0.0
        record = seen.record
        if check:
            state.doubts[slot] = state.doubts[slot] + 1 if record["presence"] < LEAST_PRESENCE else 0
        if state.doubts[slot] >= _DOUBTS_TO_LOSE:
            state.alive[slot] = False
            return 0.0
        jump = joint_distance(record, state.last[slot])
        records[slot] = record
        state.last[slot] = record
        state.tracks[slot] = seen.track.to_array()
        return jump + 0.5 * (1.0 - likeness(track.colours, seen.colours))

    def _look(self, picture: npt.NDArray[np.uint8], *, tiles: bool) -> tuple[float, tuple[Detection, ...]]:
        sighting = self._networks.detector(picture, threshold=self._confidence)
        if sighting.detections or not tiles:
            return sighting.best_score, sighting.detections
        score, found = look_in_tiles(self._networks, picture, max(self._confidence, _SURE_TILE))
        return max(score, sighting.best_score), found

    def _welcome(
        self, picture: npt.NDArray[np.uint8], detection: Detection, state: SceneState, records: Records
    ) -> None:
        """Start to follow a detected person who is not being followed yet."""
        if int(state.alive.sum()) >= self._people:
            return
        track = self._networks.begin_at(picture, detection)
        if track is not None:
            self._start(picture, track, state, records)

    def _plant(self, picture: npt.NDArray[np.uint8], seed: Seed, state: SceneState, records: Records) -> None:
        """Follow the person in the artist's box: the one already followed there, or a new one."""
        box = np.array(seed.box).reshape(2, 2)
        slots = np.flatnonzero(state.alive)
        if len(slots):
            shares = overlap(box, records["boxes"][slots].astype(np.float64).reshape(-1, 2, 2))
            if shares.max() > _SAME_BOX:
                return
        track = self._networks.begin(picture, region_of_box(seed.box, picture.shape[0]))
        if track is not None:
            self._start(picture, track, state, records)

    def _start(self, picture: npt.NDArray[np.uint8], track: Track, state: SceneState, records: Records) -> None:
        seen = self._networks.observe(picture, track, check_presence=True)
        if seen is None:
            return
        record = seen.record
        if any(joint_distance(record, records[slot]) < _SAME_PERSON for slot in _living(state)):
            return
        if not self._seeds and record["presence"] < LEAST_PRESENCE:
            return
        slot = _choose_slot(state, seen.track, self._people)
        if slot is None:
            return
        records[slot] = record
        state.last[slot] = record
        state.tracks[slot] = seen.track.to_array()
        state.alive[slot] = True
        state.doubts[slot] = 0


def walk_back(networks: PersonNetworks, picture: npt.NDArray[np.uint8], track: Track, others: Records) -> Seen | None:
    """One step against time, from where a person was first found; None when they are not there yet.

    Args:
        networks: Loaded networks.
        picture: (H, W, 3) uint8, the frame before.
        track: From the frame after it.
        others: (SLOTS,) records of the other people in that frame.
    """
    seen = networks.observe(picture, track, check_presence=True)
    if seen is None or seen.record["presence"] < LEAST_PRESENCE:
        return None
    there = others[np.isfinite(others["body_score"])]
    if any(joint_distance(seen.record, other) < _SAME_PERSON for other in there):
        return None
    return seen


def tiles_of(width: int, height: int, part: float) -> list[Region]:
    """Overlapping squares that cover a picture; their side is `part` of its shorter side."""
    side = max(32.0, part * min(width, height))
    rights = _centres(width, side)
    return [Region(x, y, side, side) for y in _centres(height, side) for x in rights]


def look_in_tiles(
    networks: PersonNetworks, picture: npt.NDArray[np.uint8], confidence: float
) -> tuple[float, tuple[Detection, ...]]:
    """People too small for the whole picture: found in a tile, and again in a tile centred on them.

    Returns:
        The best score that was seen twice (0 when none was), and those people, best first.
    """
    height, width = picture.shape[:2]
    for part in _TILE_SIDES:
        found: list[Detection] = []
        for tile in tiles_of(width, height, part):
            for detection in networks.detector(picture, tile, confidence).detections:
                again = networks.detector(picture, _about(detection), confidence).detections
                if again:
                    found.append(Detection(min(detection.score, again[0].score), again[0].box, again[0].points))
        if found:
            found.sort(key=lambda detection: -detection.score)
            return found[0].score, tuple(found)
    return 0.0, ()


def _about(detection: Detection) -> Region:
    reach = float(np.hypot(*(detection.points[1] - detection.points[0])))
    return Region(float(detection.points[0, 0]), float(detection.points[0, 1]), reach * 3, reach * 3)


def _centres(length: int, side: float) -> list[float]:
    if side >= length:
        return [length / 2]
    count = int(np.ceil((length - side) / (side * 0.6))) + 1
    return [float(value) for value in np.linspace(side / 2, length - side / 2, count)]


def _living(state: SceneState) -> list[int]:
    return [int(slot) for slot in np.flatnonzero(state.alive)]


def _part_doubles(state: SceneState, records: Records, strange: dict[int, float]) -> None:
    """Where two tracks have come to lie on one person, keep the one that changed less: it is the person in front."""
    alive = _living(state)
    for place, first in enumerate(alive):
        for second in alive[place + 1 :]:
            if not (state.alive[first] and state.alive[second]):
                continue
            if joint_distance(records[first], records[second]) < _SAME_PERSON:
                loser = second if strange[first] <= strange[second] else first
                state.alive[loser] = False
                records[loser] = blank_records(1)[0]


def _choose_slot(state: SceneState, track: Track, people: int) -> int | None:
    """The place of a person who was lost and looks like this one, or else a free one."""
    unused = [slot for slot in range(people) if np.isnan(state.tracks[slot, 0])]
    lost = [slot for slot in range(people) if not state.alive[slot] and slot not in unused]
    likest = max(lost, key=lambda slot: _likeness_to(state, slot, track), default=None)
    if likest is not None and (not unused or _likeness_to(state, likest, track) >= _SAME_COLOURS):
        return likest
    return unused[0] if unused else None


def _likeness_to(state: SceneState, slot: int, track: Track) -> float:
    known = track_from_array(state.tracks[slot])
    return likeness(known.colours if known else None, track.colours)
