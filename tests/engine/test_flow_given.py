"""Exact motion of the artist's own, one file a frame, instead of motion that is found."""

from __future__ import annotations

import zipfile
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
import pytest
from carry_shot import make_shot, run_stage
from given_motion import COUNT, HEIGHT, ROUNDING, WIDTH, motion, texture, write_motion
from lineboil.addon.engine import pipeline
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.image.flow_store import load_pair
from lineboil.addon.engine.shot import Shot, create
from lineboil.addon.engine.state import ShotState


@pytest.fixture
def shot(tmp_path: Path):
    """Makes shots of still noise with exact motion beside it that is anything but still."""

    def make(count: int = COUNT, **values) -> Path:
        values = {"flow__engine": "given", "flow__movers": False, **values}
        make_shot(tmp_path / "shot", [texture(5)] * count, **values)
        return tmp_path / "shot"

    return make


def pairs(root: Path, count: int = COUNT) -> list:
    return [load_pair(root / f"state/flow/{frame:06d}.npz") for frame in range(1, count)]


def assert_given(root: Path, tolerance: float = ROUNDING) -> None:
    for frame, (forward, backward) in enumerate(pairs(root), 1):
        assert np.abs(forward - motion(frame, 1)).max() <= tolerance
        assert np.abs(backward - motion(frame + 1, -1)).max() <= tolerance


# What is taken


def test_given_motion_is_kept_in_place_of_found_motion(shot) -> None:
    root = shot()
    write_motion(root / "motion")
    run_stage(root, "flow")
    assert_given(root)
    assert ShotState(Shot(root)).record("flow").facts["engine"] == "given"


def test_files_go_by_their_own_numbers_and_names(shot, tmp_path) -> None:
    root = shot(flow__folder=str(tmp_path / "elsewhere"), flow__first_number=1001)
    write_motion(tmp_path / "elsewhere", first=1001, name="shot2.{:04d}.npz")
    (tmp_path / "elsewhere/notes.txt").write_text("not motion")
    run_stage(root, "flow")
    assert_given(root)


def test_only_the_motion_inside_a_scene_is_wanted(shot) -> None:
    root = shot(count=5, scenes=((1, 2), (3, 3), (4, 5)))
    folder = write_motion(root / "motion", frames=(1, 2, 4, 5))
    for frame, name in ((1, "to_next"), (2, "to_previous"), (4, "to_next"), (5, "to_previous")):
        np.savez(folder / f"{frame:06d}.npz", **{name: motion(frame, 1)})
    run_stage(root, "flow")
    assert len(list((root / "state/flow").glob("*.npz"))) == 5


def test_a_single_frame_wants_no_motion(shot) -> None:
    root = shot(count=1)
    (root / "motion").mkdir()
    run_stage(root, "flow")
    assert (root / "state/flow/000001.npz").is_file()


@pytest.mark.parametrize("kind", [np.float16, np.float64, np.int16])
def test_numbers_of_any_kind_are_taken(shot, kind) -> None:
    root = shot(count=2)
    (root / "motion").mkdir()
    for frame in (1, 2):
        np.savez_compressed(
            root / f"motion/{frame}.npz", to_next=motion(1, 1).astype(kind), to_previous=motion(2, -1).astype(kind)
        )
    run_stage(root, "flow")
    forward, backward = pairs(root, 2)[0]
    assert np.abs(forward - motion(1, 1).astype(kind).astype(np.float32)).max() <= ROUNDING
    assert np.abs(backward - motion(2, -1).astype(kind).astype(np.float32)).max() <= ROUNDING


@pytest.mark.parametrize("factor", [2, 0.5])
def test_motion_of_another_size_is_scaled_with_its_lengths(shot, factor) -> None:
    root = shot()
    write_motion(root / "motion", height=round(HEIGHT * factor), width=round(WIDTH * factor))
    run_stage(root, "flow")
    # Linear motion stays linear but at the border, where half a pixel is held.
    assert_given(root, 0.08)


@pytest.mark.parametrize("factor", [1, 2])
def test_motion_of_cropped_footage_is_cropped_alike(tmp_path, recorder, factor) -> None:
    clip = tmp_path / "clip"
    clip.mkdir()
    height, width = HEIGHT + 6, WIDTH + 4
    for frame in range(1, COUNT + 1):
        cv2.imwrite(str(clip / f"{frame}.png"), np.uint8(255 * texture(frame, height, width)))
    values = {"footage.source": str(clip), "footage.multiple": 8, "flow.engine": "given", "footage.find_cuts": False}
    root = create(tmp_path / "shot", values).root
    write_motion(root / "motion", height=height * factor, width=width * factor)
    pipeline.run(Shot(root), recorder, stage="flow")
    forward, _ = pairs(root)[1]
    assert forward.shape == (HEIGHT, WIDTH, 2)
    whole = motion(2, 1, height, width)
    assert np.abs(forward - whole[3:-3, 2:-2]).max() <= (ROUNDING if factor == 1 else 0.04)


def test_motion_beyond_the_picture_and_beyond_all_measure(shot) -> None:
    root = shot(count=2)
    (root / "motion").mkdir()
    for frame in (1, 2):
        far = np.full((HEIGHT, WIDTH, 2), 3e38, np.float32)
        np.savez(root / f"motion/{frame}.npz", to_next=far, to_previous=-far)
    run_stage(root, "flow")
    forward, backward = pairs(root, 2)[0]
    assert (forward > WIDTH).all()
    assert (backward < -WIDTH).all()


# Bad input: one sentence that names frame and file, and nothing is damaged


def resave(folder: Path, frame: int, **arrays) -> None:
    every = {"to_next": motion(frame, 1), "to_previous": motion(frame, -1)} | arrays
    np.savez(folder / f"{frame:06d}.npz", **{key: value for key, value in every.items() if value is not None})


def spoilt(value: float) -> np.ndarray:
    values = motion(3, 1)
    values[7, 9, 1] = value
    return values


def cut_short(folder: Path) -> None:
    path = folder / "000003.npz"
    path.write_bytes(path.read_bytes()[:-200])


def flip_a_bit(folder: Path) -> None:
    data = bytearray((folder / "000003.npz").read_bytes())
    data[2000] ^= 4
    (folder / "000003.npz").write_bytes(data)


def boast(folder: Path) -> None:
    """A header that promises far more than there is."""
    path = folder / "000003.npz"
    np.savez(path, to_previous=np.zeros((4, 4, 2), np.float32))
    with zipfile.ZipFile(path) as archive:
        data = archive.read("to_previous.npy").replace(b"(4, 4, 2)", b"(9999999999, 9999999999, 2)")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("to_previous.npy", data)


DANGER = np.array([[[print, 1]]], dtype=object)
BAD_MOTION = {
    "missing": (lambda folder: (folder / "000003.npz").unlink(), r"motion: frame 3 of 1-4 has no motion"),
    "several missing": (
        lambda folder: [(folder / f"00000{frame}.npz").unlink() for frame in (1, 3, 4)],
        r"motion: frames 1,3-4 of 1-4 have no motion",
    ),
    "doubled": (
        lambda folder: (folder / "m_3.npz").write_bytes((folder / "000003.npz").read_bytes()),
        r"000003\.npz and m_3\.npz are both for frame 3",
    ),
    "no number": (lambda folder: (folder / "000003.npz").rename(folder / "hero.npz"), r"hero\.npz: its name has no f"),
    "none": (lambda folder: [path.unlink() for path in folder.iterdir()], r"motion: there are no motion files here"),
    "empty": (lambda folder: (folder / "000003.npz").write_bytes(b""), r"000003\.npz: the motion of frame 3 is damag"),
    "cut short": (cut_short, r"000003\.npz: the motion of frame 3 is damaged"),
    "a flipped bit": (flip_a_bit, r"000003\.npz: .*frame 3"),
    "a header that lies": (boast, r"000003\.npz: the motion of frame 3 is damaged"),
    "an array alone": (
        lambda folder: np.save((folder / "000003.npz").open("wb"), motion(3, 1)),
        r"000003\.npz: the motion of frame 3 is damaged, or no plain NumPy archive",
    ),
    "objects": (lambda folder: resave(folder, 3, to_next=DANGER), r"000003\.npz: the motion of frame 3 is damaged"),
    "one direction": (
        lambda folder: resave(folder, 3, to_previous=None),
        r'000003\.npz: the motion of frame 3 has no "to_previous"\. It has: to_next',
    ),
    "not a number": (lambda folder: resave(folder, 3, to_next=spoilt(np.nan)), r"000003\.npz: to_next of frame 3 has"),
    "without end": (lambda folder: resave(folder, 3, to_next=spoilt(-np.inf)), r"000003\.npz: to_next of frame 3 has"),
    "another shape": (
        lambda folder: resave(folder, 3, to_next=motion(3, 1, HEIGHT, HEIGHT)),
        r"000003\.npz: the motion of frame 3 is 48x48 pixels, the frames are 64x48",
    ),
    "three channels": (
        lambda folder: resave(folder, 3, to_next=np.zeros((HEIGHT, WIDTH, 3))),
        r"000003\.npz: to_next of frame 3 is float64 of the shape \(48, 64, 3\)",
    ),
    "no pixels": (lambda folder: resave(folder, 3, to_next=np.zeros((0, WIDTH, 2))), r"shape \(0, 64, 2\)"),
    "words": (
        lambda folder: resave(folder, 3, to_next=np.full((HEIGHT, WIDTH, 2), "left")),
        r"000003\.npz: to_next of frame 3 is <U4",
    ),
    "true and false": (lambda folder: resave(folder, 3, to_next=motion(3, 1) > 0), r"to_next of frame 3 is bool"),
}


@pytest.mark.parametrize("case", BAD_MOTION)
def test_motion_that_cannot_be_used(shot, case) -> None:
    root = shot()
    folder = write_motion(root / "motion")
    spoil, sentence = BAD_MOTION[case]
    spoil(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(InputError, match=sentence):
        run_stage(root, "flow")
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}
    for name in before:
        (folder / name).unlink()
    write_motion(folder)
    run_stage(root, "flow")
    assert_given(root)


def test_a_folder_that_is_gone_costs_nothing_that_is_made(shot) -> None:
    root = shot()
    write_motion(root / "motion")
    run_stage(root, "flow")
    made = {path: path.read_bytes() for path in (root / "state/flow").iterdir()}
    (root / "motion").rename(root / "moved")
    with pytest.raises(InputError, match="there is no such folder of motion"):
        run_stage(root, "flow")
    assert made == {path: path.read_bytes() for path in (root / "state/flow").iterdir()}


# The Vector pass of renders; tests/blender/test_vector_pass.py reads real ones


def layer(frame: int, name: str) -> dict[str, np.ndarray]:
    """The pass as Blender writes it: y upwards, the way to the next frame turned round."""
    previous, following = motion(frame, -1), motion(frame, 1)
    planes = {"X": previous[..., 0], "Y": -previous[..., 1], "Z": -following[..., 0], "W": following[..., 1]}
    return {name + axis: np.ascontiguousarray(plane) for axis, plane in planes.items()}


def write_exr(path: Path, *parts: dict[str, np.ndarray], **header) -> None:
    made = [OpenEXR.Part(dict(header), part, f"part {number}") for number, part in enumerate(parts)]
    OpenEXR.File(made).write(str(path))


PICTURE = {f"ViewLayer.Combined.{name}": np.zeros((HEIGHT, WIDTH), np.float32) for name in "RGBA"}
LAYOUTS = {
    "one part": lambda frame: [PICTURE | layer(frame, "ViewLayer.Vector.")],
    "several parts": lambda frame: [PICTURE, layer(frame, "ViewLayer.Vector.")],
    "one layer": lambda frame: [layer(frame, "Vector.")],
    "letters alone": lambda frame: [layer(frame, "")],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_vector_pass_is_read(shot, layout) -> None:
    root = shot()
    (root / "motion").mkdir()
    for frame in range(1, COUNT + 1):
        write_exr(root / f"motion/{frame:04d}.exr", *LAYOUTS[layout](frame))
    run_stage(root, "flow")
    assert_given(root)


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1500])


part_of_it = {"dataWindow": ((0, 0), (WIDTH - 1, HEIGHT - 1)), "displayWindow": ((0, 0), (WIDTH + 9, HEIGHT - 1))}
BAD_EXR = {
    "no pass": (lambda path: write_exr(path, PICTURE), "frame 3 should have one Vector pass but none can be read"),
    "two layers": (
        lambda path: write_exr(path, layer(3, "A.Vector.") | layer(3, "B.Vector.")),
        r"frame 3 should have one Vector pass but has A\.Vector, B\.Vector",
    ),
    "a border": (
        lambda path: write_exr(path, layer(3, "Vector."), **part_of_it),
        "the motion of frame 3 covers a part of the picture only",
    ),
    "not a number": (
        lambda path: write_exr(path, layer(3, "Vector.") | {"Vector.Z": np.full((HEIGHT, WIDTH), np.nan, np.float32)}),
        "to_next of frame 3 has values that are not numbers",
    ),
    "cut short": (halve, "frame 3 is damaged|frame 3 should have one Vector pass but none can be read"),
    "empty": (lambda path: path.write_bytes(b""), "the motion of frame 3 is damaged, or no OpenEXR file"),
    "a picture": (lambda path: path.write_bytes(b"\x89PNG\r\n" * 50), "the motion of frame 3 is damaged"),
}


@pytest.mark.parametrize("case", BAD_EXR)
def test_renders_that_cannot_be_used(shot, case) -> None:
    root = shot()
    (root / "motion").mkdir()
    for frame in range(1, COUNT + 1):
        write_exr(root / f"motion/{frame:04d}.exr", layer(frame, "ViewLayer.Vector."))
    spoil, sentence = BAD_EXR[case]
    spoil(root / "motion/0003.exr")
    with pytest.raises(InputError, match=rf"0003\.exr: .*{sentence}|0003\.exr: {sentence}"):
        run_stage(root, "flow")
    write_exr(root / "motion/0003.exr", layer(3, "ViewLayer.Vector."))
    run_stage(root, "flow")
    assert_given(root)
