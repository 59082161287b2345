# SPDX-License-Identifier: GPL-3.0-or-later
"""The looks as Blender shows and applies them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .engine import looks
from .engine.shelf import Entry
from .shelf_list import ShelfList

_LIST = ShelfList(looks.SHELF, "looks")
own_folder, load, apply, remove = _LIST.own_folder, _LIST.load, _LIST.apply, _LIST.remove


def save(scene: Any, name: str, *, replace: bool = False) -> Entry:
    """Keep how the keys of the scene's shot are drawn.

    Raises:
        EngineError: No usable name, it is taken, or the folder cannot be written.
    """
    return looks.save(own_folder(), name, _LIST.settings_of(scene), replace=replace)


def add(path: Path) -> Entry:
    """Take over a look that somebody shared.

    Raises:
        EngineError: It cannot be used, or its name is taken.
    """
    _LIST.forget()
    return looks.add(own_folder(), path)
