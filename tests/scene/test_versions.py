"""What differs between Blender's versions: each difference, in each Blender that is given."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from scene_blenders import cases_of, run_inside
from scene_shot import write_sound

_CASES = "cases_versions.py"


@pytest.fixture(scope="module")
def results(blender: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    sound = tmp_path_factory.mktemp("sound") / "tone.wav"
    write_sound(sound, 1.0)
    return run_inside(_CASES, {"sound": str(sound)})


@pytest.mark.parametrize("case", cases_of(_CASES))
def test_case(results: dict[str, str], case: str) -> None:
    assert results[case] == "", results[case]


def test_every_function_is_tried(repository: Path) -> None:
    tree = ast.parse((repository / "addon/scene/versions.py").read_text(encoding="utf-8"))
    names = [item.name for item in tree.body if isinstance(item, ast.FunctionDef) and not item.name.startswith("_")]
    text = (repository / "tests/scene" / _CASES).read_text(encoding="utf-8")
    assert [name for name in names if f"versions.{name}(" not in text] == []


def test_nothing_else_asks_for_the_version(repository: Path) -> None:
    for path in (repository / "addon/scene").glob("*.py"):
        if path.name != "versions.py":
            assert "app.version " not in path.read_text(encoding="utf-8").replace(")", " "), path
