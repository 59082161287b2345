"""Presets: those that come along, the artist's own, broken ones; by file, by command line and in Blender."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from blender_inside import Inside
from lineboil.addon.engine import presets
from lineboil.addon.engine.errors import InputError, SettingError
from lineboil.addon.engine.schema.registry import BY_NAME, STAGES
from lineboil.addon.engine.shot import Shot, create

SHIPPED = {"as_filmed", "fine_1080p", "green_screen", "ink", "pencil", "quick_look", "toon_film"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "presets"


def write(own: Path, text: str, name: str = "mine.toml") -> Path:
    own.mkdir(exist_ok=True)
    (own / name).write_text(text, encoding="utf-8")
    return own / name


def test_the_shipped_ones_can_be_used(own: Path) -> None:
    found, problems = presets.load(own)
    assert {preset.identifier for preset in found} == SHIPPED
    assert problems == []
    defaults = {spec.name: spec.settings() for spec in STAGES}
    for preset in found:
        assert preset.name and preset.doc and not preset.is_own
        assert not preset.values.keys() & presets.SHOT_ONLY
        # One shows the look every shot begins with.
        assert bool(presets.differing(preset.values, defaults)) == (preset.identifier != "toon_film")


def test_a_look_replaces_the_look_before_it(tmp_path: Path, own: Path) -> None:
    shot = create(tmp_path / "shot", {"footage.source": "clip.mp4"})
    shot.change(presets.find("pencil", own).values)
    shot.change(presets.find("toon_film", own).values)
    fresh = BY_NAME["diffuse"].settings()
    assert shot.settings["diffuse"] == fresh
    assert shot.settings["footage"].source == "clip.mp4"


def test_one_that_is_not_whole_changes_what_it_lists_only(tmp_path: Path, own: Path) -> None:
    shot = create(tmp_path / "shot", {"matte.feather": 2.0})
    shot.change(presets.find("Green Screen", own).values)
    assert (shot.settings["matte"].engine, shot.settings["matte"].feather) == ("chroma", 2.0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 'no usable "format" line'),
        ("format = 1", "sets nothing"),
        ("format = 2\n[diffuse]\nlook = 'ink'", "newer Lineboil"),
        ("format = 1\n[diffuse\n", "cannot be understood"),
        ("format = 1\n[diffuse]\nlook = 'oil'", '"diffuse.look" is "oil"'),
        ("format = 1\n[diffuse]\nlok = 'ink'", 'Did you mean "look"'),
        ("format = 1\n[paint]\nlook = 'ink'", "no table \\[paint\\]"),
        ("format = 1\ncolour = 3\n[diffuse]\nlook = 'ink'", "no table \\[colour\\]"),
        ("format = 1\nwhole = ['paint']", '"whole" must be a list of stages'),
        ("format = 1\nwhole = [[1]]", '"whole" must be a list of stages'),
        ("format = 1\nwhole = 3", '"whole" must be a list of stages'),
        ("format = 1\nname = 3\n[diffuse]\nlook = 'ink'", '"name" must be a text'),
        ("format = 1\n[footage]\nsource = 'a.mp4'", "belongs to one shot"),
        ("format = true\n[diffuse]\nlook = 'ink'", 'no usable "format" line'),
        ("format = 1\nx = " + "[" * 5000, "cannot be understood"),
    ],
)
def test_a_broken_one_is_told_and_the_others_stay(own: Path, text: str, words: str) -> None:
    path = write(own, text)
    write(own, "format = 1\n[diffuse]\nlook = 'ink'", "good.toml")
    found, problems = presets.load(own)
    assert {preset.identifier for preset in found} == SHIPPED | {"good"}
    assert [problem.where for problem in problems] == [str(path)]
    with pytest.raises((InputError, SettingError), match=words):
        raise problems[0]
    with pytest.raises((InputError, SettingError), match=words):
        presets.find("mine", own)


def test_bytes_that_are_no_text(own: Path) -> None:
    write(own, "")
    (own / "mine.toml").write_bytes(b"\xff\xfe\x00")
    (own / "folder.toml").mkdir()
    assert len(presets.load(own)[1]) == 2


def test_own_ones_are_saved_found_applied_replaced_and_removed(tmp_path: Path, own: Path) -> None:
    values = {"diffuse.look": "ink", "diffuse.paper_colour": "#ffeedd", "matte.feather": 1.5}
    shot = create(tmp_path / "shot", {**values, "matte.box": ("1,2,3,4@1",)})
    saved = presets.save(own, "Aunt Ida's \"film\"\n", shot.settings, ["matte", "diffuse"], doc="For\nthe red one")
    assert (saved.identifier, saved.name, saved.doc) == ("aunt_ida_s_film", 'Aunt Ida\'s "film"', "For the red one")
    text = saved.path.read_text(encoding="utf-8")
    assert "box" not in text and text.index("[matte]") < text.index("[diffuse]")
    other = create(tmp_path / "other", {"diffuse.line_weight": 3.0, "depth.strength": 2.0, "matte.box": ("9,9,9,9@1",)})
    other.change(presets.find("aunt ida's \"film\"", own).values)
    assert other.settings["diffuse"] == shot.settings["diffuse"]
    assert (other.settings["matte"].feather, other.settings["matte"].box) == (1.5, ("9,9,9,9@1",))
    assert other.settings["depth"].strength == 2.0
    with pytest.raises(InputError, match="already"):
        presets.save(own, "Aunt Ida s film", other.settings, ["diffuse"])
    assert presets.save(own, "Aunt Ida s film", other.settings, ["depth"], replace=True).values["depth.strength"] == 2.0
    presets.remove(own, "aunt_ida_s_film")
    assert {preset.identifier for preset in presets.load(own)[0]} == SHIPPED


@pytest.mark.parametrize("name", ["", "   ", "../..", "///", "x" * 100])
def test_a_name_that_makes_no_file_is_refused(own: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be the name"):
        presets.save(own, name, {spec.name: spec.settings() for spec in STAGES}, ["diffuse"])
    assert not own.exists()


def test_names_windows_keeps_for_itself_and_foreign_letters() -> None:
    assert presets.file_stem("CON") == "con_"
    assert presets.file_stem("Été 2026") == "été_2026"


@pytest.mark.parametrize("name", ["Ink", "toon film"])
def test_a_shipped_one_is_not_replaced_or_removed(own: Path, name: str) -> None:
    settings = {spec.name: spec.settings() for spec in STAGES}
    with pytest.raises(InputError, match="comes with Lineboil"):
        presets.save(own, name, settings, ["diffuse"], replace=True)
    for wanted in ("ink", "../addon/presets/ink", str(presets.SHIPPED / "ink")):
        with pytest.raises(InputError, match="of yours"):
            presets.remove(own, wanted)


def test_no_or_unknown_stages_are_refused(own: Path) -> None:
    settings = {spec.name: spec.settings() for spec in STAGES}
    with pytest.raises(SettingError, match="no stage is chosen"):
        presets.save(own, "Empty", settings, [])
    with pytest.raises(SettingError, match='no stage "paint"'):
        presets.save(own, "Empty", settings, ["paint"])


def lineboil(own: Path, *words: object) -> tuple[int, dict]:
    done = subprocess.run(
        [sys.executable, str(ROOT / "addon"), *map(str, words), "--json"],
        capture_output=True, text=True, check=False, env={**os.environ, "LINEBOIL_PRESETS": str(own)},
    )
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_on_the_command_line(tmp_path: Path, own: Path, repository: Path) -> None:
    write(own, "format = 1\n[diffuse]\nlook = 'ink'\nsaturation = 0.5")
    clip = repository / "samples" / "performer.mp4"
    root = tmp_path / "shot"
    code, last = lineboil(own, "new", root, "--footage", clip, "--preset", "pencil", "diffuse.background=0.1")
    assert (code, last["kind"]) == (0, "done")
    look = Shot(root).settings["diffuse"]
    assert (look.look, look.background, look.paper_colour) == ("pencil", 0.1, "#fff8e8")
    code, last = lineboil(own, "set", root, "--preset", "mine", "matte.feather=1")
    assert (code, last["result"]) == (
        0, {"diffuse.look": '"ink"', "diffuse.saturation": "0.5", "matte.feather": "1.0"}
    )
    before = (root / "shot.toml").read_bytes()
    code, last = lineboil(own, "set", root, "--preset", "oil", "matte.feather=2")
    assert (code, last["what"]) == (1, 'there is no preset "oil"')
    assert "pencil" in last["remedy"]
    assert lineboil(own, "set", root)[0] == 2
    assert (root / "shot.toml").read_bytes() == before


def test_in_blender(inside: Inside, tmp_path: Path) -> None:
    root = create(tmp_path / "shot", {"diffuse.line_weight": 2.0}).root
    found = inside.run("presets", root)
    assert set(found["names"]) >= {"Ink", "Pencil"}
    assert found["look"] == ["pencil", 1.0]
    assert found["saved"] == [["evening", True]]
    assert found["removed"] == []
    assert found["refused"] == "this scene has no shot. Choose a clip or open a shot first."
    assert Shot(root).settings["diffuse"].look == "pencil"
    # The extension's own folder, which Blender takes away with the extension.
    assert Path(found["folder"]).is_relative_to(inside.user)
