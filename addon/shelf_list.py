# SPDX-License-Identifier: GPL-3.0-or-later
"""A shelf (presets, looks) as Blender shows and applies it: the artist's own lie in the extension's folder."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from . import mirror, preferences, shots
from .engine.errors import EngineError, InputError
from .engine.shelf import Entry, Shelf
from .engine.shot import Shot

_LOOK_SECONDS = 2.0


class ShelfList:
    """What is on a shelf, read again every few seconds, since a menu is drawn often.

    Args:
        shelf: Which.
        folder: Name of the folder of the artist's own, in the extension's.
    """

    def __init__(self, shelf: Shelf, folder: str) -> None:
        self.shelf = shelf
        self._folder = folder
        self._found: tuple[list[Entry], list[EngineError]] = ([], [])
        self._looked = -1e9

    def own_folder(self) -> Path:
        """Folder of the artist's own; need not be there."""
        return preferences.user_folder() / self._folder

    def load(self) -> tuple[list[Entry], list[EngineError]]:
        """All of them, and what is wrong with those that cannot be used."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            self._found = self.shelf.load(self.own_folder())
            self._looked = time.monotonic()
        return self._found

    def apply(self, scene: Any, name: str) -> Entry:
        """Give the scene's shot its settings, in the properties and in `shot.toml`.

        Args:
            scene: Has a shot.
            name: Its identifier, its name, or the path of its file.

        Raises:
            EngineError: There is none, it is broken, the scene has no shot, or `shot.toml` cannot be written.
        """
        entry = self.shelf.find(name, self.own_folder())
        root_of(scene)
        mirror.set_values(scene, entry.values)
        return entry

    def settings_of(self, scene: Any) -> dict[str, Any]:
        """The settings of the scene's shot, to keep; what is on the screen is written before, and the list read anew.

        Raises:
            EngineError: The scene has no shot, or it cannot be read or written.
        """
        root = root_of(scene)
        mirror.flush(scene)
        self.forget()
        return Shot(root).settings

    def remove(self, identifier: str) -> None:
        """Take away one of the artist's own.

        Raises:
            InputError: It is not one of them, or cannot be removed.
        """
        self.forget()
        self.shelf.remove(self.own_folder(), identifier)

    def forget(self) -> None:
        """Read anew at the next look."""
        self._looked = -1e9


def root_of(scene: Any) -> Path:
    """The folder of the scene's shot.

    Raises:
        InputError: It has none.
    """
    root = shots.shot_root(scene)
    if root is None:
        raise InputError("this scene has no shot", remedy="Choose a clip or open a shot first.")
    return root
