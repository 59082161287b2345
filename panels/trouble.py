# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong, in words, with the button that mends it where there is one."""

from __future__ import annotations

import re
from typing import Any

import bpy

from ..addon import mirror, preferences, properties, shots, text_lines
from ..addon.engine.errors import EngineError
from ..addon.engine.messages import Failed
from ..addon.engine.schema.registry import BY_NAME
from ..addon.session import current
from ..addon.session_task import Task

_SETTING = re.compile(r"\b([a-z]+)\.([a-z_]+)\b")
_ONLINE = "Preferences > System > Network > Allow Online Access is off: nothing can be fetched."


def draw_environment(layout: Any, context: Any) -> None:
    """The worker's environment, when it cannot be used."""
    task = current.task
    if current.is_ready or (task is not None and task.command[:1] == ("environment",)):
        return
    state = current.environment_state
    box = layout.box()
    text_lines.draw(box, state.text, context, icon="ERROR")
    if not state.needs:
        text_lines.draw(box, state.remedy, context, icon="BLANK1")
    else:
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
    draw_error(box, problem, context)
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
    draw_error(box, task.error, context)
    row = box.row(align=True)
    draw_again(row, task)
    if task.command[:1] == ("environment",):
        row.operator("lineboil.open_log", icon="TEXT").which = "ENVIRONMENT"
    else:
        row.operator("lineboil.open_log", icon="TEXT").which = "WORKER"
    if task.error.error == "MissingError":
        row.operator("lineboil.check_environment", icon="VIEWZOOM")


def draw_error(box: Any, error: Failed | EngineError, context: Any) -> None:
    """What, where and what to do, each on lines of its own; settings that are named can be changed at once."""
    text_lines.draw(box, f"{error.what[:1].upper()}{error.what[1:]}.", context, icon="ERROR")
    for text in (error.where, error.remedy):
        if text:
            text_lines.draw(box, text, context, icon="BLANK1")
    column = box.column()
    column.use_property_split = True
    column.use_property_decorate = False
    for stage, name in dict.fromkeys(_SETTING.findall(f"{error.what} {error.remedy}")):
        group = properties.group(context.scene, stage) if stage in BY_NAME else None
        if group is not None and name in group.bl_rna.properties and shots.shot_root(context.scene):
            column.prop(group, name)


def draw_again(row: Any, task: Task) -> None:
    """The button that does the same once more, where there is one."""
    words = [*task.command, ""]
    options = {word: after for word, after in zip(words, words[1:], strict=False) if word.startswith("--")}
    name, given = words[0], {}
    if name == "run":
        stage = options.get("--until", "") or options.get("--stage", "")
        name = "run_until" if "--until" in options else "run_stage" if stage else "run"
        given = {"stage": stage} if stage else {}
    elif name == "preview":
        given = {"stage": options["--stage"], "frame": int(options["--frame"])}
    elif name not in ("build", "render"):
        return
    button = row.operator(f"lineboil.{name}", text="Try Again", icon="FILE_REFRESH")
    for key, value in given.items():
        setattr(button, key, value)


def draw_notice(layout: Any, context: Any) -> None:
    """What the worker said of itself, and why the stages could not be looked at."""
    if current.notice:
        text_lines.draw(layout.box(), current.notice, context, icon="INFO")
    root = shots.shot_root(context.scene)
    error = current.status_error(root) if root is not None else None
    if error is not None and current.last is None and mirror.problem(context.scene) is None:
        draw_error(layout.box(), error, context)
