"""Footage without motion to find, or with more than a frame can show: numbers stay finite, keys stay exact."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from carry_shot import Listener, make_shot, paint, run_stage
from lineboil.addon.engine.image import files
from lineboil.addon.engine.image.flow_store import load_pair
from lineboil.addon.engine.image.movers_store import load_movers
from lineboil.addon.engine.key_list import Key, KeyList, keys_text
from lineboil.addon.engine.stages.context import StageContext

HEIGHT, WIDTH, COUNT = 40, 56, 6

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def texture(seed: int, width: int = WIDTH) -> np.ndarray:
    noise = np.random.default_rng(seed).random((HEIGHT, width, 3), dtype=np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return (smooth - smooth.min()) / (smooth.max() - smooth.min())


def level(value: float) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 3), value, np.float32)


WIDE = texture(1, WIDTH * 2 * COUNT)
FOOTAGE = {
    "all black": [level(0)] * COUNT,
    "all white": [level(1)] * COUNT,
    "all equal": [texture(1)] * COUNT,
    "black but for one frame": [level(0), level(0), texture(1), level(0), level(0), level(0)],
    "a flash": [texture(1), texture(1), level(1), texture(1), texture(1), texture(1)],
    "more motion than the frame": [WIDE[:, 2 * WIDTH * at : 2 * WIDTH * at + WIDTH] for at in range(COUNT)],
    "noise": [np.random.default_rng(at).random((HEIGHT, WIDTH, 3), dtype=np.float32) for at in range(COUNT)],
}


@pytest.fixture
def finite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are looked at before they become whole numbers."""
    write = StageContext.write_rgb

    def checked(self, folder, frame, image, *rest) -> None:
        assert np.isfinite(image).all(), f"{folder}, frame {frame}"
        write(self, folder, frame, image, *rest)

    monkeypatch.setattr(StageContext, "write_rgb", checked)


def carried(root: Path, pictures: list, keys: dict[int, np.ndarray], mattes=None, **settings) -> list[np.ndarray]:
    """The frames, after flow and propagate; the flow is looked at on the way."""
    make_shot(root, pictures, mattes, **settings)
    run_stage(root, "flow")
    for frame in range(1, len(pictures)):
        assert all(np.isfinite(flow).all() for flow in load_pair(root / f"state/flow/{frame:06d}.npz"))
    for frame in range(1, len(pictures) + 1):
        movers, doubt = load_movers(root / f"state/movers/{frame:06d}.npz")
        assert np.isfinite(movers).all()
        assert np.isfinite(doubt)
    (root / "keys.json").write_text(keys_text(KeyList(tuple(Key(frame) for frame in keys))), encoding="utf-8")
    for frame, picture in keys.items():
        paint(root, frame, picture)
    run_stage(root, "propagate", Listener())
    return [files.read_rgb8(root / f"propagated/{frame:06d}.png") for frame in range(1, len(pictures) + 1)]


def bytes_of(picture: np.ndarray) -> np.ndarray:
    return np.uint8(np.rint(picture * 255))


@pytest.mark.parametrize("method", ["layers", "linear"])
@pytest.mark.parametrize("footage", FOOTAGE)
def test_keys_stay_exact_and_numbers_finite(tmp_path, finite, footage, method) -> None:
    keys = {1: texture(9), 4: texture(10), 6: texture(11)}
    found = carried(tmp_path / "shot", FOOTAGE[footage], keys, propagate__method=method)
    for frame, picture in keys.items():
        assert np.abs(found[frame - 1].astype(int) - bytes_of(picture)).max() <= 1


@pytest.mark.parametrize("key", [1, 3, COUNT])
@pytest.mark.parametrize("footage", FOOTAGE)
def test_one_key_of_one_colour_gives_frames_of_that_colour(tmp_path, finite, footage, key) -> None:
    paint_colour = np.broadcast_to(np.float32([0.2, 0.6, 0.4]), (HEIGHT, WIDTH, 3))
    found = carried(tmp_path / "shot", FOOTAGE[footage], {key: paint_colour}, propagate__recolour=False)
    assert max(np.abs(picture.astype(int) - (51, 153, 102)).max() for picture in found) <= 1


@pytest.mark.parametrize("still", [0.0, 1.0])
def test_equal_frames_show_the_key_itself(tmp_path, finite, still) -> None:
    pictures = [still * texture(1)] * COUNT
    found = carried(tmp_path / "shot", pictures, {2: texture(9)})
    assert max(np.abs(picture.astype(int) - bytes_of(texture(9))).mean() for picture in found) < 4


@pytest.mark.parametrize("matte", [0.0, 1.0])
@pytest.mark.parametrize("footage", ["all black", "more motion than the frame"])
def test_a_matte_of_nothing_and_of_everything(tmp_path, finite, footage, matte) -> None:
    mattes = [np.full((HEIGHT, WIDTH), matte, np.float32)] * COUNT
    found = carried(tmp_path / "shot", FOOTAGE[footage], {1: texture(9), 6: texture(10)}, mattes)
    assert np.abs(found[0].astype(int) - bytes_of(texture(9))).max() <= 1


@pytest.mark.parametrize("count", [1, 2])
def test_hardly_any_frames(tmp_path, finite, count) -> None:
    found = carried(tmp_path / "shot", [texture(1)] * count, {1: texture(9)})
    assert np.abs(found[0].astype(int) - bytes_of(texture(9))).max() <= 1
    assert len(found) == count


@pytest.mark.parametrize("size", [(1, 1), (2, 64), (64, 3), (9, 9)])
def test_hardly_any_pixels(tmp_path, finite, size) -> None:
    pictures = [np.ascontiguousarray(texture(seed)[:1, :1] + np.zeros((*size, 3), np.float32)) for seed in range(3)]
    found = carried(tmp_path / "shot", pictures, {1: pictures[2], 3: pictures[1]})
    assert [picture.shape[:2] for picture in found] == [size] * 3


@pytest.mark.parametrize("pixels", [-1e30, -500, 0, 60, 3e38])
def test_given_motion_out_of_the_picture(tmp_path, finite, pixels) -> None:
    folder = tmp_path / "motion"
    folder.mkdir()
    far = np.full((HEIGHT, WIDTH, 2), pixels, np.float32)
    for frame in range(1, COUNT + 1):
        np.savez(folder / f"{frame}.npz", to_next=far, to_previous=-far)
    keys = {1: texture(9), 6: texture(10)}
    settings = {"flow__engine": "given", "flow__folder": str(folder)}
    found = carried(tmp_path / "shot", FOOTAGE["all equal"], keys, **settings)
    assert np.abs(found[0].astype(int) - bytes_of(texture(9))).max() <= 1
