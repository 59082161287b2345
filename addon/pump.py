# SPDX-License-Identifier: GPL-3.0-or-later
"""The one timer in Blender's main loop: takes in what the worker says, keeps settings and `shot.toml` alike.

Never registered in background mode, where Blender 4.2 crashes and 4.5 hangs at exit with a timer left.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Any

import bpy

from . import mirror
from .redraw import redraw
from .session import current

CLASSES: tuple[type, ...] = ()

_FIRST_SECONDS = 0.1
_BUSY_SECONDS = 0.05
_IDLE_SECONDS = 0.5
_POLL_SECONDS = 0.01

_told: set[str] = set()
_shown: dict[str, Any] = {}


def step() -> float:
    """One turn; returns after how many seconds the next one comes."""
    with current.timed("pump"):
        changed = [_guarded("worker", _poll_worker), _guarded("settings", _poll_settings)]
        if any(changed):
            _guarded("drawing", redraw)
    return _BUSY_SECONDS if current.is_awaiting else _IDLE_SECONDS


def _poll_worker() -> bool:
    changed = current.poll(_POLL_SECONDS)
    state = current.environment_state.text, current.worker_state
    if _shown.get("state") != state:
        _shown["state"] = state
        changed = True
    return changed


def _poll_settings() -> bool:
    manager = bpy.context.window_manager
    scenes = {window.scene.session_uid: window.scene for window in (manager.windows if manager else ())}
    # All of them, also after the first that changed.
    return any([mirror.poll(scene) for scene in scenes.values()])


def _guarded(name: str, work: Callable[[], Any]) -> bool:
    """Do a part of the turn. A fault in it must neither end the timer nor be told ten times a second."""
    try:
        return bool(work())
    except Exception as error:  # noqa: BLE001  the edge to Blender: a timer that raises is dropped in silence
        text = f"{type(error).__name__}: {error}"
        if text not in _told:
            _told.add(text)
            sys.stderr.write(f"Lineboil: something unexpected went wrong ({name}); please report this:\n")
            traceback.print_exc()
            current.notice = f"Something unexpected went wrong ({text}). Please report what the console says."
            return True
        return False


def register() -> None:
    """Begin."""
    if not bpy.app.background:
        bpy.app.timers.register(step, first_interval=_FIRST_SECONDS, persistent=True)


def unregister() -> None:
    """End."""
    if bpy.app.timers.is_registered(step):
        bpy.app.timers.unregister(step)
    _told.clear()
    _shown.clear()
