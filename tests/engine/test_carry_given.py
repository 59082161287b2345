"""`lineboil carry` with exact motion of the artist's own."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from given_motion import HEIGHT, ROUNDING, WIDTH, texture
from lineboil.addon.engine.carry import Order, carry
from lineboil.addon.engine.cli import parse
from lineboil.addon.engine.commands import key_and_value
from lineboil.addon.engine.errors import Cancelled, InputError
from lineboil.addon.engine.image.flow_store import load_pair
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.state import ShotState

COUNT_CARRIED = 6


def scene(index: int, seed: int = 2) -> np.ndarray:
    """A textured square moves 5 pixels a frame before still, textured ground, uint8 (H, W, 3)."""
    image = texture(seed + 1)
    image[14:34, 8 + 5 * index : 28 + 5 * index] = texture(seed, 20, 20)
    return np.uint8(255 * image)


def scene_motion(index: int, step: int) -> np.ndarray:
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    flow[14:34, 8 + 5 * index : 28 + 5 * index, 0] = 5 * step
    return flow


@pytest.fixture
def order(tmp_path: Path):
    """Makes orders: six frames from 101, the first of them painted, with their exact motion."""
    for name in ("footage", "keys", "motion"):
        (tmp_path / name).mkdir()
    for index in range(COUNT_CARRIED):
        cv2.imwrite(str(tmp_path / f"footage/{101 + index}.png"), scene(index))
        arrays = {"to_next": scene_motion(index, 1), "to_previous": scene_motion(index, -1)}
        np.savez(tmp_path / f"motion/{101 + index}.npz", **arrays)
    cv2.imwrite(str(tmp_path / "keys/101.png"), scene(0, 7))

    def make(*, given: bool = True) -> Order:
        settings = {"propagate.recolour": False, "propagate.lookup": "linear"}
        if given:
            settings["flow.folder"] = str(tmp_path / "motion")
        return Order(tmp_path / "footage", tmp_path / "keys", tmp_path / "out", None, "off", settings)

    return make


def carried(order: Order) -> dict[str, np.ndarray]:
    return {path.name: cv2.imread(str(path)) for path in sorted(order.out.glob("*.png"))}


def made(recorder, stage: str) -> int:
    return [message for message in recorder.of("stage_done") if message.stage == stage][-1].made


def test_the_command_line_names_the_folder() -> None:
    words = ["carry", "--footage", "a", "--keys", "b", "--out", "c", "--set", "matte.engine=off", "--motion"]
    options = parse([*words, "my motion"])
    settings = dict(key_and_value(text) for text in options.set)
    assert settings == {"matte.engine": "off", "flow.folder": (Path.cwd() / "my motion").as_posix()}
    assert parse(words[:7]).set == []


def test_carrying_follows_the_motion_given(order, recorder) -> None:
    asked = order()
    carry(asked, recorder)
    work = asked.out / ".lineboil/shot"
    forward, backward = load_pair(work / "state/flow/000003.npz")
    assert np.abs(forward - scene_motion(2, 1)).max() <= ROUNDING
    assert np.abs(backward - scene_motion(3, -1)).max() <= ROUNDING
    answer, last = scene(5, 7), carried(asked)["000106.png"]
    square = (slice(16, 32), slice(8 + 25 + 2, 28 + 25 - 2))
    assert np.abs(last[square].astype(int) - answer[square]).mean() < 2


def test_changed_motion_is_followed_anew_and_unchanged_motion_is_not(order, recorder, tmp_path) -> None:
    asked = order()
    carry(asked, recorder)
    before = carried(asked)
    carry(asked, recorder)
    assert (made(recorder, "flow"), made(recorder, "propagate")) == (0, 0)
    path = tmp_path / "motion/103.npz"
    np.savez(path, to_next=scene_motion(2, 1), to_previous=scene_motion(2, -2))
    carry(asked, recorder)
    assert (made(recorder, "flow"), made(recorder, "propagate")) == (COUNT_CARRIED, COUNT_CARRIED)
    assert not all((before[name] == picture).all() for name, picture in carried(asked).items())
    np.savez(path, to_next=scene_motion(2, 1), to_previous=scene_motion(2, -1))
    carry(asked, recorder)
    again = carried(asked)
    assert all(np.abs(before[name].astype(int) - again[name]).max() <= 2 for name in before)


def test_with_and_without_given_motion(order, recorder) -> None:
    carry(order(), recorder)
    carry(order(given=False), recorder)
    state = ShotState(Shot(order().out / ".lineboil/shot"))
    assert state.record("flow").facts["engine"] == "dis"


def test_bad_motion_leaves_the_frames_of_the_run_before(order, recorder, tmp_path) -> None:
    asked = order()
    carry(asked, recorder)
    before = carried(asked)
    good = (tmp_path / "motion/104.npz").read_bytes()
    (tmp_path / "motion/104.npz").unlink()
    with pytest.raises(InputError, match=r"motion: frame 104 of 101-106 has no motion"):
        carry(asked, recorder)
    assert all((before[name] == picture).all() for name, picture in carried(asked).items())
    (tmp_path / "motion/104.npz").write_bytes(good)
    carry(asked, recorder)
    assert list(carried(asked)) == list(before)


@pytest.mark.parametrize("messages", [9, 20])
def test_a_stopped_run_goes_on_and_ends_the_same(order, recorder, messages) -> None:
    asked = order()
    with pytest.raises(Cancelled):
        carry(asked, type(recorder)(stop_after=messages))
    carry(asked, recorder)
    stopped = carried(asked)
    for path in [*(asked.out / ".lineboil/shot/propagated").iterdir()]:
        path.unlink()
    carry(asked, recorder)
    assert all(np.abs(stopped[name].astype(int) - picture).max() <= 2 for name, picture in carried(asked).items())


def test_the_frames_never_go_among_the_motion(order, recorder) -> None:
    asked = order()
    wrong = Order(asked.footage, asked.keys, Path(asked.settings["flow.folder"]), None, "off", asked.settings)
    with pytest.raises(InputError, match="is both --out and --motion"):
        carry(wrong, recorder)
