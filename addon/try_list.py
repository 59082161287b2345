# SPDX-License-Identifier: GPL-3.0-or-later
"""The tries of the scene's shot as Blender shows them: small pictures to choose from, and what is asked of new ones.

`window_manager.lineboil_tries` belongs to this session alone: nothing of it is kept in a .blend.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import bpy
import bpy.utils.previews

from . import mirror, shots
from .engine.errors import EngineError
from .engine.tries import Tries, Try, values_of
from .engine.try_restore import restore_words
from .shelf_list import root_of

_LOOK_SECONDS = 1.0
_NONE = ("0", "No tries yet", "Press Try Frame or Try Grid", "NONE", 0)


class _Known:
    """What was read last; a panel is drawn often. Blender wants the texts of a menu kept alive."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Nothing is known."""
        self.root: Path | None = None
        self.items: list[Try] = []
        self.menu: list[tuple[str, str, str, Any, int]] = [_NONE]
        self.looked = -1e9
        self.stamp = -1
        self.pictures: Any = None
        self.number = 0


_known = _Known()


def load(scene: Any) -> list[Try]:
    """Tries of the scene's shot, newest first; looked at again every second."""
    root = shots.shot_root(scene)
    if root != _known.root or time.monotonic() - _known.looked > _LOOK_SECONDS:
        stamp = _stamp(root)
        # Whatever is added, marked or removed changes the folder's date: hundreds of records are not read for nothing.
        if root != _known.root or stamp != _known.stamp:
            _known.items = Tries(root / "state").all()[::-1] if root else []
            _known.menu = [_entry(root, item) for item in _known.items] if root and _known.items else [_NONE]
        _known.root, _known.stamp, _known.looked = root, stamp, time.monotonic()
    return _known.items


def _stamp(root: Path | None) -> int:
    try:
        return Tries(root / "state").folder.stat().st_mtime_ns if root else 0
    except OSError:
        return 0


def forget() -> None:
    """Read anew at the next look."""
    _known.looked, _known.stamp = -1e9, -1


def chosen(context: Any) -> Try | None:
    """The try that is chosen in the panel; the newest at first, None without any."""
    items = load(context.scene)
    return next((item for item in items if item.number == _known.number), items[0] if items else None)


def choose(number: int) -> None:
    """Choose a try in the panel."""
    forget()
    _known.number = number


def _chosen_number(settings: Any) -> int:
    """The number Blender knows the chosen try by; one that is gone is no longer chosen."""
    numbers = [item.number for item in _known.items]
    return _known.number if _known.number in numbers else numbers[0] if numbers else 0


def _set_chosen_number(settings: Any, number: int) -> None:
    _known.number = number


def restore(scene: Any, number: int) -> Try:
    """Give the scene's shot the settings of a try, in the properties and in `shot.toml`, and its keys their words.

    Raises:
        EngineError: There is no such try, the scene has no shot, or a file cannot be written.
    """
    root = root_of(scene)
    item = Tries(root / "state").get(number)
    mirror.set_values(scene, values_of(item)[0])
    restore_words(root, item)
    return item


def _entry(root: Path, item: Try) -> tuple[str, str, str, Any, int]:
    mark = "★ " if item.is_kept else ""
    words = item.note or item.settings.get("diffuse", {}).get("style", "") or item.what
    icon = _icon(Tries(root / "state").picture(item.number))
    return str(item.number), mark + item.title(), str(words), icon, item.number


def _icon(path: Path) -> int:
    """Blender's number of a small picture of a file."""
    if _known.pictures is None:
        _known.pictures = bpy.utils.previews.new()
    name = str(path)
    if name not in _known.pictures:
        _known.pictures.load(name, name, "IMAGE")
    return int(_known.pictures[name].icon_id)


def _menu(settings: Any, context: Any) -> list[tuple[str, str, str, Any, int]]:
    if context is not None and context.scene is not None:
        try:
            load(context.scene)
        except EngineError:
            return [_NONE]
    return _known.menu


class LINEBOIL_PG_tries(bpy.types.PropertyGroup):  # noqa: N801 - Blender's names for classes
    """What is asked of new tries, and which is looked at."""

    chosen: bpy.props.EnumProperty(
        name="Try", description="The try that is looked at", items=_menu, get=_chosen_number, set=_set_chosen_number
    )
    size: bpy.props.FloatProperty(
        name="Size", description="Part of the full size: smaller is quicker", default=0.5, min=0.25, max=1.0,
        subtype="FACTOR", precision=2,
    )
    seeds: bpy.props.IntProperty(
        name="Seeds", description="Variations: so many seeds beside each other, from the shot's own on", default=4,
        min=1, max=8,
    )
    strengths: bpy.props.StringProperty(
        name="Strengths",
        description='Variations: denoising strengths below each other, like ".4, .6"; empty takes the shot\'s own',
    )
    part: bpy.props.EnumProperty(
        name="Region",
        description="What of the key is drawn again",
        items=[
            ("face", "Face", "Every face, found by the pose stage"),
            ("head", "Head", "Faces with what is around them"),
            ("hands", "Hands", "Both hands"),
            ("left_hand", "Left Hand", "The person's own left"),
            ("right_hand", "Right Hand", "The person's own right"),
            ("character", "Character", "What the matte cuts out"),
            ("mask", "Painted Mask", "A picture of yours: white is drawn again"),
        ],
    )
    mask: bpy.props.StringProperty(
        name="Mask", description="A grey picture of the frames' shape: white is drawn again", subtype="FILE_PATH"
    )


CLASSES = (LINEBOIL_PG_tries,)


def register() -> None:
    """Give the window manager what belongs to this session."""
    bpy.types.WindowManager.lineboil_tries = bpy.props.PointerProperty(type=LINEBOIL_PG_tries)


def unregister() -> None:
    """Take it away, with the small pictures."""
    if hasattr(bpy.types.WindowManager, "lineboil_tries"):
        del bpy.types.WindowManager.lineboil_tries
    if _known.pictures is not None:
        bpy.utils.previews.remove(_known.pictures)
    _known.reset()
