# SPDX-License-Identifier: GPL-3.0-or-later
"""Making the shot: all of it, one stage, or up to a stage; and stopping."""

from typing import Any

import bpy
from bpy.props import EnumProperty

from ..addon.engine.errors import SettingError
from ..addon.redraw import redraw
from ..addon.session import current
from . import reasons
from .job_step import ShotJob
from .stages import STAGE_ITEMS


class LINEBOIL_OT_run(ShotJob, bpy.types.Operator):
    """Make whatever is missing or stale, up to the movie. What is finished is kept and not made again"""

    bl_idname = "lineboil.run"
    bl_label = "Run All"
    bl_options = {"REGISTER"}

    def command(self, context: Any) -> list[str]:
        """The whole road."""
        return ["run", str(self.root(context))]


class LINEBOIL_OT_run_stage(ShotJob, bpy.types.Operator):
    """Make this stage, and what it reads where that is missing or stale"""

    bl_idname = "lineboil.run_stage"
    bl_label = "Run Stage"
    bl_options = {"REGISTER", "INTERNAL"}

    stage: EnumProperty(name="Stage", items=STAGE_ITEMS, options={"SKIP_SAVE"})

    def title(self, context: Any) -> str:
        """Names the stage."""
        return f"Run {self.stage.capitalize()}"

    def command(self, context: Any) -> list[str]:
        """One stage."""
        if self.stage in ("build", "render"):
            raise SettingError(f"{self.stage} is not run like the other stages", remedy="Press its own button.")
        return ["run", str(self.root(context)), "--stage", self.stage]


class LINEBOIL_OT_run_until(ShotJob, bpy.types.Operator):
    """Make every stage up to this one, where it is missing or stale"""

    bl_idname = "lineboil.run_until"
    bl_label = "Run up to Here"
    bl_options = {"REGISTER", "INTERNAL"}

    stage: EnumProperty(name="Stage", items=STAGE_ITEMS, options={"SKIP_SAVE"})

    def title(self, context: Any) -> str:
        """Names the stage."""
        return f"Run up to {self.stage.capitalize()}"

    def command(self, context: Any) -> list[str]:
        """Every stage up to this."""
        if self.stage in ("build", "render"):
            raise SettingError(f"{self.stage} is not run like the other stages", remedy="Press its own button.")
        return ["run", str(self.root(context)), "--until", self.stage]


class LINEBOIL_OT_cancel(bpy.types.Operator):
    """Stop what is being made. What is finished is kept, and the next run goes on from there"""

    bl_idname = "lineboil.cancel"
    bl_label = "Stop"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether there is something to stop."""
        if current.task is not None and current.task.is_cancelling:
            return reasons.refuse(cls, "It is stopping already")
        return reasons.is_running(cls)

    def execute(self, context: Any) -> set[str]:
        """Ask for it; the running operator tells the end."""
        current.cancel()
        redraw()
        return {"FINISHED"}


CLASSES = (LINEBOIL_OT_run, LINEBOIL_OT_run_stage, LINEBOIL_OT_run_until, LINEBOIL_OT_cancel)
