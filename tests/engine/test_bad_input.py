"""Bad input by the real command line: a clear sentence, an exit code that is not 0, nothing lost."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from clips import walker_frame, write_walker
from lineboil.addon.engine import cache, cli, journal
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.state import reports
from movies import write_clip

COUNT = 8
SETTINGS = ("keys.count=2", "upscale.engine=lanczos", "matte.engine=motion")
FRAMES = ("frames", "matte", "depth", "propagated", "upscaled", "cutout/colour", "cutout/depth")


def command(*words: object) -> list[str]:
    return [sys.executable, str(Path(__file__).resolve().parents[2] / "addon"), *map(str, words)]


def lineboil(*words: object) -> subprocess.CompletedProcess:
    return subprocess.run(command(*words), capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def engine(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """The command line in this process, which is much faster; exit code and what it said."""
    monkeypatch.setattr(cli, "_own_stdout", lambda: sys.stdout)

    def call(*words: object) -> tuple[int, str]:
        code = cli.main([str(word) for word in words])
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        assert "unexpected" not in out
        return code, out

    return call


def small(index: int, width: int = 160, height: int = 96) -> np.ndarray:
    return cv2.resize(walker_frame(index), (width, height), interpolation=cv2.INTER_AREA)


def outputs(shot: Path) -> dict[str, str]:
    """Hash of every finished picture, archive, sound and film."""
    kinds = (".png", ".npz", ".flac", ".mp4")
    return {
        path.relative_to(shot).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(shot.rglob("*"))
        if path.is_file() and path.suffix in kinds and "cache" not in path.parts and "replaced" not in path.parts
    }


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_walker(tmp_path_factory.mktemp("clip") / "walker.mp4", COUNT)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Path:
    shot = tmp_path_factory.mktemp("finished") / "walker"
    assert lineboil("new", shot, "--footage", clip, *SETTINGS).returncode == 0
    assert lineboil("run", shot).returncode == 0
    return shot


@pytest.fixture
def shot(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "walker"))


def bad_clips(folder: Path, clip: Path) -> dict[str, str]:
    """Clips that cannot be used, and a word of what is said about each."""
    (folder / "text.mp4").write_text("this is no video\n" * 50, encoding="utf-8")
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "half.mp4").write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    (folder / "nothing").mkdir()
    (folder / "papers").mkdir()
    (folder / "papers" / "letter.txt").write_text("no picture", encoding="utf-8")
    with av.open(str(folder / "tone.mov"), "w") as container:
        track = container.add_stream("pcm_s16le", rate=48000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 48000
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return {
        "absent.mp4": "no such file", "text.mp4": "not a video", "empty.mp4": "empty", "half.mp4": "not whole",
        "nothing": "no pictures", "papers": "no pictures", "tone.mov": "sound but no picture",
    }


def test_a_clip_that_cannot_be_used_makes_no_shot(tmp_path: Path, clip: Path, engine) -> None:
    for name, words in bad_clips(tmp_path, clip).items():
        code, out = engine("new", tmp_path / "shot", "--footage", tmp_path / name)
        assert code == 1
        assert words in out
        assert name in out
        assert not (tmp_path / "shot").exists()


def test_the_size_changes_in_the_clip_or_the_folder(tmp_path: Path, engine) -> None:
    parts = []
    for width, height in ((160, 96), (96, 64)):
        path = tmp_path / f"{width}.h264"
        with av.open(str(path), "w", format="h264") as container:
            stream = container.add_stream("libx264", rate=25, options={"x264-params": "repeat-headers=1"})
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for index in range(3):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(small(index, width, height), format="rgb24")))
            container.mux(stream.encode(None))
        parts.append(path.read_bytes())
    (tmp_path / "both.h264").write_bytes(b"".join(parts))
    (tmp_path / "mixed").mkdir()
    for index in range(3):
        size = (100, 60) if index == 1 else (160, 96)
        cv2.imwrite(str(tmp_path / "mixed" / f"p_{index + 1:03d}.png"), small(index, *size))
    for name, words in (("both.h264", "96x64"), ("mixed", "p_002.png (100x60)")):
        assert engine("new", tmp_path / "shot", "--footage", tmp_path / name)[0] == 0
        code, out = engine("run", tmp_path / "shot", "--until", "footage")
        assert code == 1
        assert words in out
        shutil.rmtree(tmp_path / "shot")


@pytest.mark.parametrize(("count", "size"), [(1, (160, 96)), (2, (101, 57)), (4, (32, 24))])
def test_short_small_and_odd_clips_go_the_whole_road(tmp_path: Path, engine, count: int, size: tuple[int, int]) -> None:
    source = write_clip(tmp_path / "short.mp4", [small(index, *size) for index in range(count)])
    assert engine("new", tmp_path / "shot", "--footage", source)[0] == 0
    code, out = engine("run", tmp_path / "shot")
    assert code == 0, out
    with av.open(str(tmp_path / "shot" / "shot.mp4")) as film:
        assert len(list(film.decode(video=0))) == count


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("matte.engine=person", "nobody was found"),
        ("matte.engine=chroma", "no green or blue screen"),
        ("matte.engine=alpha", "no alpha channel"),
        ("diffuse.engine=painted", "painted"),
        ("footage.start_seconds=50", "nothing is left"),
        ("pose.boxes=a,b", "is not a box"),
    ],
)
def test_an_engine_that_cannot_do_it_says_so_and_loses_nothing(shot: Path, engine, settings: str, words: str) -> None:
    before = outputs(shot)
    assert engine("set", shot, settings)[0] == 0
    code, out = engine("run", shot)
    assert code == 1
    assert words in out
    assert engine("set", shot, *SETTINGS, "diffuse.engine=filter", "footage.start_seconds=0", "pose.boxes=")[0] == 0
    assert engine("run", shot)[0] == 0
    assert outputs(shot) == before


BROKEN_SETTINGS = {
    "newer": (lambda text: text.replace("format = 1", "format = 2"), "newer"),
    "no format": (lambda text: text.replace("format = 1\n", ""), '"format"'),
    "no TOML": (lambda text: text + "\n[matte\n", "cannot be understood"),
    "unknown table": (lambda text: text + "\n[nonsense]\n", "[nonsense]"),
    "unknown key": (lambda text: text.replace("[keys]", "[keys]\ncuont = 3"), '"count"'),
    "wrong value": (lambda text: text.replace("[pose]", '[pose]\nengine = "magic"'), '"pose.engine" is "magic"'),
    "too large": (lambda text: text.replace("[footage]", "[footage]\nlong_side = 1e400"), '"footage.long_side"'),
    "no character": (lambda text: text.replace("[build]", '[build]\nblender = "a\\u0000b"'), '"build.blender"'),
    "not a table": (lambda text: text.replace("[pose]", "[[pose]]"), '"pose" must be a table'),
    "empty": (lambda text: "", '"format"'),
}


@pytest.mark.parametrize("kind", BROKEN_SETTINGS)
def test_a_broken_shot_toml_is_told_and_left_alone(shot: Path, engine, kind: str) -> None:
    change, words = BROKEN_SETTINGS[kind]
    path = shot / "shot.toml"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    text = path.read_bytes()
    for verb in (("status", shot), ("run", shot), ("set", shot, "render.quality=final")):
        code, out = engine(*verb)
        assert code == 1
        assert words in out
        assert "shot.toml" in out
    assert path.read_bytes() == text


def test_a_shot_toml_of_another_editor(shot: Path, engine) -> None:
    path = shot / "shot.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert engine("set", shot, "matte.shift=1")[0] == 0
    assert Shot(shot).settings["matte"].shift == 1
    path.write_bytes(path.read_bytes() + b"# \xe9\n")
    code, out = engine("status", shot)
    assert code == 1
    assert "UTF-8" in out


def tear(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [Path.unlink, tear, zero, empty])
def test_damaged_files_of_every_stage_are_made_anew(shot: Path, engine, damage: Callable[[Path], None]) -> None:
    before = outputs(shot)
    key = sorted((shot / "styled").glob("*.png"))[0].relative_to(shot).as_posix()
    names = [f"{folder}/000004.png" for folder in FRAMES]
    names += [key, "state/flow/000004.npz", "pose/landmarks.npz", "depth/depth.json", "footage.json", "walker.mp4"]
    if damage is not tear:
        # Half a sound is taken for the artist's own, which is shorter.
        names.append("sound.flac")
    for name in names:
        damage(shot / name)
    assert engine("status", shot)[0] == 0
    standing = {report.stage: report.standing for report in reports(Shot(shot))}
    assert "done" not in {standing[stage] for stage in ("footage", "matte", "depth", "upscale", "cutout", "encode")}
    code, out = engine("run", shot)
    assert code == 0, out
    assert outputs(shot) == before


@pytest.mark.parametrize("text", ["", "[1]", '{"parts": 3, "facts": [1]}', '{"parts": {"files": 1}}', "\0\0{garbage"])
def test_damaged_state_costs_work_and_nothing_else(shot: Path, engine, text: str) -> None:
    before = outputs(shot)
    for stage in ("footage", "matte", "encode"):
        (shot / "state" / f"{stage}.json").write_text(text, encoding="utf-8")
    (shot / "state" / "depth.journal").write_text(text, encoding="utf-8")
    assert engine("status", shot)[0] == 0
    code, out = engine("run", shot)
    assert code == 0, out
    assert outputs(shot) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not valid JSON"),
        ("[]", '"keys"'),
        ('{"format": 1, "keys": [{"frame": "a"}]}', '"a"'),
        ('{"format": 1, "keys": [{"frame": 99}]}', "frame 99"),
        ('{"format": 9, "keys": []}', "newer"),
        ('{"format": 1, "keys": []}', "no key"),
    ],
)
def test_keys_edited_wrongly_are_told_and_kept(shot: Path, engine, text: str, words: str) -> None:
    (shot / "keys.json").write_text(text, encoding="utf-8")
    assert engine("status", shot)[0] == 0
    code, out = engine("run", shot)
    assert code == 1
    assert words in out
    assert "keys.json" in out
    assert (shot / "keys.json").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("folder", ["frames", "matte", "depth", "styled", "propagated", "upscaled"])
def test_a_frame_of_another_size_is_named_and_kept(shot: Path, engine, folder: str) -> None:
    path = sorted((shot / folder).glob("*.png"))[-1]
    cv2.imwrite(str(path), np.full((40, 60), 90, np.uint8))
    painted = path.read_bytes()
    code, out = engine("run", shot)
    assert code == 1
    assert "60x40" in out or "120x80" in out
    assert int(path.stem) and (path.name in out or f"frame {int(path.stem)}" in out)
    assert path.read_bytes() == painted


def test_the_artists_painting_is_checked(shot: Path, engine) -> None:
    painted = shot / "painted"
    painted.mkdir()
    frames = [path.name for path in sorted((shot / "styled").glob("*.png"))]
    for name in frames:
        cv2.imwrite(str(painted / name), np.full((96, 160, 3), 90, np.uint8))
    assert engine("set", shot, "diffuse.engine=painted")[0] == 0
    cv2.imwrite(str(painted / frames[1]), np.full((50, 160, 3), 90, np.uint8))
    assert "160x50" in engine("run", shot)[1]
    (painted / frames[1]).write_bytes(b"torn")
    code, out = engine("run", shot)
    assert code == 1
    assert "damaged" in out
    assert "save it again" in out
    (painted / frames[1]).unlink()
    assert str(int(frames[1][:6])) in engine("run", shot)[1]
    assert (painted / frames[0]).is_file()


def test_a_finished_shot_outlives_its_clip(clip: Path, finished: Path, tmp_path: Path, engine) -> None:
    source = shutil.copy(clip, tmp_path / "walker.mp4")
    shot = Path(shutil.copytree(finished, tmp_path / "shot"))
    assert engine("set", shot, f"footage.source={source}")[0] == 0
    assert engine("run", shot)[0] == 0
    source.unlink()
    assert engine("set", shot, "matte.shift=1")[0] == 0
    assert engine("run", shot)[0] == 0
    before = outputs(shot)
    assert engine("set", shot, "footage.long_side=64")[0] == 0
    code, out = engine("run", shot)
    assert code == 1
    assert "walker.mp4" in out
    assert "footage.source" in out
    assert outputs(shot) == before
    assert engine("status", shot)[0] == 0
    assert engine("check", shot)[0] == 1


class Disk:
    """Writes of frames and state fail with `code` after some of them went well."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, code: int, good: int) -> None:
        self.code, self.good = code, good
        real = cache.write_part

        def write_part(part: Path, data: bytes, *, sync: bool = False) -> os.stat_result:
            self.good -= 1
            if self.good < 0:
                part.parent.mkdir(parents=True, exist_ok=True)
                part.write_bytes(data[: len(data) // 2])
                raise OSError(code, os.strerror(code), str(part))
            return real(part, data, sync=sync)

        monkeypatch.setattr(cache, "write_part", write_part)
        monkeypatch.setattr(journal, "write_part", write_part)


@pytest.mark.parametrize(("code", "words"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "no permission to write")])
def test_a_full_or_read_only_disk(clip: Path, finished: Path, tmp_path: Path, engine, code: int, words: str) -> None:
    shot = tmp_path / "walker"
    assert engine("new", shot, "--footage", clip, *SETTINGS)[0] == 0
    for good in (0, 6, 15, 15, 30):
        with pytest.MonkeyPatch.context() as patch:
            Disk(patch, code, good)
            result, out = engine("run", shot)
            assert result == 1, out
            assert words in out
        assert not list(shot.rglob("*.part*"))
    assert engine("run", shot)[0] == 0
    assert outputs(shot) == outputs(finished)


def test_settings_survive_a_full_disk(shot: Path, engine, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (shot / "shot.toml").read_bytes()
    Disk(monkeypatch, errno.ENOSPC, 0)
    assert engine("set", shot, "matte.shift=1")[0] == 1
    assert (shot / "shot.toml").read_bytes() == before
    assert engine("status", shot)[0] == 0
    assert engine("run", shot)[0] == 0


def test_a_name_that_the_disk_refuses(tmp_path: Path, clip: Path, engine) -> None:
    code, out = engine("new", tmp_path / ("x" * 300), "--footage", clip)
    assert code == 1
    assert "xxx" in out


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("wait", [0.15, 0.35, 1.0, 1.8])
def test_stopped_at_any_moment_it_ends_in_order(clip: Path, tmp_path: Path, number: str, wait: float) -> None:
    shot = tmp_path / "walker"
    assert lineboil("new", shot, "--footage", clip, *SETTINGS).returncode == 0
    child = subprocess.Popen(
        command("run", shot, "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(wait)
    child.send_signal(getattr(signal, number))
    out, err = child.communicate(timeout=30)
    # Before its first line Python itself may still be starting, on a busy machine for long.
    assert child.returncode in (0, 130) or (not out and child.returncode == -getattr(signal, number))
    assert "Traceback" not in err or child.returncode < 0
    said = [json.loads(line) for line in out.splitlines()]
    assert not said or said[-1]["kind"] in ("done", "failed")
    assert not list(shot.rglob("*.part*"))


def test_text_without_a_terminal_and_lines_of_json(shot: Path) -> None:
    text = lineboil("status", shot)
    assert text.returncode == 0
    assert "\x1b" not in text.stdout
    assert "\r" not in text.stdout
    for words, code in (("status", 0), ("run", 0), ("sheet", 0)):
        done = lineboil(words, shot, "--json")
        assert done.returncode == code
        assert [json.loads(line) for line in done.stdout.splitlines()][-1]["kind"] == "done"
    failed = lineboil("run", shot / "nowhere", "--json")
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["exit_code"] == 1
    assert lineboil("paint", shot).returncode == 2
