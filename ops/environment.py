# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's own Python environment: made, checked, repaired and removed from the preferences."""

import textwrap
from typing import Any

import bpy
from bpy.props import StringProperty

from ..addon.engine.errors import EngineError
from ..addon.preferences import preferences
from ..addon.session import current
from ..addon.session_task import Task
from . import reasons
from .beside import has_artist
from .job_step import JobStep

_DIALOG_WIDTH = 420
_DIALOG_LETTERS = 62


class EnvironmentJob(JobStep):
    """A long piece of work on the environment, done by a process of its own."""

    words: tuple[str, ...] = ()
    _lines: tuple[str, ...] = ()

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether nothing else is being made."""
        return reasons.is_free(cls, context)

    def chosen_backend(self, context: Any) -> str:
        """The backend asked for, else that of the preferences, else what the environment was made for."""
        wanted = getattr(self, "backend", "") or preferences(context).backend
        return str(wanted) or current.environment.backend or "cpu"

    def start(self, context: Any) -> Task:
        """Have it done for the environment in use."""
        words = [*self.words, "--folder", str(current.environment.folder)]
        if self.words[0] in ("make", "repair"):
            words += ["--backend", self.chosen_backend(context)]
            if preferences(context).python:
                words += ["--python", bpy.path.abspath(preferences(context).python)]
        if not bpy.app.online_access:
            words.append("--offline")
        return current.start_environment(self.title(context), words)

    def command(self, context: Any) -> list[str]:
        """What is done, for whoever looks at the task."""
        return ["environment", *self.words]

    def finished(self, context: Any, scene: Any, task: Task) -> str:
        """Say how the environment stands now."""
        return str((task.result or {}).get("state", ""))


class _AskingJob(EnvironmentJob):
    """Tells what it will take before it begins."""

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Show what would be fetched; the artist decides."""
        if not has_artist(context):
            return self.execute(context)
        if self._beside is None and not self._lines:
            try:
                with current.timed(f"plan {self.bl_idname}"):  # type: ignore[attr-defined]
                    self._lines = self.lines(context)
            except EngineError as error:
                return self._refuse(error)
            return context.window_manager.invoke_props_dialog(
                self, width=_DIALOG_WIDTH, confirm_text=self.words[0].capitalize()
            )
        return super().invoke(context, event)

    def execute(self, context: Any) -> set[str]:
        """After the artist's yes beside the artist, else waiting for the end."""
        if self._lines and has_artist(context):
            return super().invoke(context, None)
        return super().execute(context)

    def lines(self, context: Any) -> tuple[str, ...]:
        """What the dialog says.

        Raises:
            EngineError: It cannot be done here.
        """
        raise NotImplementedError

    def draw(self, context: Any) -> None:
        """The dialog."""
        column = self.layout.column()  # type: ignore[attr-defined]
        for line in self._lines:
            for part in textwrap.wrap(line, _DIALOG_LETTERS):
                column.label(text=part, translate=False)


class LINEBOIL_OT_make_environment(_AskingJob, bpy.types.Operator):
    """Fetch and install what the worker needs, into a folder of its own. Says first how much that is"""

    bl_idname = "lineboil.make_environment"
    bl_label = "Make Environment"
    words = ("make",)

    backend: StringProperty(
        name="Backend",
        description="cpu, cuda, rocm or mps; that of the preferences when not given",
        options={"SKIP_SAVE", "HIDDEN"},
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether it can be fetched now."""
        return reasons.is_free(cls, context) and reasons.is_online(cls)

    def lines(self, context: Any) -> tuple[str, ...]:
        """Sizes, and where to."""
        plan = current.environment.plan(self.chosen_backend(context))
        if plan.problem is not None:
            raise plan.problem
        return (plan.text, f"It goes into {current.environment.folder}.")


class LINEBOIL_OT_repair_environment(_AskingJob, bpy.types.Operator):
    """Put back what is missing or damaged in the worker's environment. Says first what is fetched"""

    bl_idname = "lineboil.repair_environment"
    bl_label = "Repair Environment"
    words = ("repair",)

    poll = LINEBOIL_OT_make_environment.__dict__["poll"]
    lines = LINEBOIL_OT_make_environment.lines


class LINEBOIL_OT_remove_environment(_AskingJob, bpy.types.Operator):
    """Take the worker's environment off the disk. Shots and their files stay"""

    bl_idname = "lineboil.remove_environment"
    bl_label = "Remove Environment"
    words = ("remove",)

    def lines(self, context: Any) -> tuple[str, ...]:
        """What goes and what stays."""
        return ("The worker's environment is taken off the disk. Your shots stay.", str(current.environment.folder))


class LINEBOIL_OT_check_environment(EnvironmentJob, bpy.types.Operator):
    """Look at every file of the worker's environment and try its packages"""

    bl_idname = "lineboil.check_environment"
    bl_label = "Check Environment"
    words = ("check",)


class LINEBOIL_OT_free_memory(JobStep, bpy.types.Operator):
    """Have the worker give back the memory of its models, so that a render can have it"""

    bl_idname = "lineboil.free_memory"
    bl_label = "Free Memory"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether a worker holds any."""
        if current.worker_state in ("off", "failed"):
            return reasons.refuse(cls, "No worker is running, so it takes no memory")
        return reasons.is_free(cls, context)

    def start(self, context: Any) -> Task:
        """Ask for it."""
        return current.start_free(self.bl_label)

    def finished(self, context: Any, scene: Any, task: Task) -> str:
        """Say what was given back."""
        names = (task.result or {}).get("freed", [])
        return f"Given back: {', '.join(names)}." if names else "The worker held no models."


CLASSES = (
    LINEBOIL_OT_make_environment, LINEBOIL_OT_repair_environment, LINEBOIL_OT_remove_environment,
    LINEBOIL_OT_check_environment, LINEBOIL_OT_free_memory,
)
