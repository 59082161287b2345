# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene made of the shot, in the open file."""

from collections.abc import Iterator
from typing import Any

import bpy

from ..addon.engine.errors import InputError
from ..addon.scene import build
from ..addon.scene.marks import Changes
from ..addon.session_task import Task
from . import reasons
from .job_step import ShotJob

_KEPT = "what you changed is kept"


class LINEBOIL_OT_build(ShotJob, bpy.types.Operator):
    """Make or renew the figure and its set in this scene, with what they need first. What you changed is kept"""

    bl_idname = "lineboil.build"
    bl_label = "Build Scene"
    bl_options = {"REGISTER", "UNDO"}

    _changes: Changes | None = None

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether it can be built now."""
        return can_build(cls, context)

    def command(self, context: Any) -> list[str]:
        """Everything the scene is made from, and how."""
        return ["build", str(self.root(context)), "--describe"]

    def steps(self, scene: Any, task: Task) -> Iterator[Any]:
        """Fill the scene."""
        self._changes = yield from build.fill_steps(scene, described(task))

    def finished(self, context: Any, scene: Any, task: Task) -> str:
        """Say what became of it."""
        changes = self._changes or Changes()
        for note in changes.notes:
            self.report({"INFO"}, note)
        if not changes:
            return f'The scene "{scene.name}" was up to date already.'
        things = "1 thing" if len(changes) == 1 else f"{len(changes)} things"
        return f'The scene "{scene.name}" is built: {things} made or renewed, {_KEPT}.'


def can_build(operator: Any, context: Any) -> bool:
    """Whether things can be put into the scene now."""
    if context.mode != "OBJECT":
        return reasons.refuse(operator, "Go back to Object Mode first")
    return reasons.can_work(operator, context)


def described(task: Task) -> dict[str, Any]:
    """The job of an answered `build --describe`.

    Raises:
        InputError: The worker answered something else.
    """
    job = (task.result or {}).get("job")
    if not isinstance(job, dict):
        raise InputError("the worker did not say how the scene is to be built", remedy="Repair the environment.")
    return job


CLASSES = (LINEBOIL_OT_build,)
