# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a button is grey. Each check answers quickly, from what is known, and says the reason to Blender."""

from __future__ import annotations

from typing import Any

import bpy

from ..addon import shots
from ..addon.session import current

_NO_SHOT = "Choose a clip or open a shot first"
_BUSY = "Something is being made now: wait for it, or stop it first"
_NOTHING_RUNS = "Nothing is being made now"
_NOT_SAVED = "Save the .blend first: renders are made from the file"
_NO_ONLINE = "Allow Online Access in Preferences > System > Network first"
_NOT_ANALYSED = "Analyse the footage first"
_ANOTHER = "Another shot is being made now: wait for it, or stop it first"


def refuse(operator: Any, reason: str) -> bool:
    """Keep the button grey and say why; always False."""
    operator.poll_message_set(reason)
    return False


def has_shot(operator: Any, context: Any) -> bool:
    """The scene has a shot whose folder can be read."""
    problem = shots.shot_problem(context.scene)
    if problem is not None:
        return refuse(operator, problem.sentence())
    return shots.shot_root(context.scene) is not None or refuse(operator, _NO_SHOT)


def is_own(operator: Any, context: Any) -> bool:
    """The scene can be given a shot: it belongs to this file."""
    return context.scene.library is None or refuse(operator, shots.linked_problem(context.scene).sentence())


def is_free(operator: Any, context: Any) -> bool:
    """Nothing is being made."""
    task = current.task
    if task is None:
        return True
    if task.shot is not None and task.shot != shots.shot_root(context.scene):
        return refuse(operator, _ANOTHER)
    return refuse(operator, _BUSY)


def is_running(operator: Any) -> bool:
    """Something is being made that can be stopped."""
    return current.task is not None or refuse(operator, _NOTHING_RUNS)


def has_worker(operator: Any) -> bool:
    """The environment of the worker is whole."""
    if current.is_ready:
        return True
    state = current.environment_state
    return refuse(operator, f"{state.text} {state.remedy}".rstrip())


def can_work(operator: Any, context: Any) -> bool:
    """The scene's shot can be worked on now."""
    return has_shot(operator, context) and has_worker(operator) and is_free(operator, context)


def is_analysed(operator: Any, context: Any) -> bool:
    """The shot's frames are known."""
    root = shots.shot_root(context.scene)
    return (root is not None and (root / "footage.json").is_file()) or refuse(operator, _NOT_ANALYSED)


def is_saved(operator: Any) -> bool:
    """The .blend has a file."""
    return bool(bpy.data.filepath) or refuse(operator, _NOT_SAVED)


def is_online(operator: Any) -> bool:
    """Blender may use the network."""
    return bool(bpy.app.online_access) or refuse(operator, _NO_ONLINE)
