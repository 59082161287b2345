# SPDX-License-Identifier: GPL-3.0-or-later
"""The control pictures of the key at or nearest to a frame, and which of them the artist has painted."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from . import key_words
from .engine.journal import Journal
from .engine.schema.controls import FOLDER
from .engine.schema.diffuse_model import KINDS

_LOOK_SECONDS = 1.0


@dataclass
class _Known:
    """What was read last; a panel is drawn often."""

    stamp: tuple[str, int] = ("", 0)
    journal: Journal | None = None
    asked: tuple[str, int] = ("", 0)
    looked: float = -1e9
    found: dict[str, bool] = field(default_factory=dict[str, bool])


_known = _Known()


def picture(root: Path, kind: str, frame: int) -> Path:
    """Where a control picture is."""
    return root / _name(kind, frame)


def find(root: Path, frame: int) -> tuple[int, dict[str, bool]] | None:
    """The key, and by kind whether its picture is the artist's own; only kinds that are there. None without keys.

    Args:
        root: The shot's folder.
        frame: The scene's.
    """
    found = key_words.find(root, frame)
    if found is None:
        return None
    asked = (str(root), found[0])
    if asked != _known.asked or time.monotonic() - _known.looked > _LOOK_SECONDS:
        _known.asked, _known.looked = asked, time.monotonic()
        _known.found = _look(root, found[0])
    return found[0], _known.found


def forget() -> None:
    """Look anew the next time."""
    _known.looked = -1e9


def _look(root: Path, frame: int) -> dict[str, bool]:
    path = root / "state" / "controls.journal"
    try:
        stamp = (str(path), path.stat().st_mtime_ns)
        if _known.journal is None or _known.stamp != stamp:
            _known.stamp, _known.journal = stamp, Journal(path, root)
    except OSError:
        return {}
    states = {kind: _known.journal.condition(_name(kind, frame)) for kind in KINDS}
    return {kind: state == "edited" for kind, state in states.items() if state in ("finished", "edited")}


def _name(kind: str, frame: int) -> str:
    return f"{FOLDER}/{kind}/{frame:06d}.png"
