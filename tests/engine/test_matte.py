# SPDX-License-Identifier: GPL-3.0-or-later
"""The matte stage on small shots: every engine, auto's choice, errors, and the same bytes in any order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clips import walker_frame
from lineboil.addon.engine import pipeline
from lineboil.addon.engine.errors import InputError, SettingError
from lineboil.addon.engine.shot import Shot, create

COUNT, HEIGHT, WIDTH = 16, 96, 160
GREEN = (20, 170, 60)


def write_png(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    order = {2: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[image.ndim if image.ndim == 2 else image.shape[2]]
    assert cv2.imwrite(str(path), image if order is None else cv2.cvtColor(image, order))


def figure(index: int) -> np.ndarray:
    """Mask (H, W) of an ellipse that walks to the right."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(mask, (33 + 4 * index, 54), (15, 28), 0, 0, 360, 255, -1)
    return mask


def walker(index: int) -> np.ndarray:
    return walker_frame(index)


def green(index: int) -> np.ndarray:
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = GREEN
    picture[figure(index) > 0] = (200, 150, 120)
    noise = np.random.default_rng(index).normal(0, 2, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def transparent(index: int) -> np.ndarray:
    return np.dstack([walker_frame(index), figure(index)])


def still(index: int) -> np.ndarray:
    return walker_frame(3)


def make_shot(root: Path, picture: Callable[[int], np.ndarray], **settings: Any) -> Shot:
    for index in range(COUNT):
        write_png(root / "clip" / f"{index + 1:04d}.png", picture(index))
    values = {"footage.source": str(root / "clip"), "footage.find_cuts": False}
    return create(root / "shot", values | {f"matte.{name}": value for name, value in settings.items()})


def matte(shot: Shot, frame: int) -> np.ndarray:
    read = cv2.imread(str(shot.root / "matte" / f"{frame:06d}.png"), cv2.IMREAD_UNCHANGED)
    assert read is not None
    assert read.ndim == 2
    return read.astype(np.float32) / 255


def overlap(found: np.ndarray, truth: np.ndarray) -> float:
    inside, true = found > 0.5, truth > 127
    return float((inside & true).sum() / (inside | true).sum())


def notes(recorder: Any) -> str:
    return " ".join(message.text for message in recorder.of("note"))


def test_auto_picks_chroma_for_a_screen(tmp_path: Path, recorder: Any) -> None:
    shot = make_shot(tmp_path, green)
    pipeline.run(shot, recorder, stage="matte")
    assert "auto picked chroma" in notes(recorder)
    assert min(overlap(matte(shot, frame), figure(frame - 1)) for frame in (1, 8, 16)) > 0.95
    clean = cv2.imread(str(shot.root / "despilled" / "000008.png"))
    assert clean is not None
    edge = cv2.morphologyEx(figure(7), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    excess = clean[..., 1].astype(int) - np.maximum(clean[..., 0], clean[..., 2])
    assert excess[edge].max() < 25


def test_auto_picks_the_clips_own_alpha(tmp_path: Path, recorder: Any) -> None:
    shot = make_shot(tmp_path, transparent)
    pipeline.run(shot, recorder, stage="matte")
    assert "auto picked alpha" in notes(recorder)
    assert np.array_equal(matte(shot, 5) * 255, figure(4))


def test_auto_picks_the_plate_where_the_camera_is_locked(tmp_path: Path, recorder: Any) -> None:
    shot = make_shot(tmp_path, walker)
    pipeline.run(shot, recorder, stage="matte")
    assert "auto picked plate: nobody was found, and the camera is locked" in notes(recorder)
    assert min(overlap(matte(shot, frame), figure(frame - 1)) for frame in (4, 8, 12)) > 0.8


def test_auto_takes_the_whole_picture_where_nothing_moves_and_says_so(tmp_path: Path, recorder: Any) -> None:
    shot = make_shot(tmp_path, still)
    pipeline.run(shot, recorder, stage="matte")
    assert "nothing moves" in " ".join(message.text for message in recorder.of("warning"))
    assert matte(shot, 3).min() == 1


def test_a_stopped_and_an_undisturbed_run_give_the_same_bytes(tmp_path: Path, recorder: Any) -> None:
    whole = make_shot(tmp_path / "a", walker, engine="motion")
    pipeline.run(whole, recorder, stage="matte")
    parts = make_shot(tmp_path / "b", walker, engine="motion")
    for wanted in ((12, 13), (3,), tuple(range(1, COUNT + 1))):
        pipeline.run(parts, recorder, stage="matte", frames=lambda count, wanted=wanted: wanted)
    for frame in range(1, COUNT + 1):
        name = f"matte/{frame:06d}.png"
        assert (whole.root / name).read_bytes() == (parts.root / name).read_bytes(), frame
    assert min(overlap(matte(whole, frame), figure(frame - 1)) for frame in (5, 8, 11)) > 0.75


def test_strokes_overrule(tmp_path: Path, recorder: Any) -> None:
    shot = make_shot(tmp_path, still, engine="motion")
    strokes = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    cv2.line(strokes, (45, 40), (45, 70), (255, 255, 255, 255), 9)
    cv2.rectangle(strokes, (2, 2), (WIDTH - 3, HEIGHT - 3), (255, 0, 0, 255), 3)
    write_png(shot.root / "strokes" / "000004.png", strokes)
    pipeline.run(shot, recorder, stage="matte")
    for frame in (4, 12):
        found = matte(shot, frame)
        assert found[42:68, 43:47].min() > 0.9
        assert overlap(found, figure(3)) > 0.6, "the cut goes on from the strokes to the figure's edge"
        assert found[:, :3].max() == 0


@pytest.mark.parametrize(
    ("picture", "settings", "words"),
    [
        (walker, {"engine": "person"}, "nobody was found"),
        (walker, {"engine": "alpha"}, "no alpha"),
        (walker, {"engine": "chroma"}, "no green or blue screen"),
        (walker, {"engine": "plate", "plate": "none.png"}, "no such clean plate"),
        (still, {"engine": "plate"}, "nothing differs"),
        (still, {"engine": "motion"}, "nothing moves"),
    ],
)
def test_an_engine_that_cannot_work_says_why(
    tmp_path: Path, recorder: Any, picture: Callable[[int], np.ndarray], settings: dict[str, Any], words: str
) -> None:
    shot = make_shot(tmp_path, picture, **settings)
    with pytest.raises(InputError, match=words) as caught:
        pipeline.run(shot, recorder, stage="matte")
    assert caught.value.remedy


@pytest.mark.parametrize(
    "settings", [{"key_colour": "greenish"}, {"key_colour": "#808080"}, {"key_colour": "0,300,0"}, {"box": ["1,2,3@4"]}]
)
def test_settings_written_wrongly_are_named(tmp_path: Path, recorder: Any, settings: dict[str, Any]) -> None:
    shot = make_shot(tmp_path, green, engine="chroma", **settings)
    with pytest.raises(SettingError, match=next(iter(settings))):
        pipeline.run(shot, recorder, stage="matte")


def test_box_and_edge_settings(tmp_path: Path, recorder: Any) -> None:
    shot = make_shot(tmp_path, green, engine="chroma", box=["0,0,160,54@1"], shift=-2.0, key_colour="#14aa3c")
    pipeline.run(shot, recorder, stage="matte")
    found = matte(shot, 8)
    assert found[60:].max() == 0
    inner = cv2.erode(figure(7), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))) > 0
    assert found[:50][inner[:50]].min() > 0.9
    assert (found > 0.5).sum() < 0.93 * (figure(7)[:54] > 0).sum()
