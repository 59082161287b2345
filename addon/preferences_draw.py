# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawing of the preferences."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from . import text_lines
from .engine.errors import EngineError
from .environment_look import kind_of
from .session import current

_KEPT_SECONDS = 2.0
_MOST_DETAILS = 6
_ONLINE_OFF = (
    "Packages and models are fetched from the network, which Blender does not allow now.\n"
    "Switch on Allow Online Access in Preferences > System > Network."
)
_ONLINE_OVERRIDDEN = (
    "Packages and models are fetched from the network, which this Blender was started without (--offline-mode).\n"
    "Start it without that, or make the environment on the command line."
)


def draw(layout: Any, preferences: Any, context: Any) -> None:
    """All of it."""
    _draw_environment(layout.box(), preferences, context)
    if _wants_network(preferences) and not bpy.app.online_access:
        _draw_online(layout.box(), context)
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    column.prop(preferences, "backend")
    column.prop(preferences, "environment_folder")
    column.prop(preferences, "python")
    _draw_places(layout, context)


def _draw_environment(box: Any, preferences: Any, context: Any) -> None:
    task = current.task or current.last
    if task is not None and task.command[:1] == ("environment",):
        if not task.is_over:
            _draw_progress(box, task)
            return
        if task.error is not None and not task.is_cancelled:
            text_lines.draw(box, task.sentence(), context, icon="ERROR")
    state = current.environment_state
    text_lines.draw(box, state.text, context, icon="CHECKMARK" if state.is_ready else "ERROR")
    if state.remedy and not state.needs:
        text_lines.draw(box, state.remedy, context, icon="BLANK1")
    if state.details and not state.is_ready:
        text_lines.draw(box, "\n".join(state.details[:_MOST_DETAILS]), context, icon="BLANK1")
    if _wants_network(preferences):
        text_lines.draw(box, _known.plan(preferences.backend), context, icon="IMPORT")
    _draw_buttons(box, state, preferences)


def _wants_network(preferences: Any) -> bool:
    """Whether there is something to fetch."""
    state = current.environment_state
    return bool(state.needs or (state.backend and state.backend != preferences.backend and _is_ours()))


def _is_ours() -> bool:
    return _known.is_ours(current.environment.folder)


def _draw_progress(box: Any, task: Any) -> None:
    row = box.row()
    row.progress(factor=task.fraction, text=f"{task.title}:  {task.label()}")
    row.operator("lineboil.cancel", text="", icon="X")


def _draw_buttons(box: Any, state: Any, preferences: Any) -> None:
    if state.needs:
        row = box.row()
        row.scale_y = 1.4
        row.operator(f"lineboil.{state.needs}_environment", icon="IMPORT")
    elif _wants_network(preferences):
        box.operator("lineboil.make_environment", text="Change Backend", icon="IMPORT")
    if state.python is not None:
        row = box.row()
        row.operator("lineboil.check_environment", icon="VIEWZOOM")
        if _is_ours():
            if state.needs != "repair":
                row.operator("lineboil.repair_environment", icon="MODIFIER")
            row.operator("lineboil.remove_environment", icon="TRASH")


def _draw_online(box: Any, context: Any) -> None:
    if bpy.app.online_access_override:
        text_lines.draw(box, _ONLINE_OVERRIDDEN, context, icon="INTERNET_OFFLINE")
        return
    text_lines.draw(box, _ONLINE_OFF, context, icon="INTERNET_OFFLINE")
    box.operator("screen.userpref_show", text="Show System Preferences", icon="PREFERENCES").section = "SYSTEM"


def _draw_places(layout: Any, context: Any) -> None:
    environment = current.environment
    column = layout.column(align=True)
    for title, path in (("Environment", environment.folder), ("Models", environment.models), ("Log", current.log)):
        split = column.split(factor=0.4)
        left = split.row()
        left.alignment = "RIGHT"
        left.label(text=title)
        split.label(text=str(path), translate=False)
    row = layout.row()
    row.operator("lineboil.open_log", icon="TEXT")
    row.operator("lineboil.free_memory", icon="MEMORY")


class _Known:
    """What was found out last: the preferences are drawn on every move of the mouse."""

    def __init__(self) -> None:
        self._looked: dict[str, float] = {}
        self._found: dict[str, Any] = {}

    def plan(self, backend: str) -> str:
        """What making the environment would take."""
        return str(self._get(f"plan {backend}", lambda: _plan_text(backend)))

    def is_ours(self, folder: Path) -> bool:
        """Whether Lineboil made it, and so may change it."""
        return bool(self._get(f"ours {folder}", lambda: kind_of(folder) == "ours"))

    def _get(self, key: str, find: Callable[[], Any]) -> Any:
        now = time.monotonic()
        if now - self._looked.get(key, -1e9) > _KEPT_SECONDS:
            self._looked[key], self._found[key] = now, find()
        return self._found[key]


_known = _Known()


def _plan_text(backend: str) -> str:
    try:
        plan = current.environment.plan(backend)
    except EngineError as error:
        return error.sentence()
    return plan.text if plan.problem is None else plan.problem.sentence()
