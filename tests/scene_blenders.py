"""The Blenders the scene is tested in, and cases run inside them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lineboil.addon.engine.blender import VARIABLE, find_blender

OTHERS = "LINEBOIL_TEST_BLENDERS"
"""The Blenders to test in, instead of the one that is found: programs, or Pythons with bpy, separated as in PATH."""

_FOLDER = Path(__file__).resolve().parent / "scene"


def blenders() -> list[str]:
    return [name for name in os.environ.get(OTHERS, "").split(os.pathsep) if name] or [""]


@pytest.fixture(scope="session", params=blenders(), ids=lambda name: name or "found")
def blender(request: pytest.FixtureRequest) -> Iterator[str]:
    """Has the program use this Blender; tests that ask for it run once in each."""
    before = os.environ.get(VARIABLE)
    if request.param:
        os.environ[VARIABLE] = request.param
    yield request.param
    if request.param:
        os.environ.pop(VARIABLE)
    if before is not None:
        os.environ[VARIABLE] = before


def run_inside(cases: str, given: dict[str, Any]) -> dict[str, str]:
    """What became of every `case_...` of a file in tests/scene, run by a Blender: "" or how it failed."""
    script, arguments = str(_FOLDER / "inside.py"), [str(_FOLDER / cases), json.dumps(given)]
    found = find_blender()
    command = [str(found.path), script, *arguments]
    if found.kind == "program":
        switches = ["--background", "--factory-startup", "--python-exit-code", "1"]
        command = [str(found.path), *switches, "--python", script, "--", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, errors="replace")
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULTS ")]
    assert lines, done.stdout + done.stderr
    return json.loads(lines[-1].removeprefix("RESULTS "))


def cases_of(name: str) -> list[str]:
    """Names of the cases of a file."""
    lines = (_FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line.split("(")[0].removeprefix("def ") for line in lines if line.startswith("def case_")]
