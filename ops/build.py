# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene made of the shot, in the open file."""

from collections.abc import Iterator
from typing import Any

import bpy

from ..addon.engine.errors import InputError
from ..addon.scene import build
from ..addon.session_task import Task
from . import reasons
from .job_step import ShotJob


class LINEBOIL_OT_build(ShotJob, bpy.types.Operator):
    """Make or renew the figure and its set in this scene, with what they need first. What you changed is kept"""

    bl_idname = "lineboil.build"
    bl_label = "Build Scene"
    bl_options = {"REGISTER", "UNDO"}

    _changes = 0

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether it can be built now."""
        if context.mode != "OBJECT":
            return reasons.refuse(cls, "Leave the present mode for Object Mode first")
        return reasons.can_work(cls, context)

    def command(self, context: Any) -> list[str]:
        """Everything the scene is made from, and how."""
        return ["build", str(self.root(context)), "--describe"]

    def steps(self, scene: Any, task: Task) -> Iterator[Any] | None:
        """Fill the scene."""
        return build.fill_steps(scene, described(task))

    def finished(self, context: Any, scene: Any, task: Task) -> str:
        """Say what became of it."""
        return f'The scene "{scene.name}" is built; Ctrl Z takes it back.'


def described(task: Task) -> dict[str, Any]:
    """The job of an answered `build --describe`, with its stamp.

    Raises:
        InputError: The worker answered something else.
    """
    result = task.result or {}
    if not isinstance(result.get("job"), dict):
        raise InputError("the worker did not say how the scene is to be built", remedy="Repair the environment.")
    return {**result["job"], "stamp": result.get("stamp", "")}


CLASSES = (LINEBOIL_OT_build,)
