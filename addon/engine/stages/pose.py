# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose stage: follows people through each scene and keeps their landmarks in `pose/landmarks.npz`.

Scene by scene: forwards with the tracker, then backwards from every place where somebody was first found, since a
person is often there before the detector is sure of it. Both walks are kept in short pieces, so that an interrupted run
goes on where it was and ends with the same bytes.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..cache import write_atomic
from ..errors import InputError, SettingError
from ..models.person.clean import keep_people, smooth_boxes, trim
from ..models.person.landmarks import Landmarks, empty_landmarks, pack, unpack
from ..models.person.observe import RECORD, PersonNetworks, Records, Track, blank_records
from ..models.person.regions import from_array
from ..models.person.tracker import SLOTS, SceneState, SceneTracker, Seed, walk_back
from ..schema.pose import FILE, PoseSettings, parse_box
from .context import StageContext

_PIECE = 16


def run(context: StageContext) -> None:
    """Find and follow people; write the landmarks of the whole shot."""
    settings: PoseSettings = context.settings
    footage = context.footage
    seeds = _seeds(settings, footage.count, footage.width, footage.height)
    walk = _Walk(context, PersonNetworks(), settings, seeds)
    records, scores = walk.all_scenes()
    seeded = {slot for slot in range(SLOTS) for seed in seeds if _present(records)[seed.frame - 1, slot]}
    kept = keep_people(records, settings.people or SLOTS, seeded)
    landmarks = _landmarks([records[:, slot] for slot in kept], scores)
    smooth_boxes(landmarks.boxes, footage.scenes, float(footage.frame_rate), (footage.width, footage.height))
    context.write_bytes(FILE, pack({item.name: getattr(landmarks, item.name) for item in fields(landmarks)}))
    _tell(context, landmarks)


def _seeds(settings: PoseSettings, count: int, width: int, height: int) -> tuple[Seed, ...]:
    seeds: list[Seed] = []
    for text in settings.boxes:
        box = parse_box(text)
        if box.frame > count:
            raise SettingError(f'the box "{text}" is on a frame after the last one', remedy=f"Frames are 1-{count}.")
        left, top = max(0.0, box.left), max(0.0, box.top)
        right, bottom = min(float(width), box.left + box.width), min(float(height), box.top + box.height)
        if right - left < 8 or bottom - top < 8:
            raise SettingError(
                f'the box "{text}" is outside the picture', remedy=f"The frames have {width} x {height} pixels."
            )
        seeds.append(Seed(box.frame, (left, top, right, bottom)))
    return tuple(sorted(seeds, key=lambda seed: (seed.frame, seed.box)))


class _Walk:
    """The walks through all scenes, kept in pieces under the stage's cache."""

    def __init__(
        self, context: StageContext, networks: PersonNetworks, settings: PoseSettings, seeds: tuple[Seed, ...]
    ) -> None:
        self._context = context
        self._networks = networks
        self._settings = settings
        self._seeds = seeds
        self._count = context.footage.count

    def all_scenes(self) -> tuple[Records, npt.NDArray[np.float32]]:
        """Records (N, SLOTS) and detector scores (N,) of the whole shot."""
        records = blank_records(self._count, SLOTS)
        scores = np.full(self._count, np.nan, np.float32)
        state = SceneState.new()
        for first, last in self._context.footage.scenes:
            state.alive[:] = False
            state = self._forwards(first, last, state, records, scores)
            trim(records[first - 1 : last])
            self._backwards(first, last, records)
        self._context.step("following people", self._count, self._count)
        return records, scores

    def _forwards(
        self, first: int, last: int, state: SceneState, records: Records, scores: npt.NDArray[np.float32]
    ) -> SceneState:
        seeds = tuple(seed for seed in self._seeds if first <= seed.frame <= last)
        people = self._settings.people or SLOTS
        tracker = SceneTracker(self._networks, people, self._settings.confidence, seeds, first)
        for start in range(first, last + 1, _PIECE):
            frames = range(start, min(start + _PIECE, last + 1))
            path = self._context.cache("forwards") / f"{start:06d}.npz"
            piece = _load_piece(path)
            if piece is None:
                for frame in frames:
                    self._context.step("following people", frame - 1, self._count)
                    records[frame - 1], scores[frame - 1] = tracker.step(self._picture(frame), frame, state)
                part = {"records": _as_bytes(records[start - 1 : frames[-1]]), "scores": scores[start - 1 : frames[-1]]}
                write_atomic(path, pack({**part, **state.arrays()}))
                continue
            records[start - 1 : frames[-1]] = _from_bytes(piece["records"]).reshape(len(frames), SLOTS)
            scores[start - 1 : frames[-1]] = piece["scores"]
            state = SceneState.from_arrays(piece)
        return state

    def _backwards(self, first: int, last: int, records: Records) -> None:
        there = _present(records)
        starts = [
            (frame, slot)
            for frame in range(first + 1, last + 1)
            for slot in range(SLOTS)
            if there[frame - 1, slot] and not there[frame - 2, slot]
        ]
        for frame, slot in starts:
            self._back_from(frame, slot, first, records)

    def _back_from(self, start: int, slot: int, first: int, records: Records) -> None:
        """Go back from where a person was found to where they come in, or were last seen."""
        frame = start - 1
        while frame >= first:
            path = self._context.cache("backwards") / f"{start:06d}_{slot}_{frame:06d}.npz"
            piece = _load_piece(path)
            if piece is None:
                found = self._back_piece(frame, slot, first, records)
                write_atomic(path, pack({"records": _as_bytes(found)}))
            else:
                found = _from_bytes(piece["records"])
            for offset, record in enumerate(found):
                records[frame - 1 - offset, slot] = record
            if len(found) < _PIECE:
                return
            frame -= len(found)

    def _back_piece(self, frame: int, slot: int, first: int, records: Records) -> Records:
        region = from_array(records[frame, slot]["region"])
        found: list[Records] = []
        track = Track(region) if region else None
        while track is not None and len(found) < _PIECE and frame >= first and not _present(records)[frame - 1, slot]:
            self._context.step("following people back to where they come in", self._count - frame, self._count)
            seen = walk_back(self._networks, self._picture(frame), track, records[frame - 1])
            if seen is None:
                break
            found.append(seen.record)
            track, frame = seen.track, frame - 1
        return np.array(found, RECORD)

    def _picture(self, frame: int) -> npt.NDArray[np.uint8]:
        return self._context.read_rgb8("frames", frame)


def _present(records: Records) -> npt.NDArray[np.bool_]:
    return np.isfinite(records["body_score"])


def _as_bytes(records: Records) -> npt.NDArray[np.uint8]:
    return np.frombuffer(np.ascontiguousarray(records).tobytes(), np.uint8)


def _from_bytes(values: npt.NDArray[np.generic]) -> Records:
    return np.frombuffer(values.tobytes(), RECORD)


def _load_piece(path: Path) -> dict[str, npt.NDArray[np.generic]] | None:
    if not path.is_file():
        return None
    try:
        return unpack(path)
    except InputError:
        # A piece that a crash of the machine has spoiled is made again.
        return None


def _landmarks(people: list[Records], scores: npt.NDArray[np.float32]) -> Landmarks:
    landmarks = empty_landmarks(len(people), len(scores))
    for person, records in enumerate(people):
        for item in fields(landmarks):
            if item.name != "detector_score":
                getattr(landmarks, item.name)[person] = records[item.name]
    landmarks.detector_score[:] = scores
    return landmarks


def _tell(context: StageContext, landmarks: Landmarks) -> None:
    followed = np.isfinite(landmarks.body_score)
    counts = [int(count) for count in followed.sum(axis=1)]
    context.record(
        engine="landmarks",
        people=landmarks.people,
        frames_followed=counts,
        best_detector_score=round(landmarks.presence_score, 3),
        frames_from_behind=[int(count) for count in (landmarks.back_view & followed).sum(axis=1)],
    )
    if not landmarks.people:
        context.note(
            f"nobody was found in the picture (the person detector is sure by {landmarks.presence_score:.2f} at most); "
            'a person it misses can be given a box: set pose.boxes="left,top,width,height@frame"'
        )
        return
    parts = ", ".join(f"{count} of {landmarks.frames} frames" for count in counts)
    context.note(f"found {landmarks.people} {'person' if landmarks.people == 1 else 'people'}: {parts}")
