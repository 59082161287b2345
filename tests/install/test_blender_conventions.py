"""Blender's conventions for extensions, and that every test the checklist names is there (docs/decisions/0007)."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECKLIST = ROOT / "docs" / "decisions" / "0007-extension-conventions.md"
NETWORK = {"urllib.request", "http.client", "http.server", "requests", "socket", "ftplib", "smtplib", "xmlrpc"}
CHILD_PROGRAMS = ("addon/__main__.py", "addon/scene/__main__.py")
"""Run as programs of their own; nothing in Blender imports them."""


def shipped() -> list[Path]:
    folders = (ROOT / name for name in ("addon", "ops", "panels"))
    return [ROOT / "__init__.py", *(path for folder in folders for path in sorted(folder.rglob("*.py")))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def trees() -> Iterator[tuple[str, ast.Module]]:
    for path in shipped():
        yield name_of(path), tree_of(path)


def imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def blender_classes() -> Iterator[tuple[str, ast.ClassDef]]:
    """Classes of ours that Blender registers."""
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name.startswith("LINEBOIL_"):
                yield name, node


def assigned(node: ast.ClassDef, name: str) -> ast.expr | None:
    for part in node.body:
        if isinstance(part, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in part.targets):
            return part.value
    return None


def test_nothing_but_pip_speaks_to_the_network() -> None:
    assert {name for name, tree in trees() if imported(tree) & NETWORK} == set()
    callers = {name for name, tree in trees() for call in ast.walk(tree) if is_pip_call(call)}
    assert callers == {"addon/environment_make.py", "addon/engine/models/wheels.py"}


def is_pip_call(node: ast.AST) -> bool:
    """Whether this is a command line with `-m pip` in it."""
    words = [part.value for part in node.elts if isinstance(part, ast.Constant)] if isinstance(node, ast.List) else []
    return "-m" in words and "pip" in words


def test_nothing_is_run_that_was_fetched_or_typed() -> None:
    calls = []
    for name, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("exec", "eval"):
                calls.append(f"{name}:{node.lineno}")
        if imported(tree) & {"pickle", "marshal", "shelve"}:
            calls.append(name)
    assert calls == []


def test_sys_path_and_sys_modules_are_left_alone() -> None:
    found = []
    for name, tree in trees():
        for node in ast.walk(tree):
            is_sys = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sys"
            if is_sys and node.attr in ("path", "modules") and name not in CHILD_PROGRAMS:
                found.append(f"{name}:{node.lineno}")
    assert found == []


def test_our_own_package_is_never_named() -> None:
    found = [name_of(path) for path in shipped() if "bl_ext" in path.read_text(encoding="utf-8")]
    assert found == []
    preferences = [node for _, node in blender_classes() if node.name == "LINEBOIL_AP_preferences"]
    assert len(preferences) == 1
    assert isinstance(assigned(preferences[0], "bl_idname"), ast.Name)


def test_names_of_classes_and_operators() -> None:
    kinds = {"ops/": "OT", "panels/": "PT|MT|UL", "addon/": "PG|AP|OT"}
    wrong, operators = [], []
    for name, node in blender_classes():
        allowed = next(kind for folder, kind in kinds.items() if name.startswith(folder))
        if not re.fullmatch(rf"LINEBOIL_({allowed})_[a-z][a-z0-9_]*", node.name):
            wrong.append(f"{name}: {node.name}")
        idname = assigned(node, "bl_idname")
        if "_OT_" in node.name:
            operators.append(node.name)
            expected = "lineboil." + node.name.removeprefix("LINEBOIL_OT_")
            if not isinstance(idname, ast.Constant) or idname.value != expected:
                wrong.append(f"{name}: {node.name} has no bl_idname {expected}")
    assert wrong == []
    assert len(operators) > 10


def test_labels_and_descriptions_are_whole_texts_that_can_be_translated() -> None:
    wrong = []
    for name, node in blender_classes():
        for key in ("bl_label", "bl_description"):
            value = assigned(node, key)
            if value is not None and not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
                wrong.append(f"{name}: {node.name}.{key}")
    assert wrong == []


def test_no_template_or_asset_library_is_put_among_the_artists_own() -> None:
    words = ("asset_libraries", "app_template", "refresh_script_paths", "use_online_access", "save_userpref")
    found = [
        f"{name}: {node.attr}"
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in words
    ]
    assert found == []


# The checklist.


def points() -> list[str]:
    """The text of every point of the checklist."""
    return re.split(r"^\d+\. ", CHECKLIST.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


def named_tests() -> list[str]:
    return sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", CHECKLIST.read_text(encoding="utf-8"))))


def test_the_checklist_has_all_points_each_with_a_test() -> None:
    assert len(points()) == 21
    assert [number for number, text in enumerate(points(), 1) if not re.search(r"`tests/[\w/]+\.py::\w+`", text)] == []


@pytest.mark.parametrize("named", named_tests())
def test_a_named_test_is_there(named: str) -> None:
    path, _, function = named.partition("::")
    nodes = ast.walk(tree_of(ROOT / path))
    assert function in {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("path", [".ci/run", ".ci/real-blender"])
def test_named_scripts_are_there(path: str) -> None:
    assert path in CHECKLIST.read_text(encoding="utf-8")
    assert (ROOT / path).is_file()
