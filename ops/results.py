# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at what was made, with the programs of the artist's system."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import EnumProperty

from ..addon import shots
from ..addon.engine.errors import EngineError
from ..addon.engine.schema.build import blend_of
from ..addon.engine.shot import Shot
from ..addon.session import current
from ..addon.session_task import Task
from . import reasons
from .beside import has_artist
from .job_step import ShotJob

_ITEMS = [
    ("MOVIE", "Movie", "The restyled clip with its sound"),
    ("ALPHA", "Movie with Alpha", "The cut-out figure for other programs"),
    ("RENDER", "Rendered Movie", "The figure in its lit set"),
    ("SHEET", "Contact Sheet", "A few frames of every stage"),
    ("SCENE", "Scene", "The .blend that the shot's scene is in"),
]
_ENDINGS = {"MOVIE": ".mp4", "ALPHA": ".mov", "RENDER": "_render.mp4"}


def result_path(root: Path, what: str) -> Path:
    """Where a result of a shot is or will be."""
    if what == "SHEET":
        return root / "sheet.png"
    if what == "SCENE":
        return blend_of(Shot(root).settings["build"], root)
    return root / f"{root.name}{_ENDINGS[what]}"


class LINEBOIL_OT_open_result(bpy.types.Operator):
    """Show it in the program that your system shows such files in"""

    bl_idname = "lineboil.open_result"
    bl_label = "Open Result"
    bl_options = {"REGISTER", "INTERNAL"}

    what: EnumProperty(name="Result", items=_ITEMS, options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether the scene has a shot."""
        return reasons.has_shot(cls, context)

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        """What would be shown."""
        return next(text for name, _, text in _ITEMS if name == properties.what)

    def execute(self, context: Any) -> set[str]:
        """Hand the file to the system; a scene is opened in this Blender."""
        root = shots.shot_root(context.scene)
        try:
            path = result_path(root, self.what) if root is not None else Path()
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())
            return {"CANCELLED"}
        if not path.is_file():
            self.report({"WARNING"}, f"{path.name} is not made yet")
            return {"CANCELLED"}
        if self.what == "SCENE" and Path(bpy.data.filepath) == path:
            self.report({"INFO"}, "The shot's scene is in this file")
            return {"CANCELLED"}
        if self.what == "SCENE":
            how = "INVOKE_DEFAULT" if has_artist(context) else "EXEC_DEFAULT"
            return bpy.ops.wm.open_mainfile(how, filepath=str(path), display_file_selector=False)
        return open_outside(self, path)


class LINEBOIL_OT_make_sheet(ShotJob, bpy.types.Operator):
    """Make a contact sheet, a few frames of every stage, and show it"""

    bl_idname = "lineboil.make_sheet"
    bl_label = "Contact Sheet"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether there is something to show."""
        return reasons.can_work(cls, context) and reasons.is_analysed(cls, context)

    def command(self, context: Any) -> list[str]:
        """A few frames of every stage."""
        return ["sheet", str(self.root(context))]

    def finished(self, context: Any, scene: Any, task: Task) -> str:
        """Show it."""
        path = Path(str((task.result or {}).get("contact sheet", "")))
        if has_artist(context) and path.is_file():
            open_outside(self, path)
        return f"The contact sheet is {path}."


class LINEBOIL_OT_open_folder(bpy.types.Operator):
    """Show the shot's folder in your system's file browser"""

    bl_idname = "lineboil.open_folder"
    bl_label = "Open Folder"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether the scene has a shot."""
        return reasons.has_shot(cls, context)

    def execute(self, context: Any) -> set[str]:
        """Hand the folder to the system."""
        root = shots.shot_root(context.scene)
        return open_outside(self, root) if root is not None else {"CANCELLED"}


class LINEBOIL_OT_open_log(bpy.types.Operator):
    """Show what the worker's libraries printed, to find out or report what went wrong"""

    bl_idname = "lineboil.open_log"
    bl_label = "Open Log"
    bl_options = {"REGISTER"}

    which: EnumProperty(
        name="Log",
        items=[
            ("WORKER", "Worker", "What the worker printed"),
            ("ENVIRONMENT", "Environment", "What making the environment printed"),
        ],
        options={"SKIP_SAVE"},
    )

    def execute(self, context: Any) -> set[str]:
        """Hand the file to the system."""
        path = current.log if self.which == "WORKER" else current.environment_log
        if not path.is_file():
            self.report({"INFO"}, "There is no log: nothing was started yet")
            return {"CANCELLED"}
        return open_outside(self, path)


def open_outside(operator: Any, path: Path) -> set[str]:
    """Show a file or folder with the system's program for it."""
    try:
        return bpy.ops.wm.path_open(filepath=str(path))
    except RuntimeError as error:
        operator.report({"ERROR"}, f"{path} cannot be shown ({str(error).strip()})")
        return {"CANCELLED"}


CLASSES = (LINEBOIL_OT_open_result, LINEBOIL_OT_make_sheet, LINEBOIL_OT_open_folder, LINEBOIL_OT_open_log)
