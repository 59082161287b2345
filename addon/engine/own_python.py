# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python environment this process runs in: who made it, what mends it, and that it is in use."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

from .errors import BusyError, EngineError
from .lock import ShotLock

MARKER = ".lineboil-environment.json"
"""In an environment that `addon/environment.py` made: what it was made from, and whether that was finished."""

CHECKOUT_MARKER = ".lineboil-ready-program"
"""In a checkout's `.venv`: `tools/setup.py` has finished it."""

REMEDY_CHECKOUT = "Run `make env` in the checkout."
REMEDY_EXTENSION = "Press Repair Environment in Lineboil's preferences, or run: lineboil environment repair."
REMEDY_ELSEWHERE = (
    "Run: lineboil environment make (or Make Environment in Lineboil's preferences), or install the packages of "
    "requirements/cpu.txt into this Python."
)

_IN_USE = ".lineboil-in-use"


def marker(folder: Path) -> dict[str, Any]:
    """What the marker of an environment says; empty when it is not one of ours or cannot be read."""
    try:
        value = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def remedy() -> str:
    """How to get a package or a model that this process lacks."""
    folder = Path(sys.prefix)
    if (folder / MARKER).is_file():
        return REMEDY_EXTENSION
    if (Path(__file__).resolve().parents[2] / "tests").is_dir():
        return REMEDY_CHECKOUT
    return REMEDY_ELSEWHERE


@contextlib.contextmanager
def in_use(purpose: str, folder: Path | None = None) -> Generator[None, None, None]:
    """Hold this process's environment, so that nobody repairs or removes it while it is worked in.

    Environments that are not ours, or cannot be written to, are left alone.
    """
    base = Path(sys.prefix) if folder is None else folder
    path = base / _IN_USE / str(os.getpid())
    with contextlib.ExitStack() as held:
        if (base / MARKER).is_file():
            # Clears away what workers that were killed have left.
            users(base)
            with contextlib.suppress(EngineError):
                held.enter_context(ShotLock(path, purpose))
        try:
            yield
        finally:
            held.close()
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def users(folder: Path) -> list[str]:
    """Processes that work in an environment now, as words; what dead ones left is cleared away."""
    found: list[str] = []
    for path in sorted((folder / _IN_USE).glob("*")):
        try:
            with ShotLock(path, "look"):
                pass
        except BusyError:
            found.append(f"process {path.name}")
            continue
        except EngineError:
            continue
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    return found
