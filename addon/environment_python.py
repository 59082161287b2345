# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding a Python that can make an environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .engine.errors import MissingError
from .environment_lock import SUPPORTED

VARIABLE = "LINEBOIL_PYTHON"

_ANSWER_SECONDS = 30
_PROBE = (
    "import sys, json, importlib.util as u;"
    "print(json.dumps({'version': sys.version_info[:3], 'path': getattr(sys, '_base_executable', '') or sys.executable,"
    "'wide': sys.maxsize > 2**32, 'venv': bool(u.find_spec('venv')), 'ensurepip': bool(u.find_spec('ensurepip'))}))"
)
_REMEDY = {
    "win32": "Get Python 3.11 from python.org (or run: winget install Python.Python.3.11), then try again.",
    "darwin": "Get Python 3.11 from python.org (or run: brew install python@3.11), then try again.",
}
_REMEDY_LINUX = (
    "Install Python 3.11 or 3.13 with its venv part, for example: apt install python3.11-venv, "
    "dnf install python3.11, or uv python install 3.11. Then try again."
)


@dataclass(frozen=True)
class Python:
    """A Python that was started and can make an environment."""

    path: Path
    version: tuple[int, int, int]

    def __str__(self) -> str:
        return f"Python {'.'.join(str(part) for part in self.version)} ({self.path})"


def pythons(given: str = "") -> Iterator[Python]:
    """The Pythons that can make an environment, the best first; each is started once to ask it.

    Args:
        given: The only one to take, a program or its command name. When not given: the variable LINEBOIL_PYTHON names
            the only one; else the Python this runs in (Blender's own, inside Blender), then what is found on PATH, by
            the `py` launcher and by uv.

    Raises:
        MissingError: None can (when the iterator is through without one).
    """
    named = given or os.environ.get(VARIABLE, "")
    tried: dict[str, str] = {}
    found: set[Path] = set()
    for command in [[named]] if named else _candidates():
        python = _asked(command, tried)
        if python is not None and python.path.resolve() not in found:
            found.add(python.path.resolve())
            yield python
    if not found:
        raise _nothing_found(named, tried)


def _candidates() -> Iterator[list[str]]:
    yield [sys.executable]
    for major, minor in SUPPORTED:
        yield [f"python{major}.{minor}"]
    yield ["python3"]
    yield ["python"]
    for major, minor in SUPPORTED:
        if sys.platform == "win32":
            yield ["py", f"-{major}.{minor}"]
        path = _from_uv(f"{major}.{minor}")
        if path:
            yield [path]


def _from_uv(version: str) -> str:
    """A Python that uv has installed already; nothing is fetched."""
    uv = shutil.which("uv")
    return _answer([uv, "python", "find", "--no-python-downloads", version]).strip() if uv else ""


def _asked(command: Sequence[str], tried: dict[str, str]) -> Python | None:
    """The Python of a command, or None after noting why it will not do."""
    program = shutil.which(command[0])
    name = " ".join(command)
    if program is None:
        tried[name] = "is not there"
        return None
    try:
        facts = json.loads(_answer([program, *command[1:], "-I", "-c", _PROBE]) or "{}")
        version = (int(facts["version"][0]), int(facts["version"][1]), int(facts["version"][2]))
        path = Path(facts["path"])
    except (ValueError, KeyError, IndexError, TypeError):
        tried[name] = "does not answer"
        return None
    tried[name] = _unsuited(version[:2], facts)
    return None if tried[name] else Python(path, version)


def _unsuited(version: tuple[int, int], facts: dict[str, object]) -> str:
    """Why a Python will not do; "" when it will."""
    if version not in SUPPORTED:
        return f"is Python {version[0]}.{version[1]}"
    if not facts.get("wide"):
        return "is a 32-bit Python"
    lacking = [name for name in ("venv", "ensurepip") if not facts.get(name)]
    return f"has no {' and '.join(lacking)}" if lacking else ""


def _answer(command: list[str]) -> str:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_ANSWER_SECONDS, stdin=subprocess.DEVNULL, env=variables, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def _nothing_found(named: str, tried: dict[str, str]) -> MissingError:
    versions = " or ".join(f"{major}.{minor}" for major, minor in SUPPORTED[:2])
    if named:
        return MissingError(
            f"this Python cannot make the environment: it {tried.get(named) or 'will not do'}",
            where=named, remedy=f"Give one of version {versions}, or none to let Lineboil look for one.",
        )
    why = "; ".join(f"{name} {reason}" for name, reason in tried.items() if reason != "is not there")
    return MissingError(
        f"no Python was found that can make the environment{f' ({why})' if why else ''}",
        remedy=_REMEDY.get(sys.platform, _REMEDY_LINUX),
    )
