"""`shot.toml` and Blender's properties stay alike, whoever changes what."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from blender_inside import Inside
from lineboil.addon.engine import shot as shot_module
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.shot import FILE_NAME, Shot, create
from lineboil.addon.mirror_core import FIELDS, Mirror, encoded
from lineboil.addon.property_paths import shot_text
from lineboil.addon.property_values import single
from lineboil.addon.settings_file import SettingsFile


class Side:
    """The properties of one scene, without Blender."""

    def __init__(self, root: Path) -> None:
        self.properties = {key: encoded(key, field.default) for key, (_, field) in FIELDS.items()}
        self.mirror = Mirror(SettingsFile(root))

    def type(self, key: str, value: object) -> None:
        self.properties[key] = single(value) if isinstance(value, float) else value
        self.mirror.touch(key)

    def undo(self, key: str, value: object) -> None:
        self.properties[key] = single(value) if isinstance(value, float) else value

    def look(self, **how: bool) -> dict:
        wanted = self.mirror.sync(dict(self.properties), **how)
        self.properties |= wanted
        return wanted


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return create(tmp_path / "shot", {"diffuse.look": "ink"}).root


@pytest.fixture
def side(root: Path) -> Side:
    made = Side(root)
    made.look()
    return made


def text_of(root: Path) -> str:
    return (root / FILE_NAME).read_text(encoding="utf-8")


def edit(root: Path, old: str, new: str) -> None:
    """What an editor does: the whole file is written anew."""
    text = text_of(root)
    assert old in text
    (root / FILE_NAME).write_text(text.replace(old, new, 1), encoding="utf-8")
    stat = (root / FILE_NAME).stat()
    os.utime(root / FILE_NAME, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000))


def value(root: Path, key: str) -> object:
    stage, _, name = key.partition(".")
    return getattr(Shot(root).settings[stage], name)


def test_at_first_the_file_wins_over_what_the_blend_kept(root: Path) -> None:
    side = Side(root)
    side.undo("depth.strength", 2.5)
    before = text_of(root)
    assert side.look() == {"diffuse.look": "ink", "depth.strength": 1.0}
    assert side.look() == {}
    assert text_of(root) == before


def test_what_was_typed_before_the_first_look_is_not_lost(root: Path) -> None:
    side = Side(root)
    side.type("depth.strength", 2.5)
    side.look()
    assert value(root, "depth.strength") == 2.5


def test_what_is_typed_is_written_and_every_other_line_stays(root: Path, side: Side) -> None:
    edit(root, 'look = "ink"', 'look = "ink"  # the client wants it')
    before = text_of(root).splitlines()
    side.type("depth.strength", 1.3)
    side.look()
    after = text_of(root).splitlines()
    assert len(after) == len(before)
    assert [line for line, old in zip(after, before, strict=True) if line != old] == ["strength = 1.3"]


def test_a_slider_that_is_dragged_is_not_written_yet(root: Path, side: Side) -> None:
    before = text_of(root)
    for step in range(5):
        side.type("depth.strength", 1.0 + step / 10)
        assert side.look(may_write=False) == {}
    assert text_of(root) == before
    side.look()
    assert value(root, "depth.strength") == 1.4


def test_a_change_of_the_file_appears(root: Path, side: Side) -> None:
    edit(root, 'look = "ink"', 'look = "pencil"')
    assert side.look() == {"diffuse.look": "pencil"}


def test_the_file_wins_over_what_is_typed_at_the_same_time(root: Path, side: Side) -> None:
    side.type("diffuse.look", "toon")
    side.type("depth.strength", 1.3)
    edit(root, 'look = "ink"', 'look = "pencil"')
    side.look()
    assert side.properties["diffuse.look"] == "pencil"
    assert (value(root, "diffuse.look"), value(root, "depth.strength")) == ("pencil", 1.3)


@pytest.mark.parametrize(
    ("key", "typed", "words"),
    [
        ("footage.cuts", "48, soon", 'footage.cuts" is \\["48"|footage.cuts'),
        ("footage.cuts", "1", "from 2 up"),
        ("footage.source", "clip\0.mp4", "footage.source"),
    ],
)
def test_a_wrong_value_is_refused_in_words_and_goes_back(
    root: Path, side: Side, key: str, typed: str, words: str
) -> None:
    before, was = text_of(root), side.properties[key]
    side.type(key, typed)
    assert side.look() == {key: was}
    assert text_of(root) == before
    with pytest.raises(Exception, match=words):
        raise side.mirror.problem
    side.type("depth.strength", 1.3)
    side.look()
    assert side.mirror.problem is None


def test_a_number_becomes_the_nearest_that_is_allowed(root: Path, side: Side) -> None:
    side.type("footage.long_side", 643)
    assert side.look() == {"footage.long_side": 640}
    assert value(root, "footage.long_side") == 640
    side.type("footage.long_side", 641)
    assert side.look() == {"footage.long_side": 640}


def test_limits_survive_single_precision(root: Path, side: Side) -> None:
    side.type("keys.coverage", 0.98)
    side.type("keys.maximum_gap", 0.04)
    side.look()
    assert side.mirror.problem is None
    assert (value(root, "keys.coverage"), value(root, "keys.maximum_gap")) == (0.98, 0.04)


def test_numbers_blender_cannot_hold_are_left_alone(root: Path, side: Side) -> None:
    (root / FILE_NAME).write_text("format = 1\n[footage]\nstart_frame = 5000000000\n[keys]\nminimum_gap = 1e300\n")
    before = text_of(root)
    side.look()
    side.look()
    assert text_of(root) == before


def test_texts_with_commas_and_lists_survive(root: Path, side: Side) -> None:
    (root / FILE_NAME).write_text('format = 1\n[matte]\nbox = ["1,2,3,4@1"]\n[pose]\nboxes = ["a,b"]\n')
    side.look()
    for key in ("matte.box", "pose.boxes"):
        side.mirror.touch(key)
    before = text_of(root)
    side.look()
    assert text_of(root) == before
    side.type("matte.box", "1,2,3,4@1; 5,6,7,8@9")
    side.look()
    assert value(root, "matte.box") == ("1,2,3,4@1", "5,6,7,8@9")


@pytest.mark.parametrize("broken", ["format = 1\n[diffuse\n", "format = 99\n", "format = 1\n[diffuse]\nlook = 3\n", "",
                                    "format = 1\nx = " + "[" * 5000])
def test_a_broken_file_is_never_overwritten(root: Path, side: Side, broken: str) -> None:
    good = text_of(root)
    (root / FILE_NAME).write_text(broken, encoding="utf-8")
    side.type("depth.strength", 1.3)
    side.look()
    side.look()
    assert text_of(root) == broken
    assert side.mirror.problem is not None
    assert side.properties["depth.strength"] == single(1.3)
    (root / FILE_NAME).write_text(good, encoding="utf-8")
    side.look()
    assert side.mirror.problem is None
    assert value(root, "depth.strength") == 1.3


def test_a_folder_that_goes_and_comes_back(root: Path, side: Side) -> None:
    shutil.move(root, root.parent / "elsewhere")
    side.type("depth.strength", 1.3)
    assert side.look() == {}
    assert "the shot's folder is not there" in str(side.mirror.problem)
    assert not root.exists()
    shutil.move(root.parent / "elsewhere", root)
    side.look()
    assert side.mirror.problem is None
    assert value(root, "depth.strength") == 1.3


def test_a_folder_that_cannot_be_written_keeps_what_was_typed(
    root: Path, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise InputError("no permission to write here", where=str(root))

    before = text_of(root)
    with monkeypatch.context() as patch:
        patch.setattr(shot_module, "write_atomic", refuse)
        side.type("depth.strength", 1.3)
        assert side.look() == {}
        assert "no permission" in str(side.mirror.problem)
        assert text_of(root) == before
    side.look()
    assert side.mirror.problem is None
    assert value(root, "depth.strength") == 1.3


def test_undo_and_redo_are_written(root: Path, side: Side) -> None:
    side.type("depth.strength", 1.3)
    side.look()
    side.undo("depth.strength", 1.0)
    assert side.look() == {}
    assert value(root, "depth.strength") == 1.0
    side.undo("depth.strength", 1.3)
    side.look()
    assert value(root, "depth.strength") == 1.3


def test_undo_does_not_take_back_a_change_of_the_file(root: Path, side: Side) -> None:
    edit(root, 'look = "ink"', 'look = "pencil"')
    side.look()
    side.undo("diffuse.look", "ink")
    assert side.look() == {"diffuse.look": "pencil"}
    assert value(root, "diffuse.look") == "pencil"
    side.type("diffuse.look", "toon")
    side.look()
    side.undo("diffuse.look", "pencil")
    side.look()
    assert value(root, "diffuse.look") == "pencil"


def test_undo_does_not_bring_back_what_the_blend_kept(root: Path) -> None:
    side = Side(root)
    side.undo("depth.strength", 2.5)
    side.look()
    side.undo("depth.strength", 2.5)
    assert side.look() == {"depth.strength": 1.0}
    assert value(root, "depth.strength") == 1.0


def test_a_refused_value_does_not_come_back_by_undo(root: Path, side: Side) -> None:
    side.type("footage.cuts", "never")
    side.look()
    side.undo("footage.cuts", "never")
    assert side.look() == {"footage.cuts": ""}


def test_two_blenders_on_one_shot(root: Path, side: Side) -> None:
    other = Side(root)
    other.look()
    side.type("depth.strength", 1.3)
    other.type("diffuse.look", "pencil")
    for _ in range(3):
        side.look()
        other.look()
    assert side.properties == other.properties
    assert (value(root, "depth.strength"), value(root, "diffuse.look")) == (1.3, "pencil")
    side.type("depth.strength", 1.5)
    other.type("depth.strength", 1.7)
    for _ in range(3):
        side.look()
        other.look()
    assert side.properties == other.properties


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("//../clips/a.mp4", "../../clips/a.mp4"),
        ("//film/shot/strokes", "strokes"),
        ("studio", "studio"),
        ("auto", "auto"),
        ("../clip.mp4", "../clip.mp4"),
        ("", ""),
    ],
)
def test_paths_are_kept_relative_to_the_shot(tmp_path: Path, typed: str, kept: str) -> None:
    root = tmp_path / "film" / "shot"
    root.mkdir(parents=True)
    blend = tmp_path / "film" / "scene.blend"
    wanted = {"//../clips/a.mp4": "../../clips/a.mp4", "//film/shot/strokes": "../film/shot/strokes"}.get(typed, kept)
    assert shot_text(typed, root, str(blend)) == wanted
    assert shot_text(str(root / "strokes"), root, str(blend)) == "strokes"
    assert shot_text("/somewhere/else.mp4", root, str(blend)) == "/somewhere/else.mp4"


@pytest.fixture(scope="module")
def found(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("mirror")
    for name in ("first", "second"):
        create(folder / name, {"diffuse.look": "ink"})
    return inside.run("mirror", folder)


@pytest.mark.parametrize(
    "name",
    [
        "shows_the_file", "waits_while_typing", "flush_writes", "flush_refuses_once", "external_edit_appears",
        "two_scenes_on_one_shot", "two_scenes_two_shots", "undo_writes", "redo_writes", "undo_spares_the_file",
        "file_wins_at_load", "undo_after_load", "typed_after_load", "broken_is_told", "broken_stays", "mended",
        "gone_is_told", "gone_and_relinked", "not_animated", "set_values", "no_shot", "linked_path", "unknown_relative",
    ],
)
def test_in_blender(found: dict, name: str) -> None:
    assert found[name] is True, found[name]
