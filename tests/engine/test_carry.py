"""`lineboil carry`: keys painted by hand over footage, without a shot folder."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import write_walker
from lineboil.addon.engine import carry as carry_module
from lineboil.addon.engine.carry import Order, carry
from lineboil.addon.engine.errors import BusyError, Cancelled, InputError, SettingError
from lineboil.addon.engine.lock import ShotLock
from lineboil.addon.engine.schema.registry import BY_NAME
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.spans import runs_between
from lineboil.addon.engine.stages.context import StageContext
from lineboil.addon.engine.stages.propagate_views import Views
from lineboil.addon.engine.state import Record, ShotState

ADDON = Path(__file__).resolve().parents[2] / "addon"
HEIGHT, WIDTH, COUNT = 48, 64, 9
QUICK = {"matte.engine": "off", "pose.engine": "off"}


def texture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    noise = np.random.default_rng(seed).random((height, width, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.uint8(255 * (smooth - smooth.min()) / (smooth.max() - smooth.min()))


def scene(index: int, ground: int, square: int) -> np.ndarray:
    """A textured square moves over textured ground, uint8 (H, W, 3)."""
    image = texture(ground)
    image[14:34, 8 + 3 * index : 28 + 3 * index] = texture(square, 20, 20)
    return image


def write_footage(folder: Path, first: int = 1, count: int = COUNT, name: str = "{:06d}.png") -> Path:
    folder.mkdir(parents=True)
    for index in range(count):
        cv2.imwrite(str(folder / name.format(first + index)), scene(index, 1, 2))
    return folder


def painted(index: int, scale: int = 1) -> np.ndarray:
    picture = scene(index, 3, 4)
    return picture if scale == 1 else cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)


def write_keys(folder: Path, names: dict[str, int], scale: int = 1) -> Path:
    """Keys by name, each the painted picture of an index from 0."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, index in names.items():
        cv2.imwrite(str(folder / name), painted(index, scale))
    return folder


@pytest.fixture
def order(tmp_path: Path):
    """Makes orders: footage and keys as given, or nine frames with keys 1 and 9."""

    def make(**changes) -> Order:
        footage = changes.pop("footage", None) or write_footage(tmp_path / "footage")
        keys = changes.pop("keys", None) or write_keys(tmp_path / "keys", {"1.png": 0, "9.png": 8})
        given = {"out": tmp_path / "out", "matte": None, "cuts": "off", "settings": QUICK, **changes}
        return Order(footage=footage, keys=keys, **given)

    return make


def frames(out: Path) -> dict[str, np.ndarray]:
    files = sorted(path for path in out.glob("*.*") if path.is_file())
    return {path.name: cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in files}


def made(recorder) -> tuple[int, int]:
    """Frames carried and kept by the last run."""
    done = [message for message in recorder.of("stage_done") if message.stage == "propagate"][-1]
    return done.made, done.reused


def error(picture: np.ndarray, index: int) -> float:
    return float(np.abs(picture.astype(float) - painted(index)).mean())


# What comes out


def test_every_frame_comes_out_under_its_number(order, recorder) -> None:
    result = carry(order(), recorder)
    found = frames(order_out := Path(result["frames"]))
    assert list(found) == [f"{number:06d}.png" for number in range(1, COUNT + 1)]
    assert (result["numbers"], result["keys"]) == ("1-9", 2)
    assert (found["000001.png"] == painted(0)).all()
    assert (found["000009.png"] == painted(8)).all()
    assert error(found["000005.png"], 4) < 0.5 * min(error(painted(0), 4), error(painted(8), 4))
    assert (order_out / ".lineboil").is_dir()


@pytest.mark.parametrize("first", [0, 1001])
def test_frames_and_keys_go_by_the_footages_numbers(order, recorder, tmp_path, first) -> None:
    footage = write_footage(tmp_path / "renders", first, name="shot.{:04d}.png")
    keys = write_keys(tmp_path / "painted", {f"frame_{first}.png": 0, f"key.{first + 8:04d}.tif": 8})
    found = frames(Path(carry(order(footage=footage, keys=keys), recorder)["frames"]))
    assert list(found) == [f"{first + index:06d}.png" for index in range(COUNT)]
    assert (found[f"{first + 8:06d}.png"] == painted(8)).all()


@pytest.mark.parametrize("suffix", ["jpg", "JPG", "webp", "tif", "bmp"])
def test_keys_are_read_as_programs_write_them(order, recorder, tmp_path, suffix) -> None:
    keys = write_keys(tmp_path / "painted", {f"hero_0001.{suffix}": 0})
    footage = write_footage(tmp_path / "short", count=2)
    found = frames(Path(carry(order(footage=footage, keys=keys), recorder)["frames"]))
    assert error(found["000001.png"], 0) < 12


def test_a_clip_counts_from_one(order, recorder, tmp_path) -> None:
    clip = write_walker(tmp_path / "clip.mp4", count=4)
    keys = tmp_path / "painted"
    keys.mkdir()
    cv2.imwrite(str(keys / "4.png"), np.full((96, 160, 3), 90, np.uint8))
    result = carry(order(footage=clip, keys=keys), recorder)
    assert list(frames(Path(result["frames"]))) == [f"{number:06d}.png" for number in range(1, 5)]
    with pytest.raises(InputError, match=r"5\.png.*clip\.mp4 has frames 1-4"):
        cv2.imwrite(str(keys / "5.png"), np.full((96, 160, 3), 90, np.uint8))
        carry(order(footage=clip, keys=keys), recorder)


@pytest.mark.parametrize(("scale", "size"), [(2, (96, 128)), (0.5, (24, 32)), (1.5, (72, 96))])
def test_frames_have_the_size_of_the_keys(order, recorder, tmp_path, scale, size) -> None:
    keys = write_keys(tmp_path / "painted", {"1.png": 0, "9.png": 8}, scale)
    found = frames(Path(carry(order(keys=keys), recorder)["frames"]))
    assert {picture.shape[:2] for picture in found.values()} == {size}


def test_a_transparent_key_makes_every_frame_transparent(order, recorder, tmp_path) -> None:
    keys = write_keys(tmp_path / "painted", {"1.png": 0, "9.png": 8})
    alpha = np.zeros((HEIGHT, WIDTH, 1), np.uint8)
    alpha[:, WIDTH // 2 :] = 255
    for name, index in (("1.png", 0), ("9.png", 8)):
        cv2.imwrite(str(keys / name), np.dstack([painted(index), alpha]))
    asked = order(keys=keys)
    found = frames(Path(carry(asked, recorder)["frames"]))
    assert {picture.shape[2] for picture in found.values()} == {4}
    middle = found["000005.png"]
    assert middle[:10, :20, 3].max() < 40
    assert middle[:10, 44:, 3].min() > 215
    # One opaque key among them is opaque all over.
    cv2.imwrite(str(keys / "9.png"), painted(8))
    found = frames(Path(carry(asked, recorder)["frames"]))
    assert {picture.shape[2] for picture in found.values()} == {4}
    assert found["000009.png"][..., 3].min() == 255


@pytest.mark.parametrize("level", [0, 128])
def test_frames_that_are_all_black_or_all_equal(order, recorder, tmp_path, level) -> None:
    footage = tmp_path / "flat"
    footage.mkdir()
    for number in range(1, 4):
        cv2.imwrite(str(footage / f"{number}.png"), np.full((HEIGHT, WIDTH, 3), level, np.uint8))
    keys = write_keys(tmp_path / "painted", {"2.png": 0})
    found = frames(Path(carry(order(footage=footage, keys=keys, settings={}), recorder)["frames"]))
    assert error(found["000003.png"], 0) < 6


def test_footage_of_one_frame(order, recorder, tmp_path) -> None:
    footage = write_footage(tmp_path / "one", count=1)
    keys = write_keys(tmp_path / "painted", {"000001.png": 0})
    found = frames(Path(carry(order(footage=footage, keys=keys), recorder)["frames"]))
    assert list(found) == ["000001.png"]


def test_a_missing_picture_of_the_footage_is_held(order, recorder) -> None:
    asked = order()
    (asked.footage / "000005.png").unlink()
    assert len(frames(Path(carry(asked, recorder)["frames"]))) == COUNT
    assert any("pictures are missing: 5" in message.text for message in recorder.of("warning"))
    write_keys(asked.keys, {"5.png": 4})
    with pytest.raises(InputError, match=r"5\.png: the footage has no such frame; footage has frames 1-4,6-9"):
        carry(asked, recorder)


def test_a_given_matte_is_used_under_the_footages_numbers(order, recorder, tmp_path) -> None:
    footage = write_footage(tmp_path / "renders", 1001)
    keys = write_keys(tmp_path / "painted", {"1001.png": 0, "1009.png": 8})
    matte = write_mattes(tmp_path / "mattes", 1001)
    asked = order(footage=footage, keys=keys, matte=matte, settings={})
    found = frames(Path(carry(asked, recorder)["frames"]))
    own = asked.out / ".lineboil/shot/matte/000003.png"
    assert (cv2.imread(str(own), 0) == cv2.imread(str(matte / "m_1003.png"), 0)).all()
    assert error(found["001005.png"], 4) < 0.5 * error(painted(0), 4)


def write_mattes(folder: Path, first: int = 1, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    folder.mkdir()
    for index in range(COUNT):
        picture = np.zeros((HEIGHT, WIDTH), np.uint8)
        picture[14:34, 8 + 3 * index : 28 + 3 * index] = 255
        cv2.imwrite(str(folder / f"m_{first + index}.png"), cv2.resize(picture, size))
    return folder


# Again


def test_nothing_is_made_twice(order, recorder) -> None:
    asked = order()
    carry(asked, recorder)
    times = {path: path.stat().st_mtime_ns for path in asked.out.glob("*.png")}
    carry(asked, recorder)
    assert made(recorder) == (0, COUNT)
    assert times == {path: path.stat().st_mtime_ns for path in asked.out.glob("*.png")}


@pytest.mark.parametrize("messages", [3, 14, 34, 40])
def test_a_stopped_run_goes_on_and_ends_the_same(order, recorder, tmp_path, messages) -> None:
    asked = order()
    carry(asked, recorder)
    undisturbed = frames(asked.out)
    shutil.rmtree(asked.out)
    with pytest.raises(Cancelled):
        carry(asked, type(recorder)(stop_after=messages))
    carry(asked, recorder)
    again = frames(asked.out)
    assert list(again) == list(undisturbed)
    # Floating point of several threads may round another way by a step.
    assert all(np.abs(again[name].astype(int) - undisturbed[name]).max() <= 2 for name in again)


def test_a_changed_key_carries_only_the_frames_beside_it_anew(order, recorder) -> None:
    asked = order()
    write_keys(asked.keys, {"5.png": 4})
    carry(asked, recorder)
    before = frames(asked.out)
    cv2.imwrite(str(asked.keys / "9.png"), 255 - painted(8))
    carry(asked, recorder)
    after = frames(asked.out)
    assert made(recorder) == (4, 5)
    for number in range(1, COUNT + 1):
        name = f"{number:06d}.png"
        assert (before[name] == after[name]).all() == (number <= 5), name
    assert [message.made for message in recorder.of("stage_done") if message.stage == "flow"] == [COUNT, 0]


def test_a_key_more_and_a_key_less(order, recorder) -> None:
    asked = order()
    carry(asked, recorder)
    write_keys(asked.keys, {"5.png": 4})
    carry(asked, recorder)
    assert made(recorder) == (7, 2)
    (asked.keys / "9.png").unlink()
    carry(asked, recorder)
    assert made(recorder) == (4, 5)


def test_other_footage_takes_away_the_frames_that_are_no_more(order, recorder, tmp_path) -> None:
    asked = order()
    carry(asked, recorder)
    shorter = write_footage(tmp_path / "shorter", count=6)
    (asked.keys / "9.png").unlink()
    carry(order(footage=shorter, keys=asked.keys), recorder)
    assert len(frames(asked.out)) == 6


def test_a_frame_painted_over_stays(order, recorder) -> None:
    asked = order()
    carry(asked, recorder)
    cv2.imwrite(str(asked.out / "000003.png"), painted(0) // 2)
    cv2.imwrite(str(asked.keys / "1.png"), 255 - painted(0))
    carry(asked, recorder)
    assert (frames(asked.out)["000003.png"] == painted(0) // 2).all()
    assert any("000003.png changed by hand" in message.text for message in recorder.of("warning"))


def test_settings_are_those_of_this_call(order, recorder) -> None:
    asked = order()
    carry(asked, recorder)
    usual = frames(asked.out)
    linear = Order(asked.footage, asked.keys, asked.out, None, "off", {**QUICK, "propagate.method": "linear"})
    carry(linear, recorder)
    assert not (frames(asked.out)["000005.png"] == usual["000005.png"]).all()
    carry(asked, recorder)
    assert np.abs(frames(asked.out)["000005.png"].astype(int) - usual["000005.png"]).max() <= 2


def test_without_mattes_the_picture_as_a_whole_is_not_the_figure(order, recorder) -> None:
    result = carry(order(), recorder)
    state = ShotState(Shot(Path(result["frames"]) / ".lineboil" / "shot"))
    views = Views(StageContext(state, BY_NAME["propagate"], Record(), (), recorder))
    moving = views(COUNT // 2).free
    assert 0 < moving.mean() < 0.5


def test_runs_of_frames_depend_on_the_keys_beside_them() -> None:
    scenes = [(1, 9), (10, 12), (13, 14)]
    assert runs_between(scenes, [12, 4, 6]) == {
        "1-3": (4,), "4-4": (4,), "5-5": (4, 6), "6-6": (6,), "7-9": (6,), "10-11": (12,), "12-12": (12,),
    }


# Cuts


def two_scenes(tmp_path: Path, first: int = 1) -> Path:
    folder = tmp_path / "scenes"
    folder.mkdir()
    for index in range(20):
        picture = scene(index % 10 // 2, 1, 2) if index < 10 else 255 - scene(index % 10 // 2, 7, 8)
        cv2.imwrite(str(folder / f"{first + index:04d}.png"), picture)
    return folder


def test_a_part_between_cuts_without_a_key_is_named(order, recorder, tmp_path) -> None:
    footage = two_scenes(tmp_path, 1001)
    keys = write_keys(tmp_path / "painted", {"1003.png": 1})
    with pytest.raises(InputError, match=r"frames 1011-1020 lie between two cuts and have no key.*--cuts off"):
        carry(order(footage=footage, keys=keys, cuts="find"), recorder)
    assert not frames(tmp_path / "out")
    with pytest.raises(InputError, match=r"frames 1001-1002 lie"):
        carry(order(footage=footage, keys=keys, cuts="1003"), recorder)
    write_keys(keys, {"1011.png": 1})
    carry(order(footage=footage, keys=keys, cuts="1011"), recorder)
    assert len(frames(tmp_path / "out")) == 20


@pytest.mark.parametrize("cuts", ["maybe", "1", "0,4", "", "5;7"])
def test_cuts_that_make_no_sense(order, recorder, cuts) -> None:
    with pytest.raises(SettingError, match="does not say where cuts are"):
        carry(order(cuts=cuts), recorder)


# Bad input: one sentence, and nothing of the artist's is touched


def spoil_shape(folder: Path) -> None:
    for path in folder.iterdir():
        cv2.imwrite(str(path), np.zeros((HEIGHT, WIDTH - 8, 3), np.uint8))


BAD_KEYS = {
    "wrong shape": (spoil_shape, r"1\.png: is 56x48 pixels, another shape than the footage's 64x48"),
    "two sizes": (
        lambda folder: cv2.imwrite(str(folder / "9.png"), painted(8, 2)),
        r"9\.png: is 128x96 pixels, but 1\.png is 64x48",
    ),
    "no number": (lambda folder: (folder / "1.png").rename(folder / "hero.png"), r"hero\.png: its name has no frame n"),
    "doubled": (
        lambda folder: write_keys(folder, {"frame_0009.png": 8}), r"9\.png and frame_0009\.png are both for frame 9"
    ),
    "past the end": (lambda folder: write_keys(folder, {"10.png": 8}), r"10\.png: the footage has no such frame.*1-9"),
    "frame 0": (lambda folder: write_keys(folder, {"0.png": 8}), r"0\.png: the footage has no such frame"),
    "none": (lambda folder: [path.unlink() for path in folder.iterdir()], r"keys: there are no pictures here"),
    "no folder": (shutil.rmtree, r"there is no such folder of painted keys"),
    "damaged": (lambda folder: (folder / "9.png").write_bytes(b"\x89PNG\r\n"), r"9\.png: this picture is damaged"),
    "empty": (lambda folder: (folder / "9.png").write_bytes(b""), r"9\.png: this picture is damaged"),
}


@pytest.mark.parametrize("case", BAD_KEYS)
def test_keys_that_cannot_be_used(order, recorder, case) -> None:
    asked = order()
    spoil, sentence = BAD_KEYS[case]
    spoil(asked.keys)
    with pytest.raises(InputError, match=sentence):
        carry(asked, recorder)
    assert not frames(asked.out)


def test_bad_keys_leave_the_frames_of_the_run_before(order, recorder) -> None:
    asked = order()
    carry(asked, recorder)
    before = frames(asked.out)
    (asked.keys / "9.png").write_bytes(b"no picture")
    with pytest.raises(InputError):
        carry(asked, recorder)
    assert all((before[name] == picture).all() for name, picture in frames(asked.out).items())
    write_keys(asked.keys, {"9.png": 8})
    carry(asked, recorder)
    assert made(recorder) == (0, COUNT)


@pytest.mark.parametrize("which", ["keys", "footage", "matte"])
def test_the_frames_never_go_among_the_artists_own_pictures(order, recorder, tmp_path, which) -> None:
    asked = order(matte=write_mattes(tmp_path / "mattes"))
    folder = getattr(asked, which)
    names = sorted(path.name for path in folder.iterdir())
    asked = Order(asked.footage, asked.keys, folder / ".." / folder.name, asked.matte, "off", QUICK)
    with pytest.raises(InputError, match=f"is both --out and --{which}"):
        carry(asked, recorder)
    assert names == sorted(path.name for path in folder.iterdir())


def test_pictures_of_others_in_out_are_never_replaced(order, recorder) -> None:
    asked = order()
    asked.out.mkdir()
    (asked.out / "000004.png").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"holds pictures that were not carried here: 000004\.png"):
        carry(asked, recorder)
    assert (asked.out / "000004.png").read_bytes() == b"mine"


def test_out_that_is_a_file(order, recorder) -> None:
    asked = order()
    asked.out.write_text("notes")
    with pytest.raises(InputError, match="is a file, not a folder"):
        carry(asked, recorder)
    with pytest.raises(InputError, match=r"cannot be written"):
        carry(order(footage=asked.footage, keys=asked.keys, out=asked.out / "frames"), recorder)
    assert asked.out.read_text() == "notes"


def test_a_full_disk_is_told_and_the_run_goes_on_later(order, recorder, monkeypatch) -> None:
    asked = order()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("lineboil.addon.engine.journal.write_part", full)
        with pytest.raises(InputError, match="the disk is full"):
            carry(asked, recorder)
    carry(asked, recorder)
    assert len(frames(asked.out)) == COUNT


def test_two_runs_at_once(order, recorder) -> None:
    asked = order()
    with ShotLock(asked.out / carry_module.WORK_FOLDER / "lock", "carry"), pytest.raises(BusyError) as told:
        carry(asked, recorder)
    assert told.value.exit_code == 75
    assert "this folder is in use" in told.value.sentence()


def test_a_matte_missing_for_some_frames(order, recorder, tmp_path) -> None:
    matte = write_mattes(tmp_path / "mattes")
    for number in (2, 6, 7):
        (matte / f"m_{number}.png").unlink()
    with pytest.raises(InputError, match=r"frames 2,6-7 of 1-9 have no matte"):
        carry(order(matte=matte, settings={}), recorder)


def test_a_matte_of_another_size(order, recorder, tmp_path) -> None:
    matte = write_mattes(tmp_path / "mattes", size=(WIDTH, HEIGHT - 8))
    with pytest.raises(InputError, match=r"m_1\.png: is 64x40 pixels, the footage is 64x48"):
        carry(order(matte=matte, settings={}), recorder)


@pytest.mark.parametrize("name", ["footage.source", "footage.start_frame", "keys.count", "diffuse.engine"])
def test_what_carry_decides_cannot_be_set(order, recorder, name) -> None:
    with pytest.raises(SettingError, match=f'"{name}" cannot be set here'):
        carry(order(settings={name: 1}), recorder)


def test_footage_that_is_not_there(order, recorder, tmp_path) -> None:
    asked = order()
    with pytest.raises(InputError, match="there is no such footage"):
        carry(Order(tmp_path / "nothing.mp4", asked.keys, asked.out, None, "off", QUICK), recorder)
    assert not asked.out.exists()


# The command


def lineboil(*words: object) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ADDON), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_with_messages_and_exit_codes(order) -> None:
    asked = order()
    words = ["carry", "--footage", asked.footage, "--keys", asked.keys, "--out", asked.out, "--json"]
    words += ["--set", "matte.engine=off", "--set", "pose.engine=off", "--set", "propagate.method=linear"]
    done = lineboil(*words)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stdout
    assert messages[-1] == {"kind": "done", "result": {"frames": str(asked.out), "numbers": "1-9", "keys": 2}}
    assert any(message["kind"] == "progress" and message["stage"] == "propagate" for message in messages)
    assert len(frames(asked.out)) == COUNT
    (asked.keys / "1.png").rename(asked.keys / "one.png")
    failed = lineboil(*words)
    told = json.loads(failed.stdout.splitlines()[-1])
    assert failed.returncode == 1
    assert (told["error"], told["exit_code"]) == ("InputError", 1)
    assert lineboil("carry", "--footage", asked.footage).returncode == 2
    wrong = lineboil(*words[:-1], "propagate.method=magic")
    assert wrong.returncode == 1
    assert "propagate.method" in wrong.stdout
