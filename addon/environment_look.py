# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at an environment without starting anything: its Python, its packages, its models, who made it."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .engine import own_python
from .engine.cache import disk_error
from .engine.errors import BusyError, EngineError, InputError
from .engine.lock import ShotLock
from .engine.models import registry
from .environment_lock import SUPPORTED, Lock, is_version, normal

ROOT = Path(__file__).resolve().parents[1]
LOCK_NAME = ".lineboil-lock"
PARTS = ("bin", "Scripts", "lib", "Lib", "lib64", "include", "Include", "share", "pyvenv.cfg", ".gitignore")
"""What the making of an environment leaves in its folder; nothing else is ever removed."""

MORE_PARTS = ("models", "temporary", "install.log", ".lineboil-in-use", own_python.MARKER)

_INSTALLERS = ("pip",)

Kind = Literal["absent", "ours", "checkout", "foreign", "other"]
Needs = Literal["", "make", "repair"]


@dataclass(frozen=True)
class State:
    """How an environment stands, in plain words.

    Attributes:
        is_ready: Whether a worker can be started in it.
        text: One sentence.
        remedy: What to do when it is not ready.
        needs: The button that mends it: "make", "repair", or "" when a button cannot.
        python: Its Python; None when there is none.
        backend: What it was made for; "" when it is not known.
        folder: Where it is.
        details: Every single thing that was found, one sentence each.
    """

    is_ready: bool
    text: str
    remedy: str
    needs: Needs
    python: Path | None
    backend: str
    folder: Path
    details: tuple[str, ...] = ()


def python_of(folder: Path) -> Path:
    """Python's program in an environment."""
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def kind_of(folder: Path) -> Kind:
    """Who made what is in a folder."""
    if (folder / own_python.MARKER).is_file():
        return "ours"
    if (folder / own_python.CHECKOUT_MARKER).is_file() or folder == ROOT / ".venv":
        return "checkout"
    if (folder / "pyvenv.cfg").is_file():
        return "foreign"
    return "other" if has_content(folder) else "absent"


def has_content(folder: Path) -> bool:
    """Whether anything but our own lock file is in a folder."""
    try:
        return any(entry.name != LOCK_NAME for entry in os.scandir(folder))
    except NotADirectoryError:
        return True
    except OSError:
        return False


def configuration(folder: Path) -> dict[str, str]:
    """The lines of pyvenv.cfg; empty when it cannot be read."""
    try:
        text = (folder / "pyvenv.cfg").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return {}
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def python_version(folder: Path) -> tuple[int, int]:
    """Version of Python an environment was made with; (0, 0) when it cannot be told."""
    values = configuration(folder)
    parts = (values.get("version") or values.get("version_info") or "").split(".")
    return (int(parts[0]), int(parts[1])) if len(parts) > 1 and parts[0].isdigit() and parts[1].isdigit() else (0, 0)


def python_problem(folder: Path) -> str:
    """Why the Python of an environment cannot be used; "" when it can."""
    home = configuration(folder).get("home", "")
    version = python_version(folder)
    if not (folder / "pyvenv.cfg").is_file() or not os.path.lexists(python_of(folder)):
        return "its Python is missing"
    if version not in SUPPORTED:
        return f"it was made with Python {version[0]}.{version[1]}, which Lineboil does not run on"
    if not python_of(folder).is_file() or not Path(home).is_dir():
        return f"the Python it was made with is gone from {home or 'its place'}"
    if _base_version(folder) not in ((0, 0), version):
        return f"the Python in {home} is another version now"
    return "" if site_packages(folder).is_dir() else "its packages are missing"


def _base_version(folder: Path) -> tuple[int, int]:
    """Version in the name of the program behind the environment's Python; (0, 0) when the name has none."""
    match = re.fullmatch(r"python(\d+)\.(\d+)(?:\.exe)?", python_of(folder).resolve().name)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def site_packages(folder: Path) -> Path:
    """Where an environment's packages are."""
    if sys.platform == "win32":
        return folder / "Lib" / "site-packages"
    version = python_version(folder)
    return folder / "lib" / f"python{version[0]}.{version[1]}" / "site-packages"


def installed(folder: Path) -> dict[str, str]:
    """Version of every package by normal name; "" for one whose installation was cut off, or that is there twice."""
    found: dict[str, str] = {}
    try:
        entries = list(os.scandir(site_packages(folder)))
    except OSError:
        return found
    for entry in entries:
        if entry.name.endswith(".dist-info"):
            name, _, version = entry.name.removesuffix(".dist-info").partition("-")
            is_whole = normal(name) not in found and os.path.isfile(os.path.join(entry.path, "RECORD"))
            found[normal(name)] = version if is_whole else ""
    return found


def package_problems(folder: Path, lock: Lock, *, to_run: bool = False) -> tuple[list[str], list[str]]:
    """Names of the packages of a lock that are missing, and of those that are of another version.

    Args:
        folder: The environment.
        lock: What belongs in it.
        to_run: Leave out what only the making of an environment needs.
    """
    here = installed(folder)
    wanted = {name: version for name, version in lock.versions().items() if not (to_run and name in _INSTALLERS)}
    missing = [name for name in wanted if not here.get(name)]
    other = [name for name, version in wanted.items() if here.get(name) and not is_version(here[name], version)]
    return missing, other


def models_of(folder: Path) -> Path:
    """Where the models of a worker in this environment are."""
    given = os.environ.get("LINEBOIL_MODELS")
    if given:
        return Path(given).expanduser()
    kind = kind_of(folder)
    if kind == "checkout":
        return folder.parent / ".models"
    return registry.models_folder() if kind == "foreign" else folder / "models"


def write_problem(folder: Path) -> EngineError | None:
    """Why an environment cannot be written in a folder that may not be there yet; None when it can."""
    place = existing(folder)
    if not place.is_dir():
        return InputError("is a file, not a folder", where=str(place), remedy="Choose another folder.")
    if not os.access(place, os.W_OK | os.X_OK):
        return disk_error(PermissionError(13, "no permission"), place)
    return None


def existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    return place


def lock_on(folder: Path, purpose: str) -> ShotLock:
    """The lock whoever changes an environment holds."""
    return ShotLock(folder / LOCK_NAME, purpose, subject="this environment", where=folder)


def maker_at_work(folder: Path) -> str:
    """Who is making or changing the environment now, in words; "" for nobody."""
    if not (folder / LOCK_NAME).is_file():
        return ""
    try:
        with lock_on(folder, "look"):
            return ""
    except BusyError as error:
        return error.what
    except EngineError:
        return ""
