# SPDX-License-Identifier: GPL-3.0-or-later
"""The rendered movie, made by a Blender in the background from the saved file."""

from collections.abc import Iterator
from typing import Any

import bpy
from bpy.props import EnumProperty

from ..addon.engine.errors import InputError
from ..addon.scene import build
from ..addon.session import current
from ..addon.session_task import Task
from . import reasons
from .build import can_build, described
from .job_step import ShotJob


class LINEBOIL_OT_render(ShotJob, bpy.types.Operator):
    """Bring the scene up to date, save this file, and render it in the background with the clip's sound"""

    bl_idname = "lineboil.render"
    bl_label = "Render Movie"
    bl_options = {"REGISTER"}

    quality: EnumProperty(
        name="Quality",
        items=[
            ("SETTING", "As Set", "What the shot's settings say"),
            ("preview", "Preview", "Quick and small, to judge the movement"),
            ("final", "Final", "In full size"),
        ],
        default="SETTING",
        options={"SKIP_SAVE"},
    )

    _is_rendering = False
    _is_renewed = False

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether it can be rendered now."""
        return can_build(cls, context) and reasons.is_saved(cls)

    def command(self, context: Any) -> list[str]:
        """First what the scene is made from; the scene on the screen is the one that is rendered."""
        return ["build", str(self.root(context)), "--describe"]

    def steps(self, scene: Any, task: Task) -> Iterator[Any]:
        """Renew the scene when it is out of date."""
        if self._is_rendering:
            return
        job = described(task)
        if build.standing(scene, job["stamp"]) == "done":
            return
        yield from build.fill_steps(scene, job)
        self._is_renewed = True
        if not bpy.app.background:
            bpy.ops.ed.undo_push(message="Build Scene")

    def next_task(self, context: Any, scene: Any) -> Task | None:
        """Save the file and have it rendered."""
        if self._is_rendering:
            return None
        self._is_rendering = True
        shot = self._running().shot
        save(is_changed=self._is_renewed)
        words = ["render", str(shot), "--blend", bpy.data.filepath]
        if self.quality != "SETTING":
            words.append(f"quality={self.quality}")
        return current.start(self.bl_label, words, shot, planned=("render",))


def save(*, is_changed: bool) -> None:
    """Save the open file when it has changed.

    Args:
        is_changed: We have changed it, which Blender does not notice in the background.

    Raises:
        InputError: It has no place yet, or cannot be written.
    """
    if not bpy.data.filepath:
        raise InputError("this file was never saved", remedy="Save it first: renders are made from the file.")
    if not (is_changed or bpy.data.is_dirty):
        return
    try:
        bpy.ops.wm.save_mainfile()
    except RuntimeError as error:
        raise InputError(
            f"the file cannot be saved ({str(error).removeprefix('Error: ').strip()})",
            where=bpy.data.filepath,
            remedy="Save it elsewhere, then render again.",
        ) from error


CLASSES = (LINEBOIL_OT_render,)
