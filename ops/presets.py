# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets: settings under a name, applied to the scene's shot, kept and removed."""

from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ..addon import preset_list
from ..addon.engine.errors import EngineError
from ..addon.redraw import redraw
from . import reasons
from .stages import STAGE_ITEMS

_OPTIONS = {"SKIP_SAVE"}


class LINEBOIL_OT_apply_preset(bpy.types.Operator):
    """Give the shot the settings of this preset"""

    bl_idname = "lineboil.apply_preset"
    bl_label = "Apply Preset"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    name: StringProperty(name="Preset", description="Its name, or the path of its file", options=_OPTIONS)

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether the shot's settings can be changed now."""
        return reasons.has_shot(cls, context) and reasons.is_free(cls, context)

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        """What this preset is good for."""
        found = next((item for item in preset_list.load()[0] if item.identifier == properties.name), None)
        return found.doc if found is not None and found.doc else str(cls.__doc__)

    def execute(self, context: Any) -> set[str]:
        """Set and write its settings."""
        try:
            preset = preset_list.apply(context.scene, self.name)
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())
            return {"CANCELLED"}
        redraw()
        self.report({"INFO"}, f"{preset.name}: {len(preset.values)} settings.")
        return {"FINISHED"}


class LINEBOIL_OT_save_preset(bpy.types.Operator):
    """Keep the shot's settings under a name, for other shots. What belongs to this clip alone stays out"""

    bl_idname = "lineboil.save_preset"
    bl_label = "Save Preset"
    bl_options = {"REGISTER", "INTERNAL"}

    name: StringProperty(name="Name", options=_OPTIONS)
    stages: EnumProperty(
        name="Stages",
        description="The stages whose settings are kept",
        items=STAGE_ITEMS,
        options={"ENUM_FLAG", *_OPTIONS},
        default={name for name, _, _ in STAGE_ITEMS if name != "footage"},
    )
    replace: BoolProperty(
        name="Replace", description="Take the place of your preset of this name", default=False, options=_OPTIONS
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether there are settings to keep."""
        return reasons.has_shot(cls, context)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask for the name."""
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, context: Any) -> None:
        """The dialog."""
        self.layout.prop(self, "name")
        self.layout.column(align=True).prop(self, "stages")
        self.layout.prop(self, "replace")

    def execute(self, context: Any) -> set[str]:
        """Write its file."""
        try:
            preset = preset_list.save(context.scene, self.name, self.stages, replace=self.replace)
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())
            return {"CANCELLED"}
        self.report({"INFO"}, f"{preset.name} is kept in {preset.path}.")
        return {"FINISHED"}


class LINEBOIL_OT_remove_preset(bpy.types.Operator):
    """Take one of your own presets off the disk"""

    bl_idname = "lineboil.remove_preset"
    bl_label = "Remove Preset"
    bl_options = {"REGISTER", "INTERNAL"}

    name: StringProperty(name="Preset", description="Its file's name without .toml", options=_OPTIONS)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask first."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: Any) -> set[str]:
        """Remove its file."""
        try:
            preset_list.remove(self.name)
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())
            return {"CANCELLED"}
        redraw()
        return {"FINISHED"}


CLASSES = (LINEBOIL_OT_apply_preset, LINEBOIL_OT_save_preset, LINEBOIL_OT_remove_preset)
