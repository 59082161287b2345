# SPDX-License-Identifier: GPL-3.0-or-later
"""The pose stage: nobody, boxes of the artist, going on after an interruption, who is kept, scenes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from lineboil.addon.engine.errors import Cancelled, SettingError
from lineboil.addon.engine.models.person.detector import Detection, Sighting
from lineboil.addon.engine.models.person.landmarks import Landmarks, load_landmarks
from lineboil.addon.engine.models.person.observe import Seen, Track, blank_records
from lineboil.addon.engine.models.person.regions import Region, to_array
from lineboil.addon.engine.schema.pose import FILE, PersonBox, PoseSettings, parse_box
from lineboil.addon.engine.stages import pose

WIDTH, HEIGHT = 240, 160
COLOURS = ((250, 40, 40), (40, 40, 250))


def figures(picture: np.ndarray) -> list[tuple[int, float, float]]:
    """Colour, centre and seen width of each painted figure."""
    found: list[tuple[int, float, float]] = []
    for index, colour in enumerate(COLOURS):
        columns = np.flatnonzero((picture == colour).all(axis=2).any(axis=0))
        if len(columns):
            found.append((index, float(columns.mean()), float(len(columns))))
    return found


class StandIn:
    """Networks that see painted bars: the detector only whole ones, the landmarks also half ones."""

    def detector(self, picture: np.ndarray, region: Region | None = None, threshold: float = 0.5) -> Sighting:
        found = [
            Detection(0.9, np.zeros((2, 2)), np.array([[x, 80.0], [x, 20.0]]))
            for _, x, width in figures(picture)
            if width >= 30 and region is None
        ]
        return Sighting(0.9 if found else 0.1, tuple(found))

    def begin(self, picture: np.ndarray, region: Region) -> Track | None:
        near = [x for _, x, _ in figures(picture) if abs(x - region.x) < 25]
        return Track(Region(near[0], 80, 60, 60)) if near else None

    def begin_at(self, picture: np.ndarray, detection: Detection) -> Track | None:
        return self.begin(picture, Region(float(detection.points[0, 0]), 80, 60, 60))

    def observe(self, picture: np.ndarray, track: Track, *, check_presence: bool) -> Seen | None:
        near = [figure for figure in figures(picture) if abs(figure[1] - track.body.x) < 25]
        if not near:
            return None
        index, x, width = near[0]
        record = blank_records(1)[0]
        body = np.random.default_rng(5).uniform(-25, 25, (33, 3))
        record["body"] = body + [x, 80, 0]
        record["body_score"] = 1.0
        record["boxes"] = (x - 15, 40, x + 15, 120)
        record["presence"] = 0.9 if width >= 12 else 0.1
        region = Region(x, 80, 60, 60)
        record["region"] = to_array(region)
        colours = np.zeros(64, np.float32)
        colours[index] = 1
        return Seen(record, Track(region, colours=colours), colours)


class Context:
    """What the stage asks of its context; `positions[frame]` are the centres of the two bars, None for absent."""

    def __init__(self, root: Path, positions: list[tuple], scenes: tuple = (), stop: int = 0, **settings: object):
        self.root, self.positions, self.stop, self.steps = root, positions, stop, 0
        self.settings = PoseSettings(**settings)
        count = len(positions)
        self.footage = SimpleNamespace(
            width=WIDTH, height=HEIGHT, count=count, frame_rate=Fraction(24), scenes=scenes or ((1, count),)
        )
        self.facts: dict = {}
        self.notes: list[str] = []

    def read_rgb8(self, folder: str, frame: int) -> np.ndarray:
        picture = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
        for colour, x in zip(COLOURS, self.positions[frame - 1], strict=True):
            if x is not None:
                cv2.rectangle(picture, (int(x) - 15, 40), (int(x) + 15, 120), colour, -1)
        return picture

    def cache(self, name: str = "") -> Path:
        (self.root / "state" / name).mkdir(parents=True, exist_ok=True)
        return self.root / "state" / name

    def step(self, what: str, done: int, total: int) -> None:
        self.steps += 1
        if self.stop and self.steps >= self.stop:
            raise Cancelled

    def note(self, text: str) -> None:
        self.notes.append(text)

    def record(self, **facts: object) -> None:
        self.facts.update(facts)

    def write_bytes(self, name: str, data: bytes) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_bytes(data)

    def run(self) -> Landmarks:
        pose.run(self)
        return load_landmarks(self.root / FILE)


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pose, "PersonNetworks", StandIn)


def present(landmarks: Landmarks, person: int) -> list[int]:
    return [frame for frame in range(1, landmarks.frames + 1) if landmarks.is_present(person, frame)]


def test_nobody_is_no_error_and_says_so(tmp_path: Path) -> None:
    context = Context(tmp_path, [(None, None)] * 10)
    landmarks = context.run()
    assert landmarks.people == 0 and landmarks.frames == 10 and landmarks.presence_score < 0.5
    assert "nobody" in context.notes[0] and context.facts["people"] == 0


def test_two_people_keep_their_places(tmp_path: Path) -> None:
    landmarks = Context(tmp_path, [(60 + frame, 180 - frame // 2) for frame in range(40)]).run()
    assert landmarks.people == 2
    for person in range(2):
        assert present(landmarks, person) == list(range(1, 41))
        assert np.abs(np.diff(landmarks.body[person, :, 0, 0])).max() < 2


def test_somebody_who_comes_in_is_followed_back_to_the_edge(tmp_path: Path) -> None:
    positions = [(-20 + 3 * frame, None) for frame in range(40)]
    landmarks = Context(tmp_path, positions).run()
    whole = next(frame for frame, (x, _) in enumerate(positions, 1) if x >= 15)
    first = present(landmarks, 0)[0]
    assert first < whole and present(landmarks, 0) == list(range(first, 41))


def test_a_place_is_never_handed_on_across_a_cut(tmp_path: Path) -> None:
    positions = [(60, None)] * 12 + [(None, None)] * 6 + [(60, None)] * 12
    landmarks = Context(tmp_path, positions, scenes=((1, 12), (13, 18), (19, 30))).run()
    assert landmarks.people == 1
    assert present(landmarks, 0) == [*range(1, 13), *range(19, 31)]
    assert np.isnan(landmarks.boxes[0, 12:18]).all()


def test_the_wanted_number_is_kept(tmp_path: Path) -> None:
    assert Context(tmp_path, [(60, 180)] * 12, people=1).run().people == 1


def test_a_box_says_who(tmp_path: Path) -> None:
    landmarks = Context(tmp_path, [(60, 180)] * 20, boxes=("165,40,30,80@9",)).run()
    assert landmarks.people == 1 and present(landmarks, 0) == list(range(1, 21))
    assert np.nanmean(landmarks.boxes[0, :, 0]) == pytest.approx(165, abs=2)


@pytest.mark.parametrize("text", ["1,2,3@4", "1,2,3,4", "a,2,3,4@1", "1,2,0,4@1", "1,2,30,40@0", "1..2,2,30,40@1"])
def test_a_wrong_box_is_explained(text: str) -> None:
    with pytest.raises(SettingError, match="left, top, width and height"):
        parse_box(text)
    assert parse_box(" 10,20, 100.5,200 @7") == PersonBox(10, 20, 100.5, 200, 7)


@pytest.mark.parametrize("text", ["10,10,50,50@11", "500,10,50,50@1"])
def test_a_box_outside_the_shot_is_explained(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingError, match="box"):
        Context(tmp_path, [(60, None)] * 10, boxes=(text,)).run()


@pytest.mark.parametrize("stop", [3, 20, 45, 60])
def test_an_interrupted_run_ends_with_the_same_bytes(tmp_path: Path, stop: int) -> None:
    positions = [(None if frame < 6 else -80 + 4 * frame, 180 - frame) for frame in range(50)]
    whole = Context(tmp_path / "whole", positions)
    whole.run()
    with pytest.raises(Cancelled):
        Context(tmp_path / "cut", positions, stop=min(stop, whole.steps)).run()
    again = Context(tmp_path / "cut", positions)
    again.run()
    assert (tmp_path / "cut" / FILE).read_bytes() == (tmp_path / "whole" / FILE).read_bytes()
    assert again.steps < whole.steps or stop < 16


def test_a_spoiled_piece_is_made_again(tmp_path: Path) -> None:
    context = Context(tmp_path, [(60, None)] * 20)
    first = context.run()
    piece = next((tmp_path / "state" / "forwards").iterdir())
    piece.write_bytes(piece.read_bytes()[:200])
    assert np.array_equal(Context(tmp_path, [(60, None)] * 20).run().body, first.body, equal_nan=True)
