# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks: how keys are drawn, applied to the scene's shot, kept, taken over from a file and removed."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty

from ..addon import look_list
from ..addon.engine.errors import EngineError
from ..addon.redraw import redraw
from . import reasons

_OPTIONS = {"SKIP_SAVE"}


class LINEBOIL_OT_apply_look(bpy.types.Operator):
    """Draw the keys in this look. Your prompt stays"""

    bl_idname = "lineboil.apply_look"
    bl_label = "Apply Look"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    name: StringProperty(name="Look", description="Its name, or the path of its file", options=_OPTIONS)

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether the shot's settings can be changed now."""
        return reasons.has_shot(cls, context) and reasons.is_free(cls, context)

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        """What this look is good for."""
        found = next((item for item in look_list.load()[0] if item.identifier == properties.name), None)
        return found.doc.removesuffix(".") if found is not None and found.doc else str(cls.__doc__)

    def execute(self, context: Any) -> set[str]:
        """Set and write its settings."""
        try:
            look = look_list.apply(context.scene, self.name)
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())
            return {"CANCELLED"}
        redraw()
        self.report({"INFO"}, f"The keys are drawn in the look {look.name}.")
        return {"FINISHED"}


class LINEBOIL_OT_save_look(bpy.types.Operator):
    """Keep how the keys are drawn under a name, for other shots. The prompt stays with this shot"""

    bl_idname = "lineboil.save_look"
    bl_label = "Save Look"
    bl_options = {"REGISTER", "INTERNAL"}

    name: StringProperty(name="Name", options=_OPTIONS)
    replace: BoolProperty(
        name="Replace", description="Take the place of your look of this name", default=False, options=_OPTIONS
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether there are settings to keep."""
        return reasons.has_shot(cls, context)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask for the name."""
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: Any) -> set[str]:
        """Write its file."""
        try:
            look = look_list.save(context.scene, self.name, replace=self.replace)
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())
            return {"CANCELLED"}
        self.report({"INFO"}, f"{look.name} is kept in {look.path}.")
        return {"FINISHED"}


class LINEBOIL_OT_add_look(bpy.types.Operator):
    """Take over a look that somebody gave you, from its file"""

    bl_idname = "lineboil.add_look"
    bl_label = "Add Look from File"
    bl_options = {"REGISTER", "INTERNAL"}

    filepath: StringProperty(name="File", subtype="FILE_PATH", options=_OPTIONS)
    filter_glob: StringProperty(default="*.toml", options={"HIDDEN"})

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask for the file."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Any) -> set[str]:
        """Check and copy it."""
        try:
            look = look_list.add(Path(self.filepath))
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())
            return {"CANCELLED"}
        redraw()
        self.report({"INFO"}, f"{look.name} is among your looks.")
        return {"FINISHED"}


class LINEBOIL_OT_remove_look(bpy.types.Operator):
    """Take one of your own looks off the disk"""

    bl_idname = "lineboil.remove_look"
    bl_label = "Remove Look"
    bl_options = {"REGISTER", "INTERNAL"}

    name: StringProperty(name="Look", description="Its file's name without .toml", options=_OPTIONS)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask first."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: Any) -> set[str]:
        """Remove its file."""
        try:
            look_list.remove(self.name)
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())
            return {"CANCELLED"}
        redraw()
        return {"FINISHED"}


CLASSES = (LINEBOIL_OT_apply_look, LINEBOIL_OT_save_look, LINEBOIL_OT_add_look, LINEBOIL_OT_remove_look)
