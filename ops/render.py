# SPDX-License-Identifier: GPL-3.0-or-later
"""The rendered movie, made by a Blender in the background from the saved file."""

from typing import Any

import bpy
from bpy.props import EnumProperty

from ..addon import mirror, shots
from ..addon.engine.errors import InputError
from ..addon.session import current
from ..addon.session_task import Task
from . import reasons
from .job_step import ShotJob

STAMP = "lineboil_stamp"


class LINEBOIL_OT_render(ShotJob, bpy.types.Operator):
    """Save this file and render the shot from it in the background, with the clip's sound. Finished frames are kept"""

    bl_idname = "lineboil.render"
    bl_label = "Render Movie"
    bl_options = {"REGISTER"}

    quality: EnumProperty(
        name="Quality",
        items=[
            ("SETTING", "As Set", "What the shot's settings say"),
            ("draft", "Draft", "Quick and small, to judge the movement"),
            ("final", "Final", "In full size"),
        ],
        default="SETTING",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether it can be rendered now."""
        if not reasons.can_work(cls, context) or not reasons.is_saved(cls):
            return False
        return STAMP in context.scene or reasons.refuse(cls, "Build the scene first")

    def command(self, context: Any) -> list[str]:
        """Render the open file."""
        words = ["render", str(self.root(context)), "--blend", bpy.data.filepath]
        return words if self.quality == "SETTING" else [*words, f"quality={self.quality}"]

    def start(self, context: Any) -> Task:
        """Save the file, then have it rendered."""
        command = self.command(context)
        mirror.flush(context.scene)
        save()
        return current.start(self.bl_label, command, shots.shot_root(context.scene), planned=("render",))


def save() -> None:
    """Save the open file when it has changed.

    Raises:
        InputError: It cannot be written.
    """
    if not bpy.data.is_dirty:
        return
    try:
        bpy.ops.wm.save_mainfile()
    except RuntimeError as error:
        raise InputError(
            f"the file cannot be saved ({str(error).strip()})",
            where=bpy.data.filepath,
            remedy="Save it elsewhere, then render again.",
        ) from error


CLASSES = (LINEBOIL_OT_render,)
