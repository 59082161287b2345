"""How a .blend names files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lineboil.addon.scene import paths

ROOT = Path("/shots/one")


@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")
@pytest.mark.parametrize(
    ("target", "blend", "text"),
    [
        ("/shots/one/matte/000001.png", "/shots/one/one.blend", "//matte/000001.png"),
        ("/shots/one/matte/000001.png", "/shots/film.blend", "//one/matte/000001.png"),
        ("/shots/one/matte/000001.png", "/films/a/film.blend", "//../../shots/one/matte/000001.png"),
        ("/shots/one", "/shots/one/one.blend", "//"),
        ("/shots/one", "/shots/two/two.blend", "//../one"),
        ("/shots/one", None, "/shots/one"),
    ],
)
def test_text_and_back(target: str, blend: str | None, text: str) -> None:
    place = Path(blend) if blend else None
    assert paths.text_of(Path(target), place) == text
    assert paths.absolute(text, place) == Path(target)


def test_another_drive(monkeypatch: pytest.MonkeyPatch) -> None:
    def relpath(*_: object) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", relpath)
    assert paths.text_of(ROOT / "matte", Path("/films/film.blend")) == (ROOT / "matte").as_posix()


def test_nothing_is_nowhere() -> None:
    assert paths.absolute("", None) is None
    assert paths.absolute("//matte", None) is None
    assert not paths.is_same(None, None)


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_links(tmp_path: Path) -> None:
    (tmp_path / "disk/shot").mkdir(parents=True)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/work").symlink_to(tmp_path / "disk")
    blend = tmp_path / "home/work/film.blend"
    assert paths.text_of(tmp_path / "disk/shot", blend) == "//shot"
    assert paths.is_same(tmp_path / "home/work/shot", tmp_path / "disk/shot")
    # Upwards Blender would not go through the link.
    other = tmp_path / "other"
    assert paths.absolute(paths.text_of(other, blend), blend) == other
