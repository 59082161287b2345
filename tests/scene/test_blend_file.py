"""The .blend a shot's scene is in: its own, another, one that several shots share, or one that cannot be used."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import Recorder
from lineboil.addon.engine.errors import EngineError, InputError, MissingError
from lineboil.addon.engine.frames import list_frames
from lineboil.addon.engine.schema.build import BuildSettings, blend_of
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages.build import describe
from lineboil.addon.engine.state import ShotState
from scene_blenders import run_inside
from scene_shot import make_scene_shot, run_stage

pytestmark = pytest.mark.usefixtures("blender")
SMALL = {"render__preview_long_side": 64, "render__preview_samples": 1, "render__device": "cpu"}


def look(blend: Path, edits: str = "") -> dict[str, Any]:
    """Scenes of a file: shot, figure's pictures, range; `edits` is Python done and saved first."""
    results = run_inside("cases_look.py", {"blend": str(blend), "edits": edits})
    assert results["case_look"] == "", results["case_look"]
    return json.loads((blend.parent / "look.json").read_text(encoding="utf-8"))


@pytest.fixture
def shots(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Two shots that share a .blend elsewhere."""
    film = tmp_path / "film/film.blend"
    film.parent.mkdir()
    roots = [make_scene_shot(tmp_path / name, count, **SMALL) for name, count in (("one", 3), ("two", 4))]
    for root in roots:
        Shot(root).change({"build.file": "../film/film.blend"})
        run_stage(root, "build", Recorder())
    return roots[0], roots[1], film


def test_two_shots_in_one_file(shots: tuple[Path, Path, Path]) -> None:
    one, two, film = shots
    found = look(film)
    assert sorted(found) == ["Scene", "two"]
    assert [found[name]["shot"] for name in ("Scene", "two")] == ["//../one", "//../two"]
    assert found["Scene"]["pictures"] == ["//../one/cutout/colour/000001.png", "//../one/matte/000001.png"]
    assert found["two"]["pictures"] == ["//../two/cutout/colour/000001.png", "//../two/matte/000001.png"]
    assert [found[name]["end"] for name in ("Scene", "two")] == [3, 4]
    assert not list(one.glob("*.blend")) and not list(film.parent.glob("*.part*"))
    before = film.read_bytes()
    for root in (one, two):
        run_stage(root, "build", Recorder())
    assert film.read_bytes() == before
    Shot(one).change({"build.own_light": 0.6})
    run_stage(one, "build", Recorder())
    changed = look(film)
    assert changed["two"] == found["two"] and changed["Scene"] != found["Scene"]


def test_each_shot_renders_its_own_scene(shots: tuple[Path, Path, Path]) -> None:
    one, two, film = shots
    look(film, "bpy.data.scenes['two'].render.resolution_y = 384")
    for root, size in ((one, (64, 48)), (two, (32, 64))):
        run_stage(root, "render", Recorder(), (2,))
        assert list_frames(root / "render") == [2]
        head = (root / "render/000002.png").read_bytes()[16:24]
        assert (int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")) == size
    facts = ShotState(Shot(one)).parts("render")["files"]
    assert list(facts) == ["film.blend"] and "missing" not in facts.values()
    look(film, "bpy.data.scenes['two'].render.resolution_y = 192")
    assert ShotState(Shot(one)).parts("render")["files"] != facts


def test_the_scene_of_a_shot_among_copies(shots: tuple[Path, Path, Path]) -> None:
    one, two, film = shots
    copy = "c = bpy.data.scenes['Scene'].copy(); c.name = 'Copy'; c.use_fake_user = True;"
    look(film, copy + "bpy.context.window.scene = bpy.data.scenes['two']")
    with pytest.raises(InputError, match=r'film\.blend: holds 2 scenes of this shot \("Copy", "Scene"\).*choose'):
        run_stage(one, "build", Recorder())
    with pytest.raises(InputError, match="holds 2 scenes"):
        run_stage(one, "render", Recorder(), (1,))
    run_stage(two, "build", Recorder())
    look(film, "bpy.context.window.scene = bpy.data.scenes['Copy']")
    run_stage(one, "build", Recorder())


def test_a_scene_without_this_shot_is_not_rendered(shots: tuple[Path, Path, Path]) -> None:
    one, _, film = shots
    look(film, "bpy.data.scenes.remove(bpy.data.scenes['Scene'])")
    with pytest.raises(InputError, match=r"film\.blend: holds no scene of this shot.*lineboil build"):
        run_stage(one, "render", Recorder(), (1,))


def test_a_moved_shot_keeps_its_scene(shots: tuple[Path, Path, Path], tmp_path: Path) -> None:
    one, _, film = shots
    moved = tmp_path / "archive" / "one"
    moved.parent.mkdir()
    shutil.move(one, moved)
    Shot(moved).change({"build.file": "../../film/film.blend"})
    run_stage(moved, "build", Recorder())
    found = look(film)
    assert sorted(found) == ["Scene", "two"]
    assert found["Scene"]["pictures"][0] == "//../archive/one/cutout/colour/000001.png"


def test_a_file_saved_elsewhere_keeps_its_scene(tmp_path: Path) -> None:
    one, two = (make_scene_shot(tmp_path / name, 2) for name in ("one", "two"))
    run_stage(one, "build", Recorder())
    film = two / "film.blend"
    look(one / "one.blend", f"path = {str(film)!r}")
    for root in (one, two):
        Shot(root).change({"build.file": str(film)})
        run_stage(root, "build", Recorder())
    found = look(film)
    assert found["Scene"]["pictures"][0] == "//../one/cutout/colour/000001.png"
    assert found["two"]["pictures"][0] == "//cutout/colour/000001.png"


def test_a_scene_built_in_the_open_file_is_not_built_again(tmp_path: Path) -> None:
    root, film = make_scene_shot(tmp_path / "one", 3), tmp_path / "film.blend"
    described = json.dumps(describe(Shot(root), Recorder())["job"])
    fill = "import json; from lineboil.addon.scene import build; build.fill(bpy.context.scene, json.loads(job))"
    look(film, f"job = {described!r}; {fill}")
    before = film.read_bytes()
    Shot(root).change({"build.file": str(film)})
    recorder = Recorder()
    run_stage(root, "build", recorder)
    assert film.read_bytes() == before
    assert any("up to date" in note.text for note in recorder.of("note"))


def test_an_artists_file_keeps_its_own(tmp_path: Path) -> None:
    root, film = make_scene_shot(tmp_path / "one", 2), tmp_path / "mine.blend"
    look(
        film,
        "bpy.ops.wm.save_as_mainfile(filepath=path); s = bpy.context.scene; s.render.fps = 25; s.frame_end = 99;"
        "bpy.data.workspaces['Layout'].name = 'Mine'",
    )
    Shot(root).change({"build.file": str(film)})
    recorder = Recorder()
    run_stage(root, "build", recorder)
    found = look(film)
    assert [found["Scene"][key] for key in ("fps", "end")] == [25, 99]
    assert "Cube" in found["Scene"]["objects"]
    assert "Mine" in found["Scene"]["workspaces"]
    assert any("left as you have set it: frame range, frame rate" in note.text for note in recorder.of("note"))


@pytest.mark.parametrize("place", ["file", "folder"])
def test_read_only(tmp_path: Path, place: str) -> None:
    root = make_scene_shot(tmp_path / "one", 2)
    film = tmp_path / "film/film.blend"
    film.parent.mkdir()
    Shot(root).change({"build.file": str(film)})
    run_stage(root, "build", Recorder())
    before = film.read_bytes()
    Shot(root).change({"build.own_light": 0.5})
    locked = film if place == "file" else film.parent
    mode = locked.stat().st_mode
    locked.chmod(mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    try:
        with pytest.raises(InputError, match="read-only.*--blend"):
            run_stage(root, "build", Recorder())
    finally:
        locked.chmod(mode)
    assert film.read_bytes() == before
    assert [item.name for item in film.parent.iterdir()] == ["film.blend"]


def test_a_file_that_is_gone_is_not_silently_made_anew(shots: tuple[Path, Path, Path]) -> None:
    one, _, film = shots
    film.rename(film.with_name("elsewhere.blend"))
    with pytest.raises(InputError, match=r"film\.blend.*not there any more.*--blend"):
        run_stage(one, "build", Recorder())
    with pytest.raises(MissingError, match="no scene to render"):
        run_stage(one, "render", Recorder(), (1,))
    Shot(one).change({"build.file": "../nowhere/film.blend"})
    with pytest.raises(EngineError, match="folder of this .blend is not there"):
        run_stage(one, "build", Recorder())


def test_a_file_of_a_newer_blender(tmp_path: Path) -> None:
    root, film = make_scene_shot(tmp_path / "one", 2), tmp_path / "mine.blend"
    look(film, "bpy.context.preferences.filepaths.use_file_compression = False")
    data = film.read_bytes()
    number = re.match(rb"BLENDER(?:17-01v0|[-_]v)(\d)", data)
    assert number
    newer = data[: number.start(1)] + b"9" + data[number.end(1) :]
    film.write_bytes(newer)
    Shot(root).change({"build.file": str(film)})
    with pytest.raises(InputError, match=r"newer Blender|newer than this|cannot open"):
        run_stage(root, "build", Recorder())
    assert film.read_bytes() == newer


def test_where_the_file_is(tmp_path: Path) -> None:
    root = tmp_path / "shot"
    assert blend_of(BuildSettings(), root) == root / "shot.blend"
    assert blend_of(BuildSettings(file="../x/y.blend"), root) == tmp_path / "x/y.blend"
    assert blend_of(BuildSettings(file=str(tmp_path / "y.blend")), root) == tmp_path / "y.blend"


def lineboil(*words: object, folder: Path) -> tuple[int, list[dict[str, Any]]]:
    program = Path(__file__).resolve().parents[2] / "addon"
    command = [sys.executable, str(program), *map(str, words), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, cwd=folder)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def test_the_command_line(tmp_path: Path, repository: Path) -> None:
    shot, film, clip = tmp_path / "shot", tmp_path / "work/film.blend", repository / "samples/performer.mp4"
    settings = ("footage.long_side=160", "footage.end_frame=2", "diffuse.engine=off", "render.preview_samples=1")
    lineboil("new", shot, "--footage", clip, *settings, "render.preview_long_side=64", folder=repository)
    code, told = lineboil("build", shot, "--describe", folder=repository)
    assert code == 0, told[-1]
    described = told[-1]["result"]
    assert described["job"]["clip"]["count"] == 2
    assert described["stamp"] == described["job"]["stamp"]
    assert not list(shot.glob("*.blend"))
    assert "build" not in {one["stage"] for one in told if one["kind"] == "stage_done"}
    assert stamp_of(shot) == described["stamp"]
    film.parent.mkdir()
    code, told = lineboil("build", shot, "--blend", os.path.relpath(film, repository), folder=repository)
    assert (code, told[-1].get("result")) == (0, {"scene": str(film)}), told[-1]
    assert 'file = "../work/film.blend"' in (shot / "shot.toml").read_text(encoding="utf-8")
    # Where the scene is does not change what it is built from.
    assert stamp_of(shot) == described["stamp"]
    assert look(film)["Scene"]["stamp"] == described["stamp"]
    code, told = lineboil("render", shot, "--frames", "2", folder=repository)
    assert (code, list_frames(shot / "render")) == (0, [2]), told[-1]
    lineboil("set", shot, "build.relief=0.5", folder=repository)
    assert stamp_of(shot) != described["stamp"]


def stamp_of(shot: Path) -> str:
    _, told = lineboil("status", shot, folder=shot)
    return next(one for one in told if one.get("stage") == "build")["facts"]["stamp"]


@pytest.mark.parametrize(
    ("verb", "blend", "text"),
    [
        ("build", "film.blender", "is not a .blend"),
        ("build", ".", "is not a .blend"),
        ("render", "none.blend", "there is no such .blend"),
    ],
)
def test_wrong_use(tmp_path: Path, verb: str, blend: str, text: str) -> None:
    root = make_scene_shot(tmp_path / "shot", 2)
    code, told = lineboil(verb, "shot", "--blend", blend, folder=tmp_path)
    assert code == 1
    assert text in told[-1]["what"]
    assert Shot(root).settings["build"].file == ""


def test_going_back_to_the_usual_place(tmp_path: Path) -> None:
    root = make_scene_shot(tmp_path / "shot", 2, build__file="other.blend")
    lineboil("build", "shot", "--blend", os.path.join("shot", "shot.blend"), folder=tmp_path)
    assert Shot(root).settings["build"].file == ""
