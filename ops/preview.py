# SPDX-License-Identifier: GPL-3.0-or-later
"""One frame of one stage, shown as a picture."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import EnumProperty, IntProperty

from ..addon.engine.errors import InputError
from ..addon.redraw import redraw_images
from ..addon.session_task import Task
from .job_step import ShotJob
from .stages import PICTURE_ITEMS

IMAGE_NAME = "Lineboil Preview"
_MARK = "lineboil_preview"


class LINEBOIL_OT_preview(ShotJob, bpy.types.Operator):
    """Make one frame of this stage and show it beside what it was made from, in any open image editor"""

    bl_idname = "lineboil.preview"
    bl_label = "Preview Frame"
    bl_options = {"REGISTER", "INTERNAL"}

    stage: EnumProperty(name="Stage", items=PICTURE_ITEMS, options={"SKIP_SAVE"})
    frame: IntProperty(
        name="Frame",
        description="The frame of the shot, from 1; 0 for the scene's current frame",
        default=0,
        min=0,
        options={"SKIP_SAVE"},
    )

    _number = 1

    def start(self, context: Any) -> Task:
        """Keep the number: the artist may go on to another frame meanwhile."""
        self._number = self.frame or max(1, context.scene.frame_current)
        return super().start(context)

    def title(self, context: Any) -> str:
        """Names the stage and the frame."""
        return f"Preview of {self.stage.capitalize()}, frame {self._number}"

    def command(self, context: Any) -> list[str]:
        """One frame of a stage."""
        return ["preview", str(self.root(context)), "--stage", self.stage, "--frame", str(self._number)]

    def finished(self, context: Any, scene: Any, task: Task) -> str:
        """Show the picture."""
        path = Path(str((task.result or {}).get("picture", task.preview)))
        if not path.is_file():
            raise InputError("the picture of this frame is not there", where=str(path))
        is_shown = show(load(path))
        where = "is shown in the image editor" if is_shown else f'is the image "{IMAGE_NAME}"; open an image editor'
        return f"Frame {self._number} of {self.stage} {where}."


def preview_image() -> Any:
    """The image datablock that shows the last preview, or None before there was one."""
    return next((item for item in bpy.data.images if _MARK in item), None)


def load(path: Path) -> Any:
    """The preview's image datablock, with this picture in it."""
    image = preview_image()
    if image is None:
        image = bpy.data.images.load(str(path))
        image.name = IMAGE_NAME
        image[_MARK] = True
    image.filepath = str(path)
    image.reload()
    return image


def show(image: Any) -> bool:
    """Put the image into an image editor that is open; False when there is none."""
    manager = bpy.context.window_manager
    spaces = [
        area.spaces.active
        for window in (manager.windows if manager else ())
        for area in window.screen.areas
        if area.type == "IMAGE_EDITOR"
    ]
    showing = [space for space in spaces if space.image == image]
    # An editor that paints belongs to the artist, unless it was opened to paint on a picture of ours.
    free = [space for space in spaces if not space.use_image_pin and (space.ui_mode == "VIEW" or _is_ours(space.image))]
    if not showing and free:
        free[0].image = image
        free[0].ui_mode = "VIEW"
    redraw_images()
    return bool(showing or free)


def _is_ours(image: Any) -> bool:
    return image is not None and any(name.startswith("lineboil_") for name in image.keys())  # noqa: SIM118


def paint_mode(image: Any) -> bool:
    """Let the image editors that show a picture paint; True when one does."""
    manager = bpy.context.window_manager
    found = [
        area.spaces.active
        for window in (manager.windows if manager else ())
        for area in window.screen.areas
        if area.type == "IMAGE_EDITOR" and area.spaces.active.image == image
    ]
    for space in found:
        space.ui_mode = "PAINT"
    return bool(found)


CLASSES = (LINEBOIL_OT_preview,)
