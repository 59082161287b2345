# SPDX-License-Identifier: GPL-3.0-or-later
"""The presets as Blender shows and applies them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .engine import presets
from .engine.presets import Preset
from .shelf_list import ShelfList

_LIST = ShelfList(presets.SHELF, "presets")
own_folder, load, apply, remove = _LIST.own_folder, _LIST.load, _LIST.apply, _LIST.remove


def save(scene: Any, name: str, stages: Collection[str], *, doc: str = "", replace: bool = False) -> Preset:
    """Keep what differs from the defaults in some stages of the scene's shot.

    Raises:
        EngineError: No usable name, it is taken, no stage, or the folder cannot be written.
    """
    return presets.save(own_folder(), name, _LIST.settings_of(scene), stages, doc=doc, replace=replace)
