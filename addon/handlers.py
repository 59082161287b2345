# SPDX-License-Identifier: GPL-3.0-or-later
"""What we do when Blender loads, saves, undoes or ends. Nothing of Blender's data is kept across any of these."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from typing import Any

import bpy
from bpy.app.handlers import persistent

from . import mirror, shots
from .redraw import redraw
from .session import current

CLASSES: tuple[type, ...] = ()


def on_load_pre(*_: Any) -> None:
    """Another file comes: what is being made for this one is stopped, what was typed is written."""
    if current.task is not None and current.task.command[:1] != ("environment",):
        current.cancel()
    mirror.flush_all()


def on_load_post(*_: Any) -> None:
    """Another file is here: its shots are read anew, and their files win over what the .blend remembers."""
    mirror.reset()
    current.forget()
    redraw()


def on_undo_post(*_: Any) -> None:
    """Undo changed settings back: their files follow."""
    for scene in bpy.data.scenes:
        mirror.poll(scene)
    redraw()


def on_save_pre(path: Any = "", *_: Any) -> None:
    """Shots near the .blend are kept relative to where it goes."""
    mirror.flush_all()
    if isinstance(path, str) and path:
        shots.before_save(path)


def on_save_post(path: Any = "", *_: Any) -> None:
    """A copy saved elsewhere does not move this file."""
    if isinstance(path, str) and path:
        shots.after_save(path)


def on_exit(*_: Any) -> None:
    """Blender ends: so does the worker, and nothing typed is lost."""
    mirror.flush_all()
    current.close()


_HANDLERS: dict[str, Callable[..., None]] = {
    "load_pre": on_load_pre,
    "load_post": on_load_post,
    "undo_post": on_undo_post,
    "redo_post": on_undo_post,
    "save_pre": on_save_pre,
    "save_post": on_save_post,
    "save_post_fail": on_save_post,
    # From Blender 5.1 on; before, atexit does it alone.
    "exit_pre": on_exit,
}

for _handler in _HANDLERS.values():
    # Else Blender drops it with the first file that is loaded.
    persistent(_handler)


def register() -> None:
    """Be told."""
    for name, handler in _HANDLERS.items():
        if hasattr(bpy.app.handlers, name):
            getattr(bpy.app.handlers, name).append(handler)
    atexit.register(current.close)


def unregister() -> None:
    """No longer be told, and end what runs."""
    for name, handler in _HANDLERS.items():
        listeners = getattr(bpy.app.handlers, name, [])
        if handler in listeners:
            listeners.remove(handler)
    atexit.unregister(current.close)
    current.close()
