"""One frame of the carried film on request: quick, small, and nothing else is made or changed."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from carry_shot import Listener, Picture, make_shot, paint, run_stage
from lineboil.addon.engine import pipeline
from lineboil.addon.engine.errors import Cancelled, InputError, MissingError
from lineboil.addon.engine.image import files
from lineboil.addon.engine.image.contact import make_contact_sheet
from lineboil.addon.engine.image.flow_store import encode_pair, load_pair, load_small_pair
from lineboil.addon.engine.key_list import Key, KeyList, keys_text
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages.context import StageContext
from lineboil.addon.engine.stages.propagate_preview import preview
from lineboil.addon.engine.state import Record, ShotState

HEIGHT, WIDTH, COUNT, STEP, SIDE = 96, 160, 9, 5, 36


def texture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> Picture:
    noise = np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return (smooth - smooth.min()) / (smooth.max() - smooth.min())


def film(ground: int, square: int) -> list[Picture]:
    """A square that moves before a wall."""
    pictures = []
    for frame in range(COUNT):
        picture = texture(ground)
        left = 20 + STEP * frame
        picture[30 : 30 + SIDE, left : left + SIDE] = texture(square, SIDE, SIDE)
        pictures.append(picture)
    return pictures


FOOTAGE, PAINTED = film(1, 2), film(3, 4)


def ready(root: Path, keys: tuple[int, ...] = (1, COUNT), pictures=FOOTAGE, **settings) -> Path:
    make_shot(root, pictures, None, **{"matte__engine": "off", "diffuse__engine": "painted"} | settings)
    run_stage(root, "flow")
    (root / "keys.json").write_text(keys_text(KeyList(tuple(Key(frame) for frame in keys))), encoding="utf-8")
    for frame in keys:
        paint(root, frame, PAINTED[frame - 1])
    return root


def previewed(root: Path, frame: int, listener: Listener | None = None) -> Picture:
    state = ShotState(Shot(root))
    spec = pipeline.BY_NAME["propagate"]
    return preview(StageContext(state, spec, Record(), (frame,), listener or Listener()), frame)


def half(picture: Picture) -> Picture:
    return cv2.resize(picture, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)


def psnr(a: Picture, b: Picture) -> float:
    return float(-10 * np.log10(np.square(a - b).mean()))


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_preview_is_the_frame_at_half_size(tmp_path):
    root = ready(tmp_path / "shot")
    made = previewed(root, 5)
    assert made.shape == (HEIGHT // 2, WIDTH // 2, 3)
    assert made.min() >= 0
    assert made.max() <= 1
    assert psnr(made, half(PAINTED[4])) > 24
    run_stage(root, "propagate")
    assert psnr(made, half(files.read_rgb(root / "propagated" / "000005.png"))) > 26


@pytest.mark.parametrize("frame", [1, 2, 8])
def test_a_preview_with_one_key_goes_away_from_it(tmp_path, frame):
    root = ready(tmp_path / "shot", (5,))
    assert psnr(previewed(root, frame), half(PAINTED[frame - 1])) > 20


def test_a_key_is_shown_as_it_is_painted(tmp_path):
    root = ready(tmp_path / "shot")
    assert np.abs(previewed(root, 1) - half(PAINTED[0])).max() < 0.01


def test_a_preview_changes_nothing_and_repeats_itself(tmp_path):
    root = ready(tmp_path / "shot")
    before = snapshot(root)
    assert np.array_equal(previewed(root, 4), previewed(root, 4))
    assert snapshot(root) == before


def test_the_quick_way_stands_back_where_the_frame_is_made(tmp_path):
    root = ready(tmp_path / "shot")
    assert pipeline.quick_preview(Shot(root), Listener(), "propagate", 4) is not None
    run_stage(root, "propagate")
    state = ShotState(Shot(root))
    record = state.record("propagate")
    record.complete = True
    state.save("propagate", record)
    assert pipeline.quick_preview(Shot(root), Listener(), "propagate", 4) is None
    Shot(root).change({"propagate.trust": 2.0})
    assert pipeline.quick_preview(Shot(root), Listener(), "propagate", 4) is not None


def test_the_linear_method_and_alpha_are_shown_too(tmp_path):
    root = ready(tmp_path / "shot", propagate__method="linear")
    assert previewed(root, 4).shape == (HEIGHT // 2, WIDTH // 2, 3)
    for frame in (1, COUNT):
        alpha = np.ones((HEIGHT, WIDTH, 1), np.float32)
        alpha[:, :30] = 0
        paint(root, frame, np.dstack([PAINTED[frame - 1], alpha]))
    made = previewed(root, 4)
    assert made.shape[2] == 4
    assert made[:, :10, 3].max() < 0.1 < 0.9 < made[:, 40:, 3].min()


@pytest.mark.parametrize("level", [0.0, 0.5])
def test_footage_without_anything_in_it_gives_a_picture(tmp_path, level):
    root = ready(tmp_path / "shot", pictures=[np.full((HEIGHT, WIDTH, 3), level, np.float32)] * COUNT)
    made = previewed(root, 4)
    assert np.isfinite(made).all()
    assert 0.2 < made.mean() < 0.8


def test_a_missing_key_and_a_scene_without_one_are_told(tmp_path):
    root = ready(tmp_path / "shot")
    (root / "styled" / "000001.png").unlink()
    with pytest.raises(MissingError, match="frame 1"):
        previewed(root, 4)
    other = ready(tmp_path / "cut", (2,))
    text = json.loads((other / "footage.json").read_text(encoding="utf-8"))
    text["scenes"] = [[1, 4], [5, COUNT]]
    (other / "footage.json").write_text(json.dumps(text), encoding="utf-8")
    with pytest.raises(InputError, match="5-9"):
        previewed(other, 3)


def test_a_preview_can_be_stopped(tmp_path):
    root = ready(tmp_path / "shot")
    with pytest.raises(Cancelled):
        previewed(root, 5, Listener(stop_after=2))


def test_a_far_key_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("lineboil.addon.engine.stages.propagate_preview._FAR_FRAMES", 3)
    listener = Listener()
    previewed(ready(tmp_path / "shot", (1,)), 6, listener)
    assert any("5 frames away" in getattr(message, "text", "") for message in listener.messages)


def test_large_flows_are_kept_small_as_well(tmp_path):
    flow = np.zeros((300, 700, 2), np.float32)
    flow[..., 0], flow[..., 1] = 7, -3.5
    path = tmp_path / "000001.npz"
    path.write_bytes(encode_pair(flow, -flow, 1400, 600))
    forward, backward = load_small_pair(path)
    assert forward.shape == (206, 480, 2)
    assert np.abs(forward[100, 200] - (4.8, -3.5 * 206 / 300)).max() < 0.05
    assert np.abs(forward + backward).max() < 0.05
    assert load_pair(path)[0].shape == (600, 1400, 2)
    assert np.abs(load_pair(path, (150, 350))[0][50, 50] - (3.5, -1.75)).max() < 0.05


def test_the_sheet_says_that_it_shows_a_preview(tmp_path):
    root = ready(tmp_path / "shot")
    red = np.zeros((HEIGHT // 2, WIDTH // 2, 3), np.float32)
    red[..., 0] = 1
    make_contact_sheet(root, tmp_path / "sheet.png", (4,), 1, {"propagate": red})
    sheet = files.read_rgb(tmp_path / "sheet.png")
    assert ((sheet[..., 0] > 0.9) & (sheet[..., 1:].max(-1) < 0.1)).mean() > 0.1
