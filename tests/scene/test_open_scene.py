"""Building in the file that is open: the scene it is given, everything it made there, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from lineboil.addon.engine.messages import SilentReporter
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages.build import describe
from scene_blenders import cases_of, run_inside
from scene_shot import make_scene_shot

_CASES = "cases_open_scene.py"


@pytest.fixture(scope="module")
def results(blender: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("open")
    roots = {"a": make_scene_shot(folder / "a", 4), "b": make_scene_shot(folder / "b", 6, build__relief=0.5)}
    given: dict[str, Any] = {name: describe(Shot(root), SilentReporter())["job"] for name, root in roots.items()}
    return run_inside(_CASES, {**given, "folder": str(folder)})


@pytest.mark.parametrize("case", cases_of(_CASES))
def test_case(results: dict[str, str], case: str) -> None:
    assert results[case] == "", results[case]


@pytest.mark.parametrize(
    "name", ["cutout", "sets", "camera", "sound", "marks", "tokens", "startup", "material", "nodes", "placement"]
)
def test_no_step_leans_on_what_is_shown(repository: Path, name: str) -> None:
    """Operators and the context depend on mode, window and the scene that happens to be shown."""
    text = (repository / f"addon/scene/{name}.py").read_text(encoding="utf-8")
    assert re.findall(r"bpy\.(?:context|ops)\b|\bprint\(|app\.timers", text) == []
