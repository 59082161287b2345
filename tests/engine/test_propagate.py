"""Keys carried to every frame: layers apart, never across a cut, resumable to the byte."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from carry_shot import Listener, make_shot, paint, run_stage
from lineboil.addon.engine.errors import Cancelled, InputError, MissingError
from lineboil.addon.engine.image import files, reference
from lineboil.addon.engine.image.flow_store import load_pair
from lineboil.addon.engine.job import Job
from lineboil.addon.engine.key_list import Key, KeyList, keys_text
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages.propagate_carry import Interval, intervals
from lineboil.addon.engine.state import ShotState

HEIGHT, WIDTH, COUNT, STEP = 72, 112, 9, 4
TOP, SIDE = 22, 28


def texture(seed, height=HEIGHT, width=WIDTH, size=1.5):
    noise = np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), size)
    return (smooth - smooth.min()) / (smooth.max() - smooth.min())


def square_at(frame):
    return 12 + STEP * (frame - 1)


def scene(ground, square):
    """A textured square moves over a textured ground that stands still: pictures and mattes."""
    pictures, mattes = [], []
    for frame in range(1, COUNT + 1):
        picture, matte = ground.copy(), np.zeros((HEIGHT, WIDTH), np.float32)
        place = (slice(TOP, TOP + SIDE), slice(square_at(frame), square_at(frame) + SIDE))
        picture[place] = square
        matte[place] = 1
        pictures.append(picture)
        mattes.append(matte)
    return pictures, mattes


FOOTAGE, MATTES = scene(texture(1), texture(2, SIDE, SIDE))
PAINTED, _ = scene(texture(3, size=3), texture(4, SIDE, SIDE, 3))


def ready(root: Path, keys: tuple[int, ...], scenes=(), pictures=None, **settings) -> Path:
    make_shot(root, pictures or FOOTAGE, MATTES, scenes, **settings)
    run_stage(root, "flow")
    (root / "keys.json").write_text(keys_text(KeyList(tuple(Key(frame) for frame in keys))), encoding="utf-8")
    for frame in keys:
        paint(root, frame, PAINTED[frame - 1])
    return root


def carried(root: Path, frame: int):
    return files.read_rgb(root / "propagated" / f"{frame:06d}.png")


def error(picture, frame, where):
    return float(np.abs(picture - PAINTED[frame - 1])[where].mean())


def inner_figure(frame, margin=2):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    left = square_at(frame)
    mask[TOP + margin : TOP + SIDE - margin, left + margin : left + SIDE - margin] = True
    return mask


def seen_ground(frame, keys, margin=2):
    """Ground of a frame that some key shows as well, without the border of the picture."""
    mask = np.ones((HEIGHT, WIDTH), bool)
    shown = np.zeros((HEIGHT, WIDTH), bool)
    for key in keys:
        shown |= cv2.dilate(MATTES[key - 1], np.ones((7, 7))) < 0.5
    mask &= cv2.dilate(MATTES[frame - 1], np.ones((2 * margin + 1, 2 * margin + 1))) < 0.5
    mask &= shown
    return mask


@pytest.fixture(scope="module")
def between(tmp_path_factory):
    root = ready(tmp_path_factory.mktemp("between") / "shot", (1, COUNT))
    run_stage(root, "propagate")
    return root


def test_a_keys_own_frame_is_the_key(between):
    for key in (1, COUNT):
        assert np.array_equal(
            files.read_rgb8(between / f"propagated/{key:06d}.png"), files.read_rgb8(between / f"styled/{key:06d}.png")
        )


def test_the_figure_moves_with_its_paint(between):
    for frame in (3, 5, 7):
        assert error(carried(between, frame), frame, inner_figure(frame)) < 0.03


def test_the_ground_stays_put_behind_a_moving_square(between):
    for frame in range(2, COUNT):
        assert error(carried(between, frame), frame, seen_ground(frame, (1, COUNT), 1)) < 0.02


def test_the_silhouette_does_not_drag_the_ground(tmp_path, between):
    plain = ready(tmp_path / "plain", (1, COUNT), propagate__method="linear")
    run_stage(plain, "propagate")
    beside = cv2.dilate(MATTES[4], np.ones((9, 9))) - cv2.dilate(MATTES[4], np.ones((3, 3))) > 0
    layers, chained = (error(carried(root, 5), 5, beside) for root in (between, plain))
    assert layers < 0.5 * chained


def test_one_key_is_carried_both_ways(tmp_path):
    root = ready(tmp_path / "shot", (5,))
    run_stage(root, "propagate")
    for frame in (2, 8):
        assert error(carried(root, frame), frame, inner_figure(frame)) < 0.05
        assert error(carried(root, frame), frame, seen_ground(frame, (5,))) < 0.02


def test_the_linear_way_equals_the_reference(tmp_path):
    root = ready(tmp_path / "shot", (1, 5), propagate__method="linear", propagate__lookup="linear")
    run_stage(root, "propagate")
    pairs = {frame: load_pair(root / "state/flow" / f"{frame:06d}.npz") for frame in range(1, 5)}
    for frame in (2, 4):
        back = [pairs[other - 1][1] for other in range(frame, 1, -1)]
        ahead = [pairs[other][0] for other in range(frame, 5)]
        keys = (files.read_rgb(root / f"styled/{key:06d}.png") for key in (1, 5))
        expected = reference.crossfade(*keys, back, ahead, (frame - 1) / 4)
        difference = np.abs(carried(root, frame) - expected)
        assert difference.mean() < 0.004
        assert difference.max() < 0.1


def test_nothing_is_carried_across_a_cut(tmp_path):
    red, blue = (np.zeros((HEIGHT, WIDTH, 3), np.float32) for _ in range(2))
    red[..., 0] = blue[..., 2] = 1
    root = ready(tmp_path / "shot", (4, 6), scenes=((1, 4), (5, COUNT)))
    paint(root, 4, red)
    paint(root, 6, blue)
    run_stage(root, "propagate")
    for frame in range(1, COUNT + 1):
        expected = red if frame <= 4 else blue
        assert np.abs(carried(root, frame) - expected).max() < 0.01


def test_intervals_stay_inside_their_scene():
    found = intervals(((1, 10), (11, 20)), (3, 8, 15), set(range(1, 21)) - {3, 8, 15})
    assert [(interval.before, interval.after) for interval in found] == [
        (None, 3),
        (3, 8),
        (8, None),
        (None, 15),
        (15, None),
    ]
    assert found[2] == Interval(8, None, (9, 10))
    assert intervals(((1, 10),), (1, 10), {4}) == [Interval(1, 10, (4,))]


def test_larger_keys_are_carried_at_their_size(tmp_path):
    root = ready(tmp_path / "shot", (1, COUNT))
    for key in (1, COUNT):
        paint(root, key, cv2.resize(PAINTED[key - 1], (2 * WIDTH, 2 * HEIGHT), interpolation=cv2.INTER_NEAREST))
    run_stage(root, "propagate")
    large = carried(root, 5)
    assert large.shape == (2 * HEIGHT, 2 * WIDTH, 3)
    small = cv2.resize(large, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    assert error(small, 5, inner_figure(5)) < 0.04
    assert error(small, 5, seen_ground(5, (1, COUNT))) < 0.03


def test_a_missing_key_is_named(tmp_path):
    root = ready(tmp_path / "shot", (1, 6))
    (root / "styled/000006.png").unlink()
    with pytest.raises(MissingError, match="painted key of frame 6 is missing"):
        run_stage(root, "propagate")


@pytest.mark.parametrize(
    ("size", "words"),
    [((WIDTH, WIDTH), "another shape than the footage"), ((2 * WIDTH, 2 * HEIGHT), "but the first one is 112x72")],
)
def test_a_key_of_the_wrong_size_is_told(tmp_path, size, words):
    root = ready(tmp_path / "shot", (1, 6))
    paint(root, 6, np.zeros((size[1], size[0], 3), np.float32))
    with pytest.raises(InputError, match=words) as caught:
        run_stage(root, "propagate")
    assert "frame 6" in str(caught.value)
    assert not list((root / "propagated").glob("*.png"))


def test_a_scene_without_a_key_is_told(tmp_path):
    root = ready(tmp_path / "shot", (1,), scenes=((1, 4), (5, COUNT)))
    with pytest.raises(InputError, match="frames 5-9 are a scene of their own"):
        run_stage(root, "propagate")


def test_a_key_beyond_the_end_is_told(tmp_path):
    root = ready(tmp_path / "shot", (1,))
    (root / "keys.json").write_text('{"keys": [{"frame": 1}, {"frame": 40}]}', encoding="utf-8")
    with pytest.raises(InputError, match="key at frame 40, but the shot has 9 frames"):
        run_stage(root, "propagate")


@pytest.mark.parametrize("stop_at", [1, 4, 7, 11])
def test_a_stopped_run_goes_on_and_ends_the_same(tmp_path, between, stop_at, monkeypatch):
    monkeypatch.setattr(Job, "_INTERVAL_SECONDS", 0.0)
    root = ready(tmp_path / "shot", (1, COUNT))
    with pytest.raises(Cancelled):
        run_stage(root, "propagate", Listener(stop_after=stop_at))
    early = {path: path.stat().st_mtime_ns for path in (root / "propagated").glob("*.png")}
    assert len(early) < COUNT
    run_stage(root, "propagate")
    for frame in range(1, COUNT + 1):
        name = f"propagated/{frame:06d}.png"
        assert (root / name).read_bytes() == (between / name).read_bytes()
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in early.items())


def test_an_excerpt_equals_the_whole(tmp_path, between):
    root = ready(tmp_path / "shot", (1, COUNT))
    run_stage(root, "propagate", frames=(4, 6))
    made = sorted(path.name for path in (root / "propagated").glob("*.png"))
    assert made == ["000004.png", "000006.png"]
    for name in made:
        assert (root / "propagated" / name).read_bytes() == (between / "propagated" / name).read_bytes()


def test_nothing_is_left_of_the_work_in_progress(between):
    assert not list((between / "state/cache/propagate").glob("*/*"))


def test_without_a_matte_the_picture_is_one_layer(tmp_path, monkeypatch):
    still = [texture(1)] * COUNT
    root = tmp_path / "shot"
    make_shot(root, still)
    run_stage(root, "flow")
    (root / "keys.json").write_text('{"keys": [{"frame": 1}]}', encoding="utf-8")
    paint(root, 1, PAINTED[0])
    run_stage(root, "propagate")
    assert np.abs(carried(root, COUNT) - PAINTED[0]).max() < 0.03


def test_without_redrawn_keys_the_stage_is_not_used(tmp_path):
    make_shot(tmp_path / "shot", FOOTAGE[:2], diffuse__engine="off")
    assert not ShotState(Shot(tmp_path / "shot")).is_enabled("propagate")
