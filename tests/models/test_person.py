# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that look at people: regions, anchors, decoding, cleaning of tracks, the landmarks file."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from lineboil.addon.engine.errors import InputError, MissingError
from lineboil.addon.engine.models.person import body, clean, detector, hands, regions, tracker
from lineboil.addon.engine.models.person.landmarks import (
    empty_landmarks,
    load_landmarks,
    save_landmarks,
    smoothed,
)
from lineboil.addon.engine.models.person.observe import (
    PersonNetworks,
    Track,
    blank_records,
    joint_distance,
    likeness,
    track_from_array,
)


@pytest.mark.parametrize(
    ("size", "strides", "per_cell", "count"),
    [
        (224, (8, 16, 32, 32, 32), 2, 2254),
        (192, (8, 16, 16, 16), 2, 2016),
        (128, (8, 16, 16, 16), 2, 896),
        (192, (4,), 1, 2304),
    ],
)
def test_anchor_counts(size: int, strides: tuple[int, ...], per_cell: int, count: int) -> None:
    centres = detector.anchors(size, strides, per_cell)
    assert centres.shape == (count, 2)
    assert centres.min() > 0 and centres.max() < 1


def test_decode_gives_box_and_points_where_the_anchor_says() -> None:
    centres = detector.anchors(224, (8, 16, 32, 32, 32))
    raw = np.zeros((len(centres), 12), np.float32)
    logits = np.full(len(centres), -20.0, np.float32)
    raw[500] = [11.2, 0, 44.8, 22.4, 0, 0, 22.4, 0, 0, 22.4, 0, 0]
    logits[500] = 3.0
    best, found = detector.decode(raw, logits, centres, 224, 0.5)
    assert best == pytest.approx(1 / (1 + math.exp(-3)))
    (only,) = found
    np.testing.assert_allclose(only.box, [centres[500] + [0.05 - 0.1, -0.05], centres[500] + [0.05 + 0.1, 0.05]])
    np.testing.assert_allclose(only.points[1] - only.points[0], [0.1, 0.0], atol=1e-9)


def test_decode_of_nothing_still_tells_the_best_score() -> None:
    centres = detector.anchors(128, (8, 16, 16, 16))
    logits = np.full(len(centres), -1.0, np.float32)
    best, found = detector.decode(np.zeros((896, 16), np.float32), logits, centres, 128, 0.5)
    assert found == [] and best == pytest.approx(1 / (1 + math.e))


def test_merge_averages_by_score_and_keeps_strangers_apart() -> None:
    boxes = np.array([[[0, 0], [10, 10]], [[1, 0], [11, 10]], [[50, 50], [60, 60]]], float)
    merged = detector.merge(np.array([0.9, 0.6, 0.7]), boxes, boxes.copy())
    assert [entry.score for entry in merged] == [0.9, 0.7]
    np.testing.assert_allclose(merged[0].box[0], [0.4, 0.0])


@pytest.mark.parametrize("rotation", [0.0, 0.7, -2.5])
def test_region_round_trip(rotation: float) -> None:
    region = regions.Region(40.0, 30.0, 24.0, 24.0, rotation)
    matrix = regions.region_matrix(region, (256, 256))
    crop = regions.Crop(np.zeros((256, 256, 3), np.float32), matrix, region)
    np.testing.assert_allclose(crop.to_picture(np.array([[128, 128]])), [[40, 30]], atol=1e-9)
    right = crop.to_picture(np.array([[256, 128]]))[0]
    np.testing.assert_allclose(right, [40 + 12 * math.cos(rotation), 30 + 12 * math.sin(rotation)], atol=1e-9)
    assert regions.from_array(regions.to_array(region)) == region
    assert regions.from_array(regions.to_array(None)) is None


@pytest.mark.parametrize("side", [40.0, 400.0])
def test_a_mark_in_the_picture_is_where_the_crop_shows_it(side: float) -> None:
    picture = np.zeros((300, 400, 3), np.uint8)
    picture[148:156, 210:218] = 255
    crop = regions.cut(picture, regions.Region(220, 150, side, side, 0.3), (128, 128), regions.Border.BLACK)
    weight = crop.image[..., 0].astype(np.float64)
    rows, columns = np.mgrid[:128, :128] + 0.5
    seen = np.array([[(weight * columns).sum(), (weight * rows).sum()]]) / weight.sum()
    np.testing.assert_allclose(crop.to_picture(seen), [[214, 152]], atol=0.25)


def test_border_is_black_or_repeated() -> None:
    picture = np.full((20, 20, 3), 200, np.uint8)
    outside = regions.Region(0, 10, 20, 20)
    assert regions.cut(picture, outside, (40, 40), regions.Border.BLACK).image[20, 2, 0] == 0
    assert regions.cut(picture, outside, (40, 40), regions.Border.REPLICATE).image[20, 2, 0] > 0.7


@pytest.mark.parametrize(
    "region",
    [
        regions.Region(math.nan, 0, 10, 10),
        regions.Region(10, 10, 4, 4),
        regions.Region(10, 10, 5000, 5000),
        regions.Region(-900, 10, 100, 100),
        regions.Region(10, 10, math.inf, math.inf),
    ],
)
def test_degenerate_regions_are_refused(region: regions.Region) -> None:
    assert not region.is_usable(640, 480)
    assert regions.Region(320, 240, 100, 100).is_usable(640, 480)


def test_upright_person_gives_an_upright_region() -> None:
    region = regions.aligned(np.array([100.0, 200.0]), np.array([100.0, 100.0]), 90.0).moved(1.25)
    assert (region.x, region.y, region.width) == (100, 200, 250)
    assert region.rotation == pytest.approx(0)
    lying = regions.aligned(np.array([100.0, 200.0]), np.array([200.0, 200.0]), 90.0)
    assert lying.rotation == pytest.approx(math.pi / 2)


def test_region_of_a_cut_off_box_reaches_below_the_picture() -> None:
    assert body.region_of_box((100, 100, 200, 300), 480).height == pytest.approx(250)
    cut_off = body.region_of_box((100, 100, 200, 480), 480)
    assert cut_off.height == pytest.approx(760) and cut_off.y == pytest.approx(100 + 0.4 * 760)


def test_refine_moves_to_the_peak_and_leaves_weak_ones() -> None:
    heatmap = np.zeros((64, 64, 2))
    heatmap[20, 31, 0] = 0.9
    heatmap[20, 31, 1] = 0.3
    moved = body.refine(np.array([[120.0, 80.0], [120.0, 80.0]]), heatmap)
    np.testing.assert_allclose(moved, [[124, 80], [120, 80]])


def test_hand_region_points_the_way_the_hand_points() -> None:
    region = hands.rough_region(np.array([50.0, 100.0]), np.array([48.0, 60.0]), np.array([51.0, 60.0]))
    assert region.rotation == pytest.approx(0, abs=0.01)
    assert region.y < 60 and region.width == pytest.approx(2 * 40 * 2.7, rel=0.01)


def test_track_survives_as_numbers() -> None:
    colours = np.linspace(0, 1, 64).astype(np.float32)
    track = Track(regions.Region(1, 2, 30, 30, 0.1), (None, regions.Region(3, 4, 9, 9, 1)), None, colours)
    again = track_from_array(track.to_array())
    assert again is not None and again.colours is not None
    assert (again.body, again.hands, again.face) == (track.body, track.hands, None)
    assert np.array_equal(again.colours, colours)
    assert likeness(colours, None) == 0.5 and likeness(colours / colours.sum(), colours / colours.sum()) > 0.999


def test_scene_state_survives_as_arrays() -> None:
    state = tracker.SceneState.new()
    state.alive[2], state.doubts[2], state.last["boxes"][2] = True, 1, (1, 2, 3, 4)
    again = tracker.SceneState.from_arrays(state.arrays())
    assert again.alive.tolist() == state.alive.tolist() and again.doubts[2] == 1
    assert again.last.tobytes() == state.last.tobytes()


def test_joint_distance_tells_one_person_from_two() -> None:
    records = blank_records(3)
    pose = np.random.default_rng(1).uniform(0, 100, (33, 3))
    for index, shift in enumerate((0.0, 1.0, 60.0)):
        records["body"][index] = pose + [shift, 0, 0]
    assert joint_distance(records[0], records[1]) < 0.02
    assert joint_distance(records[0], records[2]) > 0.3


def followed(presence: list[float]) -> np.ndarray:
    records = blank_records(len(presence), 4)
    records["body_score"][:, 0] = 1
    records["boxes"][:, 0] = (10, 10, 30, 50)
    records["presence"][:, 0] = presence
    return records


def test_the_end_that_the_detector_denies_is_cut_off() -> None:
    nan = math.nan
    records = followed([0.9, nan, 0.1, nan, 0.8, nan, nan, nan, 0.2, nan, nan, nan, 0.1])
    clean.trim(records)
    assert np.isfinite(records["body_score"][:, 0]).tolist() == [True] * 8 + [False] * 5


def test_a_body_that_was_never_sure_is_nobody() -> None:
    records = followed([0.1, math.nan, 0.2])
    clean.trim(records)
    assert not np.isfinite(records["body_score"]).any()


def test_short_and_surplus_people_are_left_out() -> None:
    records = blank_records(20, 4)
    for slot, (frames, width) in enumerate([(20, 10), (3, 300), (20, 50), (12, 20)]):
        records["body_score"][:frames, slot] = 1
        records["boxes"][:frames, slot] = (0, 0, width, 100)
    assert clean.keep_people(records, 4, set()) == [2, 3, 0]
    assert clean.keep_people(records, 1, set()) == [2]
    assert clean.keep_people(records, 2, {1}) == [1, 2]


def test_boxes_are_calmed_and_never_across_a_cut() -> None:
    boxes = np.zeros((1, 40, 4), np.float32)
    boxes[0, :20] = (100, 50, 200, 150)
    boxes[0, 20:] = (300, 50, 400, 150)
    boxes[0, 5] += 8
    boxes[0, 10:12] = np.nan
    clean.smooth_boxes(boxes, ((1, 20), (21, 40)), 25.0, (390, 300))
    assert np.isfinite(boxes).all()
    assert boxes[0, 5, 0] - 100 < 2 and boxes[0, 11, 0] == pytest.approx(100, abs=1)
    assert boxes[0, 19, 0] == pytest.approx(100, abs=0.1) and boxes[0, 20, 0] == pytest.approx(300, abs=0.1)
    assert boxes[0, 20:, 2].max() == 390


def test_landmarks_file_is_the_same_every_time(tmp_path: Path) -> None:
    landmarks = empty_landmarks(2, 6)
    landmarks.body[0, 2] = np.random.default_rng(0).normal(size=(33, 3))
    landmarks.body_score[0, 2] = 0.9
    landmarks.back_view[1, 1] = True
    for name in ("a.npz", "b.npz"):
        save_landmarks(tmp_path / name, landmarks)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    again = load_landmarks(tmp_path / "a.npz")
    assert again.people == 2 and again.frames == 6 and again.is_present(0, 3) and not again.is_present(0, 1)
    assert np.array_equal(again.body, landmarks.body, equal_nan=True) and again.back_view[1, 1]


def test_landmarks_file_missing_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="pose"):
        load_landmarks(tmp_path / "none.npz")
    save_landmarks(tmp_path / "a.npz", empty_landmarks(1, 5))
    data = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match="damaged"):
        load_landmarks(tmp_path / "a.npz")


def test_smoothed_calms_within_scenes_and_keeps_gaps() -> None:
    landmarks = empty_landmarks(1, 12)
    landmarks.body[0, :6] = 0
    landmarks.body[0, 6:] = 100
    landmarks.body[0, 3] = 8
    landmarks.body[0, 9] = np.nan
    calm = smoothed(landmarks, ((1, 6), (7, 12)))
    assert calm.body[0, 3, 0, 0] == pytest.approx(8 * 6 / 16)
    assert calm.body[0, 6, 0, 0] == 100 and np.isnan(calm.body[0, 9]).all()
    assert landmarks.body[0, 3, 0, 0] == 8


def test_nobody_in_noise_and_no_crash_at_odd_regions() -> None:
    networks = PersonNetworks()
    picture = np.random.default_rng(3).integers(0, 255, (144, 256, 3), np.uint8)
    assert networks.detector(picture).best_score < 0.5
    assert networks.begin(picture, regions.Region(math.nan, 1, 1, 1)) is None
    assert networks.observe(picture, Track(regions.Region(0, 0, 1e6, 1e6)), check_presence=True) is None


def test_tiles_cover_the_picture() -> None:
    covered = np.zeros((90, 160), bool)
    for tile in tracker.tiles_of(160, 90, 0.5):
        half = tile.width / 2
        covered[round(tile.y - half) : round(tile.y + half), round(tile.x - half) : round(tile.x + half)] = True
    assert covered.all()
