# SPDX-License-Identifier: GPL-3.0-or-later
"""People's boxes, the gate for several people, and the engine with networks that are stood in for."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from lineboil.addon.engine.errors import InputError, SettingError
from lineboil.addon.engine.models.person.landmarks import Landmarks, empty_landmarks
from lineboil.addon.engine.models.person.segmenter import Box, Segmenter
from lineboil.addon.engine.schema.matte import MatteSettings
from lineboil.addon.engine.stages import matte_person
from lineboil.addon.engine.stages.matte_base import artist_boxes, finish, inside_boxes, parse_box
from lineboil.addon.engine.stages.matte_person import PersonMatte
from lineboil.addon.engine.stages.matte_person_boxes import measure, steady, whole
from lineboil.addon.engine.stages.matte_person_gate import gate

SKIN = (230, 160, 120)


def red_network(image: np.ndarray) -> list[np.ndarray]:
    """Stands in for a network: what is redder than blue is a person."""
    return [(image[..., 0] - image[..., 2] > 0.2).astype(np.float32)[None, ..., None]]


def stand_in() -> Segmenter:
    return Segmenter(red_network, red_network)


class Context:
    """What the engine asks of a stage context: a still wall with one red figure per person."""

    def __init__(self, root: Path, count: int = 9, **settings: object) -> None:
        self.root, self.settings = root, MatteSettings(**settings)
        self.footage = SimpleNamespace(
            width=200, height=120, count=count, frame_rate=Fraction(24), scenes=((1, count),), scene_of=self.scene_of
        )

    def scene_of(self, frame: int) -> tuple[int, int]:
        return 1, self.footage.count

    def read_rgb8(self, folder: str, frame: int) -> np.ndarray:
        picture = np.full((120, 200, 3), (90, 110, 130), np.uint8)
        picture[20:110, 20 + 2 * frame : 60 + 2 * frame] = SKIN
        picture[10:40, 150:190] = SKIN
        return picture

    def flow(self, frame: int, to: int) -> np.ndarray:
        return np.zeros((120, 200, 2), np.float32)

    def cache(self, name: str = "") -> Path:
        (self.root / name).mkdir(parents=True, exist_ok=True)
        return self.root / name

    def step(self, *words: object) -> None:
        return None


def found(boxes: np.ndarray) -> Landmarks:
    joints = np.full((*boxes.shape[:2], 33, 3), np.nan, np.float32)
    joints[:, :, 11:13, :2] = boxes.reshape(*boxes.shape[:2], 2, 2)
    return replace(
        empty_landmarks(*boxes.shape[:2]),
        boxes=boxes.astype(np.float32),
        body=joints,
        body_visibility=np.ones(joints.shape[:3], np.float32),
        body_score=np.ones(boxes.shape[:2], np.float32),
        detector_score=np.array([0.9], np.float32),
    )


def track(count: int) -> np.ndarray:
    return np.array([[[20 + 2 * frame, 20, 60 + 2 * frame, 110] for frame in range(1, count + 1)]], np.float32)


def test_only_the_person_in_the_box_is_cut_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matte_person, "load_segmenter", stand_in)
    engine = PersonMatte(Context(tmp_path), found(track(9)))
    matte = engine.matte(5)
    assert matte[30:100, 34:66].min() > 0.95
    assert matte[:, 140:].max() == 0, "the other red thing is outside the person's box"


def test_frames_without_the_person_are_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matte_person, "load_segmenter", stand_in)
    boxes = track(40)
    boxes[0, 10:35] = np.nan
    engine = PersonMatte(Context(tmp_path, 40), found(boxes))
    assert engine.matte(9).max() > 0.9
    assert engine.matte(24).max() == 0


def test_the_order_of_the_frames_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matte_person, "load_segmenter", stand_in)
    forward = PersonMatte(Context(tmp_path / "a"), found(track(9)))
    first = [forward.matte(frame) for frame in range(1, 10)]
    backward = PersonMatte(Context(tmp_path / "b"), found(track(9)))
    second = [backward.matte(frame) for frame in range(9, 0, -1)][::-1]
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def test_nobody_found_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matte_person, "load_segmenter", stand_in)
    with pytest.raises(InputError, match=r"nobody was found.*0\.20 of 1.*matte\.box"):
        PersonMatte(
            Context(tmp_path), SimpleNamespace(boxes=np.zeros((0, 9, 4)), detector_score=np.array([np.nan, 0.2]))
        )


def test_a_drawn_box_needs_nobody_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matte_person, "load_segmenter", stand_in)
    engine = PersonMatte(Context(tmp_path, box=("140,0,60,60@1",)), None)
    matte = engine.matte(2)
    assert matte[15:35, 155:185].min() > 0.95
    assert matte[:, :138].max() == 0


def test_drawn_boxes_move_evenly_and_end() -> None:
    settings = MatteSettings(box=("0,0,10,10@2", "20,0,10,10@4", "0,0,0,0@6", "50,50,8,8@2"))
    boxes = artist_boxes(settings, 7)
    assert boxes.shape == (2, 7, 4)
    assert boxes[0, 0].tolist() == [0, 0, 10, 10]
    assert boxes[0, 2].tolist() == [10, 0, 20, 10]
    assert np.isnan(boxes[0, 5:]).all()
    assert boxes[1, 6].tolist() == [50, 50, 58, 58]
    mask = inside_boxes(boxes, 3, (60, 60))
    assert mask is not None
    assert mask.sum() == 100 + 64
    assert inside_boxes(artist_boxes(MatteSettings(), 3), 1, (4, 4)) is None


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4@0", "1,2,-3,4@1", "a,b,c,d@1", "1,2,3,4@x", "1,2,inf,4@1"])
def test_boxes_written_wrongly(text: str) -> None:
    with pytest.raises(SettingError, match=r"matte\.box"):
        parse_box(text)


def test_a_measured_box_takes_the_likely_parts_near_the_person() -> None:
    logit = np.full((256, 256), -4, np.float32)
    logit[100:200, 50:90] = 4
    logit[100:200, 200:240] = 4
    logit[95, 60] = 4
    people = np.array([[45, 95, 95, 205], [np.nan] * 4], np.float32)
    boxes = measure(logit, people, np.array([[52, 110, 100, 190], [np.nan] * 4], np.float32), (256, 256))
    assert np.allclose(boxes[0], [50 - 6, 100 - 12, 100 + 6, 200 + 12], atol=0.1)
    assert np.isnan(boxes[1]).all()


def test_one_box_for_who_stays_and_a_smooth_one_for_who_walks() -> None:
    random = np.random.default_rng(1)
    base = np.array([50, 20, 90, 110], np.float32)
    stays = base + random.normal(0, 1.5, (30, 4)).astype(np.float32)
    walks = base + np.arange(30, dtype=np.float32)[:, None] * (6, 0, 6, 0)
    walks += random.normal(0, 1.5, walks.shape)
    boxes = steady(np.stack([stays, walks]).astype(np.float32), 24)
    assert np.ptp(boxes[0], axis=0).max() == 0
    jitter = np.abs(np.diff(boxes[1], 2, axis=0)).mean()
    assert jitter < 0.25 * np.abs(np.diff(walks, 2, axis=0)).mean()
    assert np.abs(boxes[1] - walks)[4:-4].max() < 6


def test_short_absences_are_bridged_and_long_ones_are_not() -> None:
    walks = np.array([50, 20, 90, 110], np.float32) + np.arange(60, dtype=np.float32)[:, None] * (6, 0, 6, 0)
    walks[5:9] = np.nan
    walks[20:50] = np.nan
    boxes = steady(walks[None].astype(np.float32), 24)[0]
    assert np.isfinite(boxes[:20]).all()
    assert np.isnan(boxes[20:50]).all()
    assert np.isfinite(boxes[50:]).all()


def test_whole_boxes_stay_in_the_picture() -> None:
    boxes = whole(np.array([[-3.2, 4.5, 20.1, 300], [99, 0, 140, 9]], np.float32), (100, 80))
    assert boxes[0].tolist() == [0, 4, 21, 80]
    assert np.isnan(boxes[1]).all()


def test_the_gate_leaves_room_for_clothes_and_not_for_furniture() -> None:
    points = np.zeros((1, 1, 33, 3), np.float32)
    points[0, 0, :, :2] = (100, 60)
    points[0, 0, [11, 12, 23, 24], :2] = [(115, 60), (85, 60), (110, 120), (90, 120)]
    points[0, 0, [0, 7, 8], :2] = [(100, 35), (107, 36), (93, 36)]
    landmarks = SimpleNamespace(
        boxes=np.array([[[70, 20, 130, 130]]], np.float32), body=points, body_visibility=np.ones((1, 1, 33), np.float32)
    )
    mask = gate(landmarks, 1, (200, 300))
    assert mask[90, 100] == 1
    assert mask[22, 100] > 0.9
    assert mask[90, 220:].max() == 0


def test_the_networks_are_shown_the_box_alone() -> None:
    picture = np.full((60, 80, 3), (90, 110, 130), np.uint8)
    picture[10:50, 20:40] = SKIN
    likely = stand_in().probability(picture, Box(15, 5, 45, 55))
    assert likely[30, 30] > 0.95
    assert likely[30, 17] < 0.05
    assert not likely[:, :15].any()
    assert not likely[:, 45:].any()


def test_the_edge_moves_by_parts_of_a_pixel() -> None:
    matte = np.zeros((41, 41), np.float32)
    cv2.circle(matte, (20, 20), 10, 1, -1)
    areas = [finish(matte, MatteSettings(shift=pixels)).sum() for pixels in (-2.0, -0.5, 0.0, 0.5, 2.0)]
    assert areas == sorted(areas)
    assert len(set(areas)) == 5
    assert np.array_equal(finish(matte, MatteSettings()), matte)
    soft = finish(matte, MatteSettings(feather=4.0))
    assert 0.2 < soft[20, 30] < 0.8


@pytest.mark.parametrize("steadiness", ["normal", "strong"])
def test_in_order_every_frame_is_worked_on_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steadiness: str
) -> None:
    monkeypatch.setattr(matte_person, "load_segmenter", stand_in)
    context = Context(tmp_path, 14, steadiness=steadiness)
    engine = PersonMatte(context, found(track(14)))
    calls: dict[str, list[object]] = {"read": [], "flow": []}
    read, flow = context.read_rgb8, context.flow
    context.read_rgb8 = lambda folder, frame: (calls["read"].append(frame), read(folder, frame))[1]
    context.flow = lambda frame, to: (calls["flow"].append((frame, to)), flow(frame, to))[1]
    for frame in range(1, 15):
        engine.matte(frame)
    assert all(len(made) <= len(set(made)) + 8 for made in calls.values()), "windows too short would double the work"
