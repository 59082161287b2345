# SPDX-License-Identifier: GPL-3.0-or-later
"""The footage stage on every awkward kind of clip, through the real pipeline."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from conftest import Recorder
from lineboil.addon.engine import job, pipeline
from lineboil.addon.engine import shot as shots
from lineboil.addon.engine.errors import Cancelled, InputError
from lineboil.addon.engine.footage import Footage, load_footage
from lineboil.addon.engine.image import files
from lineboil.addon.engine.image.clip import opened
from lineboil.addon.engine.image.sound import PlacedSound
from lineboil.addon.engine.image.video import write_movie
from lineboil.addon.engine.shot import key_and_value
from lineboil.addon.engine.stages import footage_clip
from movies import PATCHES, numbered_pictures, patch_means, patch_picture, write_clip


class Made:
    """A shot whose footage stage has run."""

    def __init__(self, root: Path, recorder: Recorder) -> None:
        self.root = root
        self.footage: Footage = load_footage(root / "footage.json")
        self.notes = [message.text for message in recorder.messages if message.kind == "note"]
        self.warnings = [message.text for message in recorder.messages if message.kind == "warning"]

    def picture(self, frame: int) -> np.ndarray:
        return files.read_rgb(self.root / "frames" / f"{frame:06d}.png")

    def numbers(self) -> list[int]:
        """What `numbered_pictures` wrote into each frame."""
        frames = range(1, self.footage.count + 1)
        return [round(float(self.picture(frame).mean()) * 255 / 10) for frame in frames]


def make(folder: Path, source: Path, **settings: object) -> Made:
    values = dict(key_and_value(f"footage.{key}={value}") for key, value in settings.items())
    root = folder / f"shot{len(list(folder.glob('shot*')))}"
    shot = shots.create(root, {"footage.multiple": 1, "footage.source": shots.relative_text(source, root), **values})
    recorder = Recorder()
    pipeline.run(shot, recorder, stage="footage")
    return Made(root, recorder)


def mirror(a: int, b: int, c: int, d: int) -> tuple[int, ...]:
    return (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)


def test_a_plain_clip(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", numbered_pictures(12))
    before = (clip.read_bytes(), clip.stat().st_mtime_ns)
    made = make(tmp_path, clip)
    footage = made.footage
    assert (footage.width, footage.height, footage.count, footage.bits) == (64, 48, 12, 8)
    assert footage.frame_rate == 25
    assert footage.constant_rate
    assert (footage.scenes, footage.has_alpha, footage.sound) == (((1, 12),), False, "")
    np.testing.assert_allclose(footage.times_seconds, np.arange(12) / 25, atol=1e-6)
    assert footage.duration_seconds == pytest.approx(12 / 25, abs=1e-6)
    assert made.numbers() == list(range(1, 13))
    assert not (made.root / "alpha").exists()
    assert (clip.read_bytes(), clip.stat().st_mtime_ns) == before


def test_work_size_reduces_and_never_enlarges(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", [patch_picture(108)] * 2)
    small = make(tmp_path, clip, long_side=96)
    assert (small.footage.width, small.footage.height) == (96, 54)
    np.testing.assert_allclose(patch_means(small.picture(1)), PATCHES, atol=2.5)
    assert make(tmp_path, clip, long_side=960).footage.width == 192
    assert make(tmp_path, clip, long_side=0).footage.height == 108
    cropped = make(tmp_path, clip, long_side=96, multiple=8)
    assert (cropped.footage.width, cropped.footage.height) == (96, 48)
    np.testing.assert_array_equal(cropped.picture(1), small.picture(1)[3:51])


def test_odd_sizes(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mkv", numbered_pictures(3, 47, 63), codec="ffv1", pixel_format="yuv420p")
    made = make(tmp_path, clip)
    assert made.picture(2).shape == (47, 63, 3)
    assert made.numbers() == [1, 2, 3]


def test_a_phone_held_upright(tmp_path: Path) -> None:
    picture = np.zeros((32, 64, 3), np.uint8)
    picture[:, :32] = (220, 30, 30)
    clip = write_clip(tmp_path / "a.mp4", [picture] * 2, display_matrix=mirror(0, 1, -1, 0))
    made = make(tmp_path, clip, long_side=32)
    assert (made.footage.width, made.footage.height) == (16, 32)
    assert made.picture(1)[:14, :, 0].min() > 0.8
    assert made.picture(1)[18:, :, 0].max() < 0.1
    assert any("clockwise" in note for note in made.notes)


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", [patch_picture()] * 2, aspect=Fraction(4, 3))
    made = make(tmp_path, clip)
    assert (made.footage.width, made.footage.height) == (256, 48)
    np.testing.assert_allclose(patch_means(made.picture(1)), PATCHES, atol=2.5)


TICKS = [0, 20, 40, 64, 80, 140, 160, 180]


def test_varying_rate_keeps_exact_times(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", numbered_pictures(8), ticks=TICKS)
    made = make(tmp_path, clip)
    np.testing.assert_allclose(made.footage.times_seconds, np.array(TICKS) / 600, atol=1e-9)
    assert not made.footage.constant_rate
    assert float(made.footage.frame_rate) == pytest.approx(7 / 0.3, rel=1e-3)
    assert any("varies" in note for note in made.notes)


def test_varying_rate_resampled(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", numbered_pictures(8), ticks=TICKS)
    made = make(tmp_path, clip, timing="constant")
    assert made.footage.frame_rate == 30
    assert made.footage.constant_rate
    np.testing.assert_allclose(made.footage.times_seconds, np.arange(made.footage.count) / 30, atol=1e-9)
    assert made.numbers()[:10] == [1, 2, 3, 4, 5, 5, 6, 6, 7, 8] or made.numbers()[:10] == [
        1, 2, 3, 4, 5, 6, 6, 6, 7, 8]  # fmt: skip
    assert made.numbers() == list(made.footage.source_frames)
    slow = make(tmp_path, clip, timing="constant", frame_rate=10)
    assert slow.numbers() == [1, 4, 6]


def test_millisecond_clocks_count_as_constant(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mkv", numbered_pictures(20), rate=30)
    made = make(tmp_path, clip)
    assert made.footage.constant_rate
    assert made.footage.frame_rate == 30


def test_an_avi_with_frames_out_of_order(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.avi", numbered_pictures(12), pixel_format="yuv420p", options={"bf": "3"})
    made = make(tmp_path, clip)
    assert made.footage.constant_rate
    assert made.footage.frame_rate == 25
    assert made.numbers() == list(range(1, 13))


@pytest.mark.parametrize(
    ("settings", "numbers"),
    [
        ({"start_seconds": 0.08, "end_seconds": 0.2}, [3, 4, 5]),
        ({"start_frame": 4, "end_frame": 6}, [4, 5, 6]),
        ({"start_seconds": 0.3}, [9, 10]),
        ({"end_frame": 99}, list(range(1, 11))),
    ],
)
def test_trim(tmp_path: Path, settings: dict, numbers: list[int]) -> None:
    made = make(tmp_path, write_clip(tmp_path / "a.mp4", numbered_pictures(10)), **settings)
    assert made.numbers() == numbers
    assert made.footage.times_seconds[0] == 0
    assert made.footage.start_seconds == pytest.approx((numbers[0] - 1) / 25)
    assert made.footage.duration_seconds == pytest.approx(len(numbers) / 25)


# A transport stream has no index: there the beginning is taken.
@pytest.mark.parametrize(("name", "jumps"), [("a.mp4", True), ("a.mkv", True), ("a.ts", False)])
def test_a_late_start_jumps_and_gives_the_same_frames(tmp_path: Path, name: str, jumps: bool, monkeypatch) -> None:
    random = np.random.default_rng(4)
    pictures = [random.integers(0, 255, (48, 64, 3)).astype(np.uint8) for _ in range(70)]
    options = {"crf": "12", "g": "12", "bf": "3", "x264-params": "open-gop=1"}
    clip = write_clip(tmp_path / name, pictures, rate=5, pixel_format="yuv420p", options=options)
    jumped = make(tmp_path, clip, start_seconds=11.0, end_seconds=12.2)
    assert jumped.footage.source_frames == tuple(range(56, 62))
    monkeypatch.setattr(footage_clip, "_WORTH_JUMPING_SECONDS", 1e9)
    whole = make(tmp_path, clip, start_seconds=11.0, end_seconds=12.2)
    assert hashes(jumped.root) == hashes(whole.root)
    plans = [(shot.root / "state" / "cache" / "footage" / "plan.json").read_bytes() for shot in (jumped, whole)]
    assert (plans[0] != plans[1]) == jumps


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"start_seconds": 9.0}, "10 frames"),
        ({"start_seconds": 0.3, "end_seconds": 0.2}, "nothing is left"),
        ({"start_seconds": 0.1, "start_frame": 2}, "both set"),
        ({"cuts": "[40]"}, "frame 40"),
    ],
)
def test_trim_that_leaves_nothing(tmp_path: Path, settings: dict, text: str) -> None:
    clip = write_clip(tmp_path / "a.mp4", numbered_pictures(10))
    with pytest.raises(InputError, match=text):
        make(tmp_path, clip, **settings)


def test_depth_follows_the_clip_or_the_setting(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mkv", [patch_picture()] * 2, codec="ffv1", pixel_format="yuv444p10le")
    for bits, kind in (("auto", np.uint16), ("16", np.uint16), ("8", np.uint8)):
        made = make(tmp_path, clip, bits=bits)
        stored = cv2.imread(str(made.root / "frames" / "000001.png"), cv2.IMREAD_UNCHANGED)
        assert stored.dtype == kind
        np.testing.assert_allclose(patch_means(made.picture(1)), PATCHES, atol=0.8)


def test_hdr_is_told(tmp_path: Path) -> None:
    clip = write_clip(
        tmp_path / "a.ts", [np.full((64, 64, 3), 191, np.uint8)] * 2, codec="libx265", pixel_format="yuv420p10le",
        matrix="bt2020", transfer=18, primaries=9,
    )  # fmt: skip
    made = make(tmp_path, clip)
    assert made.footage.bits == 16
    assert made.picture(1).mean() == pytest.approx(0.90, abs=0.02)
    assert any("tone-mapped" in note for note in made.notes)


@pytest.mark.parametrize(
    ("codec", "pixel_format", "name", "tolerance"),
    [
        ("libvpx-vp9", "yuva420p", "a.webm", 6.0),
        ("prores_ks", "yuva444p10le", "a.mov", 2.0),
        ("png", "rgba", "a.mov", 0.5),
        ("ffv1", "bgra", "a.mkv", 0.5),
    ],
)
def test_alpha_of_the_clip(tmp_path: Path, codec: str, pixel_format: str, name: str, tolerance: float) -> None:
    alpha = np.full((48, 192), 255, np.uint8)
    alpha[:, 96:] = 90
    picture = np.dstack([patch_picture(), alpha])
    options = {"libvpx-vp9": {"crf": "4", "b": "0", "auto-alt-ref": "0"}, "prores_ks": {"profile": "4444"}}
    clip = write_clip(
        tmp_path / name, [picture] * 3, codec=codec, pixel_format=pixel_format, options=options.get(codec)
    )
    made = make(tmp_path, clip)
    assert made.footage.has_alpha
    for frame in (1, 3):
        found = files.read_grey(made.root / "alpha" / f"{frame:06d}.png") * 255
        assert found[:, :90].min() > 255 - tolerance
        np.testing.assert_allclose(found[:, 102:], 90, atol=tolerance)
        np.testing.assert_allclose(patch_means(made.picture(frame)), PATCHES, atol=tolerance + 2)
    assert not make(tmp_path, clip, alpha="off").footage.has_alpha


def test_an_alpha_plane_that_is_solid_is_none(tmp_path: Path) -> None:
    picture = np.dstack([patch_picture(), np.full((48, 192), 255, np.uint8)])
    clip = write_clip(tmp_path / "a.mov", [picture] * 2, codec="png", pixel_format="rgba")
    assert not make(tmp_path, clip).footage.has_alpha


def test_sound_is_trimmed_with_the_picture(tmp_path: Path) -> None:
    sound = np.zeros(48000, np.int16)
    sound[24000:24096] = 20000
    clip = write_clip(tmp_path / "a.mov", numbered_pictures(25), sound=sound)
    made = make(tmp_path, clip, start_seconds=0.4, end_seconds=0.8)
    with opened(made.root / made.footage.sound) as container:
        samples = np.concatenate(list(PlacedSound(container, 0.0, 9.0).chunks()))[:, 0]
    assert len(samples) == round(0.4 * 48000)
    assert np.argmax(np.abs(samples) > 5000) == round(0.1 * 48000)
    silent = make(tmp_path, clip, sound="false")
    assert silent.footage.sound == ""
    assert not (silent.root / "sound.flac").exists()


def test_cuts_are_found_and_movement_is_none(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    views = [cv2.GaussianBlur(random.integers(0, 255, (160, 240, 3)).astype(np.uint8), (0, 0), 6) for _ in range(3)]
    views = [
        np.clip((view.astype(int) - 127) * 4 + base, 0, 255).astype(np.uint8)
        for view, base in zip(views, (60, 130, 200), strict=True)
    ]
    shake = random.integers(-6, 7, (45, 2)).cumsum(0) // 2
    pictures = []
    for index in range(45):
        dy, dx = np.clip(shake[index] + 40, 0, 90)
        pictures.append(np.ascontiguousarray(views[index // 15][dy // 2 : dy // 2 + 96, dx // 2 : dx // 2 + 128]))
    clip = write_clip(tmp_path / "a.mp4", pictures)
    made = make(tmp_path, clip)
    assert made.footage.scenes == ((1, 15), (16, 30), (31, 45))
    by_hand = make(tmp_path, clip, cuts="[40]", no_cuts="[16]")
    assert by_hand.footage.scenes == ((1, 30), (31, 39), (40, 45))
    assert make(tmp_path, clip, find_cuts="false").footage.scenes == ((1, 45),)


def test_interlaced_clips_are_told_and_mended(tmp_path: Path) -> None:
    pictures = []
    for index in range(8):
        picture = np.zeros((64, 96, 3), np.uint8)
        picture[0::2, 10 + 8 * index : 30 + 8 * index] = 220
        picture[1::2, 14 + 8 * index : 34 + 8 * index] = 220
        pictures.append(picture)
    clip = write_clip(
        tmp_path / "a.mkv", pictures, codec="libx264", pixel_format="yuv444p", options={"qp": "0", "flags": "+ildct"}
    )
    made = make(tmp_path, clip)
    kept = make(tmp_path, clip, deinterlace="off")

    def comb(picture: np.ndarray) -> float:
        return float(np.abs(picture[2:-2:2] - picture[3:-1:2]).mean())

    assert any("interlaced" in note for note in made.notes)
    assert made.footage.count == kept.footage.count == 8
    assert comb(made.picture(4)) < 0.5 * comb(kept.picture(4))


def test_a_single_frame(tmp_path: Path) -> None:
    made = make(tmp_path, write_clip(tmp_path / "a.mp4", numbered_pictures(1)))
    assert (made.footage.count, made.footage.scenes) == (1, ((1, 1),))
    assert made.footage.duration_seconds == pytest.approx(0.04, abs=1e-3)
    assert any("single frame" in note for note in made.notes)


def test_a_clip_cut_off_in_the_middle(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    pictures = [random.integers(0, 255, (48, 64, 3)).astype(np.uint8) for _ in range(30)]
    whole = tmp_path / "whole.mp4"
    write_movie(whole, pictures, frame_rate=Fraction(25), quality=10)
    data = whole.read_bytes()
    short = tmp_path / "short.mp4"
    short.write_bytes(data[: len(data) * 6 // 10])
    made = make(tmp_path, short)
    assert 5 < made.footage.count < 28
    assert any(f"{made.footage.count} of 30 frames" in warning for warning in made.warnings)
    again = make(tmp_path, short)
    assert hashes(again.root) == hashes(made.root)


def test_a_clip_damaged_in_the_middle(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    pictures = [cv2.GaussianBlur(random.integers(0, 255, (96, 128, 3)).astype(np.uint8), (0, 0), 2) for _ in range(24)]
    clip = write_clip(tmp_path / "a.mkv", pictures, pixel_format="yuv420p", options={"crf": "18", "g": "6"})
    data = bytearray(clip.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2500] = random.integers(0, 255, 2500).astype(np.uint8).tobytes()
    clip.write_bytes(bytes(data))
    made = make(tmp_path, clip)
    assert made.warnings
    assert made.footage.count >= 10
    assert hashes(make(tmp_path, clip).root) == hashes(made.root)


def hashes(root: Path) -> dict[str, str]:
    paths = [*root.glob("frames/*"), *root.glob("alpha/*"), root / "footage.json"]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(paths)}


def test_a_size_that_changes(tmp_path: Path) -> None:
    parts = [write_clip(tmp_path / f"{size}.ts", numbered_pictures(6, 48, size), pixel_format="yuv420p",
                        options={"crf": "10"}) for size in (64, 96)]  # fmt: skip
    clip = tmp_path / "both.ts"
    clip.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(InputError, match=r"64x48 to 96x48 at 0\.\d"):
        make(tmp_path, clip)
    made = make(tmp_path, clip, size_change="scale")
    assert (made.footage.width, made.footage.height, made.footage.count) == (64, 48, 12)
    assert made.warnings


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("empty.mp4", b"", "is empty"),
        ("text.mp4", b"to be or not to be\n" * 40, "not a video"),
        ("text.txt", b"to be or not to be\n" * 40, "not a video"),
        ("noise.mov", bytes(range(256)) * 40, "not a video"),
        ("broken.mp4", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(999), "not whole"),
        ("broken.png", b"\x89PNG\r\n\x1a\n" + bytes(40), "damaged"),
    ],
)
def test_files_that_are_no_clip(tmp_path: Path, name: str, content: bytes, text: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=text) as caught:
        make(tmp_path, tmp_path / name)
    assert name in str(caught.value)


def test_no_such_clip(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gone.mp4: there is no such file"):
        make(tmp_path, tmp_path / "gone.mp4")


def test_sound_only(tmp_path: Path) -> None:
    path = tmp_path / "song.flac"
    with av.open(str(path), "w") as container:
        track = container.add_stream("flac", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 9600), np.int16), format="s16", layout="mono")
        frame.sample_rate = 48000
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    with pytest.raises(InputError, match="sound but no picture"):
        make(tmp_path, path)


def test_a_video_without_frames(tmp_path: Path) -> None:
    path = tmp_path / "none.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    with pytest.raises(InputError, match="no frame"):
        make(tmp_path, path)


def test_the_clip_vanishing_costs_no_frames(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", numbered_pictures(4))
    made = make(tmp_path, clip)
    before = hashes(made.root)
    clip.unlink()
    pipeline.run(shots.Shot(made.root), Recorder(), stage="footage")
    assert hashes(made.root) == before


@pytest.mark.parametrize("stop_after", [3, 6, 11])
def test_a_stopped_run_goes_on_and_ends_the_same(tmp_path: Path, stop_after: int, monkeypatch) -> None:
    monkeypatch.setattr(job.Job, "_INTERVAL_SECONDS", 0.0)
    sound = np.random.default_rng(1).integers(-9000, 9000, 24000).astype(np.int16)
    picture = [np.dstack([image, np.full((48, 64), 100, np.uint8)]) for image in numbered_pictures(12)]
    clip = write_clip(tmp_path / "a.mov", picture, codec="png", pixel_format="rgba", sound=sound)
    whole = make(tmp_path, clip)
    root = tmp_path / "stopped"
    shot = shots.create(root, {"footage.multiple": 1, "footage.source": shots.relative_text(clip, root)})
    with pytest.raises(Cancelled):
        pipeline.run(shot, Recorder(stop_after), stage="footage")
    kept = {path: path.stat().st_mtime_ns for path in root.glob("frames/*.png")}
    pipeline.run(shot, Recorder(), stage="footage")
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert hashes(root) == hashes(whole.root)
    assert (root / "sound.flac").read_bytes() == (whole.root / "sound.flac").read_bytes()


def write_pictures(folder: Path, numbers: list[int], suffix: str = ".png", **changes: tuple[int, int]) -> Path:
    folder.mkdir()
    for number in numbers:
        height, width = changes.get(f"n{number}", (48, 64))
        cv2.imwrite(str(folder / f"take_{number:04d}{suffix}"), np.full((height, width, 3), 10 * number, np.uint8))
    return folder


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".webp", ".bmp"])
def test_a_folder_of_pictures(tmp_path: Path, suffix: str) -> None:
    folder = write_pictures(tmp_path / "pictures", [1, 2, 3, 10], suffix)
    (folder / "notes.txt").write_text("not a picture")
    (folder / ".hidden.png").write_bytes(b"not a picture")
    made = make(tmp_path, folder, gaps="close", frame_rate=30)
    assert made.numbers() == [1, 2, 3, 10]
    assert made.footage.frame_rate == 30
    assert any("4-9" in warning and "closed" in warning for warning in made.warnings)


def test_gaps_are_held_or_refused(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "pictures", [3, 4, 7, 8])
    made = make(tmp_path, folder)
    assert made.numbers() == [3, 4, 4, 4, 7, 8]
    assert made.footage.frame_rate == 24
    assert any("5-6" in warning and "held" in warning for warning in made.warnings)
    with pytest.raises(InputError, match="missing: 5-6"):
        make(tmp_path, folder, gaps="error")
    assert make(tmp_path, folder, start_frame=2, end_frame=5).numbers() == [4, 4, 4, 7]


def test_a_deep_picture_with_alpha_and_one_single_picture(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    picture = np.zeros((48, 64, 4), np.uint16)
    picture[:] = (50000, 30000, 10000, 20000)
    for number in (1, 2):
        cv2.imwrite(str(folder / f"{number:03d}.png"), picture)
    made = make(tmp_path, folder)
    assert (made.footage.bits, made.footage.has_alpha) == (16, True)
    np.testing.assert_allclose(made.picture(2)[5, 5] * 65535, (10000, 30000, 50000), atol=1)
    alpha = files.read_grey(made.root / "alpha" / "000002.png")
    np.testing.assert_allclose(alpha * 65535, 20000, atol=1)
    assert make(tmp_path, folder / "001.png").footage.count == 1


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no pictures"):
        make(tmp_path, tmp_path / "empty")
    mixed = write_pictures(tmp_path / "mixed", [1, 2, 3], n2=(40, 64))
    with pytest.raises(InputError, match=r"take_0002\.png \(64x40\)"):
        make(tmp_path, mixed)
    broken = write_pictures(tmp_path / "broken", [1, 2])
    (broken / "take_0002.png").write_bytes((broken / "take_0002.png").read_bytes()[:60])
    with pytest.raises(InputError, match=r"take_0002\.png"):
        make(tmp_path, broken)
    several = write_pictures(tmp_path / "several", [1, 2])
    for number in (1, 2):
        cv2.imwrite(str(several / f"other{number}.png"), np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(InputError, match="several sequences"):
        make(tmp_path, several)


def test_a_damaged_record_is_told(tmp_path: Path) -> None:
    path = tmp_path / "footage.json"
    for text in ("", "{}", '{"format": 1, "count": 3}', "[]", '{"format": "new"}'):
        path.write_text(text)
        with pytest.raises(InputError, match="damaged"):
            load_footage(path)
    path.write_text('{"format": 99}')
    with pytest.raises(InputError, match="newer"):
        load_footage(path)
