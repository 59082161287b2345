# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene's shot: made from a clip, opened, found again after it was moved, closed."""

import os
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty

from ..addon import mirror, shots
from ..addon.engine.errors import EngineError, InputError
from ..addon.engine.shot import FILE_NAME, Shot, resolve_path
from ..addon.redraw import redraw
from ..addon.session import current
from ..addon.session_task import Task
from . import reasons
from .beside import has_artist
from .job_step import JobStep

_MOST_SAME_NAMES = 1000


class LINEBOIL_OT_choose_clip(bpy.types.Operator):
    """Choose the filmed clip, a video or a folder of pictures, and make a shot of it for this scene"""

    bl_idname = "lineboil.choose_clip"
    bl_label = "Choose Clip"
    bl_options = {"REGISTER"}

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN"})
    filter_movie: BoolProperty(default=True, options={"HIDDEN"})
    filter_image: BoolProperty(default=True, options={"HIDDEN"})
    is_folder: BoolProperty(
        name="Folder of Pictures",
        description="Take the folder that is open with all its pictures in order, instead of one file",
        default=False,
        options={"SKIP_SAVE"},
    )
    folder: StringProperty(
        name="Shot Folder",
        description="Folder the shot is made in; beside the .blend, or beside the clip, when not given",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether a shot can be made now."""
        return reasons.is_own(cls, context) and reasons.has_worker(cls) and reasons.is_free(cls, context)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Show the file browser."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def draw(self, context: Any) -> None:
        """What can be chosen beside the file."""
        self.layout.prop(self, "is_folder")
        self.layout.prop(self, "folder")

    def execute(self, context: Any) -> set[str]:
        """Make the shot, beside the artist where there is one."""
        how = "INVOKE_DEFAULT" if has_artist(context) else "EXEC_DEFAULT"
        clip = Path(bpy.path.abspath(self.filepath or self.directory))
        if self.is_folder:
            clip = Path(bpy.path.abspath(self.directory)) if self.directory else clip.parent
        try:
            return bpy.ops.lineboil.new_shot(how, footage=str(clip), folder=self.folder)
        except RuntimeError as error:
            # What an operator called from here refuses for comes as an exception, with the place in Blender's code.
            self.report({"ERROR"}, str(error).removeprefix("Error: ").partition("\nLocation:")[0].strip())
            return {"CANCELLED"}


class LINEBOIL_OT_new_shot(JobStep, bpy.types.Operator):
    """Make a shot of a clip for this scene; the clip is looked at first"""

    bl_idname = "lineboil.new_shot"
    bl_label = "New Shot"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    footage: StringProperty(
        name="Clip", description="A video, or a folder of pictures", subtype="FILE_PATH", options={"SKIP_SAVE"}
    )
    folder: StringProperty(
        name="Shot Folder",
        description="New folder for the shot; beside the .blend, or beside the clip, when not given",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
    )

    poll = LINEBOIL_OT_choose_clip.__dict__["poll"]

    def start(self, context: Any) -> Task:
        """Have the worker look at the clip and make the folder."""
        write_pending(context.scene)
        return current.start(self.bl_label, self.command(context))

    def command(self, context: Any) -> list[str]:
        """Make a folder for a clip."""
        clip = Path(bpy.path.abspath(self.footage)).resolve()
        if not self.footage or not clip.exists():
            raise InputError("there is no such clip", where=str(clip) if self.footage else "", remedy="Choose a clip.")
        root = Path(bpy.path.abspath(self.folder)).resolve() if self.folder else shot_folder(clip)
        return ["new", str(root), "--footage", str(clip)]

    def finished(self, context: Any, scene: Any, task: Task) -> str:
        """Give the shot to the scene."""
        root = Path((task.result or {})["shot"])
        take_over(scene, root)
        return f"The shot is in {root}."


class ChoosesShot:
    """A file browser for a shot folder."""

    bl_options = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN"})
    filter_glob: StringProperty(default=FILE_NAME, options={"HIDDEN"})

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Show the file browser, where the shot was or beside the .blend."""
        root = shots.shot_root(context.scene)
        if root is not None:
            self.filepath = str(_nearest(root) / FILE_NAME)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Any) -> set[str]:
        """Take the shot over when it can be read."""
        try:
            root = chosen_root(self.filepath, self.directory)
            take_over(context.scene, root)
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())  # type: ignore[attr-defined]
            return {"CANCELLED"}
        self.report({"INFO"}, f"The shot is {root}.")  # type: ignore[attr-defined]
        return {"FINISHED"}


class LINEBOIL_OT_open_shot(ChoosesShot, bpy.types.Operator):
    """Use a shot that is there already for this scene"""

    bl_idname = "lineboil.open_shot"
    bl_label = "Open Shot"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether another shot can be taken now."""
        return reasons.is_own(cls, context) and reasons.is_free(cls, context)


class LINEBOIL_OT_relink_shot(ChoosesShot, bpy.types.Operator):
    """Find the shot's folder again after it was moved or renamed"""

    bl_idname = "lineboil.relink_shot"
    bl_label = "Relink Shot"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether there is a shot to find."""
        if shots.shot_root(context.scene) is None:
            return reasons.refuse(cls, "This scene has no shot: choose a clip or open a shot")
        return reasons.is_own(cls, context) and reasons.is_free(cls, context)


class LINEBOIL_OT_close_shot(bpy.types.Operator):
    """Take the shot from this scene. Its folder and what was built stay as they are"""

    bl_idname = "lineboil.close_shot"
    bl_label = "Close Shot"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether there is a shot to close."""
        if shots.shot_root(context.scene) is None:
            return reasons.refuse(cls, "This scene has no shot")
        return reasons.is_own(cls, context) and reasons.is_free(cls, context)

    def execute(self, context: Any) -> set[str]:
        """Forget the shot."""
        root = shots.shot_root(context.scene)
        try:
            write_pending(context.scene)
        except EngineError as error:
            self.report({"WARNING"}, error.sentence())
        shots.set_shot(context.scene, None)
        current.forget(root)
        redraw()
        return {"FINISHED"}


class LINEBOIL_OT_refresh(bpy.types.Operator):
    """Look at the shot's folder again"""

    bl_idname = "lineboil.refresh"
    bl_label = "Look Again"
    bl_options = {"REGISTER", "INTERNAL"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether there is a shot to look at."""
        return shots.shot_root(context.scene) is not None or reasons.refuse(cls, "This scene has no shot")

    def execute(self, context: Any) -> set[str]:
        """Read settings and states anew."""
        root = shots.shot_root(context.scene)
        mirror.poll(context.scene)
        if root is not None:
            current.renew(root)
        redraw()
        return {"FINISHED"}


def take_over(scene: Any, root: Path) -> None:
    """Make a shot the scene's own.

    Raises:
        EngineError: It cannot be read; the scene keeps the one it has.
    """
    Shot(root)
    write_pending(scene)
    shots.set_shot(scene, root)
    current.renew(shots.shot_root(scene) or root)
    redraw()


def write_pending(scene: Any) -> None:
    """Write the settings typed last into the shot that the scene has now, where that can be used at all.

    Raises:
        EngineError: They cannot be written.
    """
    if shots.shot_problem(scene) is None:
        mirror.flush(scene)


def chosen_root(filepath: str, directory: str) -> Path:
    """The shot folder that was chosen in the file browser: its shot.toml, a folder, or any file in it."""
    path = Path(bpy.path.abspath(filepath or directory))
    places = (path, path.parent) if path.name else (path,)
    found = next((place for place in places if (place / FILE_NAME).is_file()), None)
    if found is None:
        raise InputError(
            f"there is no shot here (no {FILE_NAME})", where=str(path), remedy=f"Choose the {FILE_NAME} of a shot."
        )
    return found.resolve()


def shot_folder(clip: Path) -> Path:
    """Where the shot of a clip goes when nothing was chosen: beside the .blend, else beside the clip.

    Raises:
        InputError: There is a shot of this very clip already.
    """
    place = Path(bpy.data.filepath).parent if bpy.data.filepath else clip.parent
    for number in range(1, _MOST_SAME_NAMES):
        root = place / (f"{clip.stem}_shot" if number == 1 else f"{clip.stem}_shot{number}")
        if not root.exists():
            return root
        if _is_of_clip(root, clip):
            raise InputError(
                "there is a shot of this clip already",
                where=str(root),
                remedy="Open it, or choose another shot folder.",
            )
    raise InputError("there are too many shots of this name", where=str(place), remedy="Choose a shot folder.")


def _is_of_clip(root: Path, clip: Path) -> bool:
    try:
        source: str = Shot(root).settings["footage"].source
        return bool(source) and os.path.samefile(resolve_path(source, root), clip)
    except (EngineError, OSError):
        return False


def _nearest(path: Path) -> Path:
    return next((place for place in (path, *path.parents) if place.is_dir()), path)


CLASSES = (
    LINEBOIL_OT_choose_clip, LINEBOIL_OT_new_shot, LINEBOIL_OT_open_shot, LINEBOIL_OT_relink_shot,
    LINEBOIL_OT_close_shot, LINEBOIL_OT_refresh,
)
