# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong, in words, with the button that mends it where there is one."""

from __future__ import annotations

from typing import Any

import bpy

from ..addon import mirror, preferences, shots, text_lines
from ..addon.session import current

_ONLINE = "Preferences > System > Network > Allow Online Access is off: nothing can be fetched."


def draw_environment(layout: Any, context: Any) -> None:
    """The worker's environment, when it cannot be used."""
    task = current.task
    if current.is_ready or (task is not None and task.command[:1] == ("environment",)):
        return
    state = current.environment_state
    box = layout.box()
    text_lines.draw(box, state.text, context, icon="ERROR")
    text_lines.draw(box, state.remedy, context, icon="BLANK1")
    if state.needs:
        row = box.row()
        row.scale_y = 1.4
        row.operator(f"lineboil.{state.needs}_environment", icon="IMPORT")
    if not bpy.app.online_access:
        text_lines.draw(box, _ONLINE, context, icon="INTERNET_OFFLINE")
        box.operator("screen.userpref_show", text="Show System Preferences", icon="PREFERENCES").section = "SYSTEM"
    box.operator("preferences.addon_show", text="Show Preferences", icon="PREFERENCES").module = (
        preferences.ROOT_PACKAGE
    )


def draw_shot(layout: Any, context: Any) -> None:
    """The scene's shot or its settings, when they cannot be used."""
    problem = mirror.problem(context.scene)
    if problem is None:
        return
    box = layout.box()
    text_lines.draw(box, problem.sentence(), context, icon="ERROR")
    root = shots.shot_root(context.scene)
    if root is None or shots.shot_problem(context.scene) is not None:
        row = box.row(align=True)
        row.operator("lineboil.relink_shot", text="Relink Shot…", icon="FILE_FOLDER")
        row.operator("lineboil.refresh", icon="FILE_REFRESH")


def draw_failure(layout: Any, context: Any) -> None:
    """Why the last work failed."""
    task = current.last
    if task is None or task.error is None or task.is_cancelled:
        return
    box = layout.box()
    text_lines.draw(box, f"{task.title}: {task.sentence()}", context, icon="ERROR")
    row = box.row(align=True)
    if task.command[:1] == ("environment",):
        row.operator("lineboil.open_log", icon="TEXT").which = "ENVIRONMENT"
    else:
        row.operator("lineboil.open_log", icon="TEXT").which = "WORKER"
    if task.error.error == "MissingError":
        row.operator("lineboil.check_environment", icon="VIEWZOOM")


def draw_notice(layout: Any, context: Any) -> None:
    """What the worker said of itself, and why the stages could not be looked at."""
    if current.notice:
        text_lines.draw(layout.box(), current.notice, context, icon="INFO")
    root = shots.shot_root(context.scene)
    error = current.status_error(root) if root is not None else None
    if error is not None and current.last is None and mirror.problem(context.scene) is None:
        text_lines.draw(layout.box(), f"{error.what}. {error.remedy}", context, icon="ERROR")
