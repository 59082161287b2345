"""shot.toml: commented, editable by hand, changed in place, and never damaged."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from lineboil.addon.engine import shot as shots
from lineboil.addon.engine.errors import EngineError, InputError, SettingError
from lineboil.addon.engine.schema.registry import STAGES
from lineboil.addon.engine.settings import fields_of


@pytest.fixture
def shot(tmp_path: Path) -> shots.Shot:
    return shots.create(tmp_path / "myshot", {"footage.source": "../clip.mp4"})


def test_a_new_file_lists_every_setting_with_its_explanation(shot: shots.Shot) -> None:
    words = " ".join(shot.text.replace("\n#", " ").split())
    for spec in STAGES:
        assert f"[{spec.name}]" in shot.text
        for field in fields_of(spec.settings):
            assert f"{field.name} = " in shot.text
            assert " ".join(field.bounds.doc.split()) in words
    assert tomllib.loads(shot.text)["footage"] == {"source": "../clip.mp4"}


def test_commented_defaults_are_valid_when_uncommented(shot: shots.Shot) -> None:
    names = {field.name for spec in STAGES for field in fields_of(spec.settings)}
    lines = [
        line[2:] if line.startswith("# ") and line[2:].split(" = ")[0] in names else line
        for line in shot.text.splitlines()
    ]
    parsed = shots.parse("\n".join(lines), where="shot.toml")
    assert parsed["matte"] == shot.settings["matte"]


def test_change_keeps_every_other_line(shot: shots.Shot) -> None:
    path = shot.root / "shot.toml"
    path.write_text(shot.text.replace("[matte]", "[matte]  # my own remark"), encoding="utf-8")
    changed = shots.Shot(shot.root)
    before = changed.text.splitlines()
    changed.change({"matte.engine": "chroma"})
    after = path.read_text(encoding="utf-8").splitlines()
    assert len(before) == len(after)
    assert [new for old, new in zip(before, after, strict=True) if old != new] == ['engine = "chroma"']
    assert shots.Shot(shot.root).settings["matte"].engine == "chroma"
    changed.change({"matte.engine": "person"})
    assert path.read_text(encoding="utf-8").count('engine = "person"') == 1


def test_change_replaces_a_list_over_several_lines(shot: shots.Shot) -> None:
    text = shots.with_value(shot.text, STAGES[0], "source", "x")
    text = text.replace("[matte]", '[matte]\nbox = [\n  "1,2,3,4@1",  # left\n  "2,2,3,4@9",\n]')
    changed = shots.with_value(text, next(spec for spec in STAGES if spec.name == "matte"), "box", ("9,9,9,9@2",))
    assert tomllib.loads(changed)["matte"]["box"] == ["9,9,9,9@2"]


def test_change_adds_a_table_that_was_deleted(shot: shots.Shot) -> None:
    (shot.root / "shot.toml").write_text("format = 1", encoding="utf-8")
    short = shots.Shot(shot.root)
    short.change({"matte.engine": "motion"})
    assert shots.Shot(shot.root).settings["matte"].engine == "motion"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("format = 1\n[matte\n", "cannot be understood"),
        ("format = 7\n", "newer Lineboil"),
        ("[matte]\n", "format"),
        ("format = true\n", "format"),
        ("format = 1\n[mate]\n", r"no table \[mate\]"),
        ("format = 1\nmatte = 3\n", "must be a table"),
        ('format = 1\n[matte]\nengin = "auto"\n', 'Did you mean "engine"'),
        ('format = 1\n[matte]\nengine = "magic"\n', '"matte.engine" is "magic".*one of'),
    ],
)
def test_broken_files_are_told(shot: shots.Shot, text: str, message: str) -> None:
    path = shot.root / "shot.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EngineError, match=message) as caught:
        shots.Shot(shot.root)
    assert str(path) in str(caught.value)
    assert path.read_text(encoding="utf-8") == text


def test_not_a_text_file(shot: shots.Shot) -> None:
    (shot.root / "shot.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        shots.Shot(shot.root)


def test_no_shot_and_occupied_folders(shot: shots.Shot, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no shot here"):
        shots.Shot(tmp_path / "nowhere")
    with pytest.raises(InputError, match="a shot here already"):
        shots.create(shot.root, {})
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="not an empty folder"):
        shots.create(tmp_path / "full", {})
    assert (tmp_path / "full" / "letter.txt").read_text() == "mine"


@pytest.mark.parametrize("text", ["matte", "matte.engine", "engine=auto", "mat.engine=auto", "matte.engin=auto"])
def test_command_line_settings_that_are_wrong(text: str) -> None:
    with pytest.raises(SettingError):
        shots.key_and_value(text)
