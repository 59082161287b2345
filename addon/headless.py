# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's two doors without a window, with the verbs of `lineboil`.

`blender -b [FILE.blend] --command lineboil VERB …` for the enabled extension, and
`blender -b [FILE.blend] --python <folder>/addon/__main__.py -- VERB …` for a checkout. Where a verb needs a shot and
the words name none, it is the shot of the .blend.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import bpy

from . import doors, environment, preferences, shots
from .engine.shot import FILE_NAME
from .scene import paths

CLASSES = ()
NAME = "lineboil"

_COMMAND_DOOR = "blender -b --command lineboil"
_handles: list[Any] = []


def register() -> None:
    """Open the door `--command lineboil`."""
    _handles.append(bpy.utils.register_cli_command(NAME, command))


def unregister() -> None:
    """Close it."""
    while _handles:
        bpy.utils.unregister_cli_command(_handles.pop())


def command(words: list[str]) -> int:
    """What `--command lineboil WORDS` does; returns Blender's exit code."""
    return doors.run(words, in_hand(_COMMAND_DOOR))


def script() -> int:
    """What `--python addon/__main__.py -- WORDS` does; returns Blender's exit code."""
    words = script_words(sys.argv)
    door = f"blender -b --python {Path(__file__).with_name('__main__.py')} --"
    if not bpy.app.background:
        error = doors.WrongUse("this door is for Blender without its window", remedy=f"Write: {door} VERB …")
        return doors.tell(error, is_for_programs="--json" in words)
    return doors.run(words, in_hand(door))


def script_words(arguments: list[str]) -> list[str]:
    """Our words on Blender's command line; those of Python's where Blender is its module."""
    if "--" in arguments:
        return arguments[arguments.index("--") + 1 :]
    return [] if bpy.app.binary_path else arguments[1:]


def in_hand(door: str) -> doors.Hand:
    """What this Blender has open, and where its worker's environment is."""
    chosen = preferences.preferences(bpy.context)
    is_online = bool(bpy.app.online_access)
    folder = bpy.path.abspath(chosen.environment_folder) if chosen.environment_folder else ""
    return doors.Hand(
        door=door,
        blender=bpy.app.binary_path or sys.executable,
        python=sys.executable,
        environment=environment.find(
            preferences.user_folder(), folder, python=chosen.python, allow_online=is_online
        ),
        shot=shot_in_hand(),
        blend=Path(bpy.data.filepath) if bpy.data.filepath else None,
        is_online=is_online,
        backend=chosen.backend if preferences.ROOT_PACKAGE in bpy.context.preferences.addons else "",
    )


def shot_in_hand() -> Path | None:
    """The shot of the open scene, else of the only other scene that has one, else the folder the .blend is in."""
    roots = [root for root in map(_root_of, (bpy.context.scene, *bpy.data.scenes)) if root is not None]
    if roots and (roots[0] == _root_of(bpy.context.scene) or len(set(roots)) == 1):
        return roots[0]
    folder = os.path.dirname(bpy.data.filepath)
    return Path(folder) if folder and os.path.isfile(os.path.join(folder, FILE_NAME)) else None


def _root_of(scene: Any) -> Path | None:
    # A scene built without the extension, or opened by a Blender that has not enabled it, has only the second.
    text = str(getattr(getattr(scene, "lineboil", None), "shot", "") or scene.get(shots.PROPERTY, ""))
    text = text.replace("\\", "/") if text.startswith("//") else os.path.expanduser(text)
    return paths.absolute(text, Path(bpy.data.filepath) if bpy.data.filepath else None)
