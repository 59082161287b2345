# SPDX-License-Identifier: GPL-3.0-or-later
"""The presets as Blender shows and applies them: the artist's own lie in the extension's folder."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from . import mirror, preferences, shots
from .engine import presets
from .engine.errors import EngineError, InputError
from .engine.presets import Preset
from .engine.shot import Shot

_LOOK_SECONDS = 2.0


class _Known:
    """What was read last; a menu is drawn often."""

    def __init__(self) -> None:
        self.found: tuple[list[Preset], list[EngineError]] = ([], [])
        self.looked = -1e9


_known = _Known()


def own_folder() -> Path:
    """Folder of the artist's own presets; need not be there."""
    return preferences.user_folder() / "presets"


def load() -> tuple[list[Preset], list[EngineError]]:
    """All presets, and what is wrong with those that cannot be used; read again every few seconds."""
    if time.monotonic() - _known.looked > _LOOK_SECONDS:
        _known.found = presets.load(own_folder())
        _known.looked = time.monotonic()
    return _known.found


def apply(scene: Any, name: str) -> Preset:
    """Give the scene's shot the settings of a preset, in the properties and in `shot.toml`.

    Args:
        scene: Has a shot.
        name: The preset's identifier, its name, or the path of its file.

    Raises:
        EngineError: There is none, it is broken, the scene has no shot, or `shot.toml` cannot be written.
    """
    preset = presets.find(name, own_folder())
    _root(scene)
    mirror.set_values(scene, preset.values)
    return preset


def save(scene: Any, name: str, stages: Collection[str], *, doc: str = "", replace: bool = False) -> Preset:
    """Keep what differs from the defaults in some stages of the scene's shot.

    Raises:
        EngineError: No usable name, it is taken, no stage, or the folder cannot be written.
    """
    root = _root(scene)
    mirror.flush(scene)
    _known.looked = -1e9
    return presets.save(own_folder(), name, Shot(root).settings, stages, doc=doc, replace=replace)


def remove(identifier: str) -> None:
    """Take away one of the artist's own.

    Raises:
        InputError: It is not one of them, or cannot be removed.
    """
    _known.looked = -1e9
    presets.remove(own_folder(), identifier)


def _root(scene: Any) -> Path:
    root = shots.shot_root(scene)
    if root is None:
        raise InputError("this scene has no shot", remedy="Choose a clip or open a shot first.")
    return root
