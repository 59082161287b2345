# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding Blender, a real one or its Python module, and how it is started."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .errors import MissingError

VARIABLE = "LINEBOIL_BLENDER"
chosen: ContextVar[str] = ContextVar("chosen", default="")
"""The Blender a command line names (`--blender`). It goes before the shot's setting, for this command only."""

OLDEST = (4, 2)
_REMEDY = "Run `make env` to install its Python module, or give a Blender with --blender PATH."
_ENTRY = Path(__file__).resolve().parents[1] / "scene" / "__main__.py"
_CHECKOUT = Path(__file__).resolve().parents[2]
_ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Blender:
    """A Blender that can be started.

    Attributes:
        path: Blender's program, or the Python that has the `bpy` module.
        kind: "program" or "module".
        version: As (5, 0, 1).
    """

    path: Path
    kind: Literal["program", "module"]
    version: tuple[int, ...]

    def __str__(self) -> str:
        number = ".".join(str(part) for part in self.version)
        return f"Blender {number} ({'Python module in ' if self.kind == 'module' else ''}{self.path})"

    def command(self, job: Path) -> list[str]:
        """Command line that does the job in a file."""
        if self.kind == "module":
            return [str(self.path), str(_ENTRY), str(job)]
        switches = ["--background", "--factory-startup", "--python-exit-code", "1", "--python", str(_ENTRY)]
        return [str(self.path), *switches, "--", str(job)]


def find_blender(wanted: str = "") -> Blender:
    """The Blender to use.

    Args:
        wanted: Path of Blender's program, its folder, or a Python with the `bpy` module; `chosen` goes before it.
            When neither is given: the environment variable LINEBOIL_BLENDER, then `.venv-blender` beside the code,
            then `blender` on PATH.

    Raises:
        MissingError: None found, the given one cannot be started, or it is too old.
    """
    named = chosen.get() or wanted or os.environ.get(VARIABLE, "")
    if named:
        return _checked(_resolved(Path(named).expanduser()))
    module = _python_in(_CHECKOUT / ".venv-blender")
    if module.is_file():
        return _checked(module)
    program = shutil.which("blender")
    if program:
        return _checked(Path(program))
    raise MissingError("Blender was not found", remedy=_REMEDY)


def _python_in(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _resolved(path: Path) -> Path:
    """The program inside a folder, an application bundle or a virtual environment."""
    if path.is_dir():
        places = ("Contents/MacOS/Blender", "blender.exe", "blender", "Scripts/python.exe", "bin/python")
        for place in places:
            if (path / place).is_file():
                return path / place
    if not path.is_file():
        raise MissingError("there is no such Blender", where=str(path), remedy=_REMEDY)
    return path


def _checked(path: Path) -> Blender:
    kind: Literal["program", "module"] = "module" if path.stem.lower().startswith("python") else "program"
    version = _module_version(path) if kind == "module" else _program_version(path)
    if not version:
        what = "this Python has no bpy module" if kind == "module" else "this is not a Blender that can be started"
        raise MissingError(what, where=str(path), remedy=_REMEDY)
    found = Blender(path, kind, version)
    if version < OLDEST:
        raise MissingError(f"{found} is too old", remedy=f"Blender {OLDEST[0]}.{OLDEST[1]} or newer is needed.")
    return found


def _module_version(python: Path) -> tuple[int, ...]:
    # The package's metadata answers at once; importing bpy takes seconds.
    for info in sorted(python.parent.parent.glob("[Ll]ib/**/site-packages/bpy-*.dist-info")):
        return _numbers(info.name.removeprefix("bpy-"))
    code = "import importlib.metadata as m; print('bpy', m.version('bpy'))"
    return _numbers(_answer([str(python), "-c", code]), "bpy ")


def _program_version(program: Path) -> tuple[int, ...]:
    return _numbers(_answer([str(program), "--version"]), "Blender ")


def _answer(command: list[str]) -> str:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=_ANSWER_SECONDS, stdin=subprocess.DEVNULL, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""


def _numbers(text: str, before: str = "") -> tuple[int, ...]:
    match = re.search(re.escape(before) + r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in match.groups() if part) if match else ()
