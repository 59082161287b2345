# SPDX-License-Identifier: GPL-3.0-or-later
"""The menu of presets."""

from __future__ import annotations

from typing import Any

import bpy

from ..addon import preset_list

_MOST_PROBLEMS = 3


class LINEBOIL_MT_presets(bpy.types.Menu):
    """Settings of several stages under one name."""

    bl_label = "Presets"
    bl_idname = "LINEBOIL_MT_presets"

    def draw(self, context: Any) -> None:
        """Those that come along, the artist's own, and what can be done with them."""
        layout = self.layout
        found, problems = preset_list.load()
        for is_own in (False, True):
            group = [preset for preset in found if preset.is_own == is_own]
            if group and is_own:
                layout.separator()
            for preset in group:
                layout.operator("lineboil.apply_preset", text=preset.name).name = preset.identifier
        for problem in problems[:_MOST_PROBLEMS]:
            layout.label(text=problem.sentence(), icon="ERROR", translate=False)
        layout.separator()
        layout.operator("lineboil.save_preset", text="Save Preset…", icon="ADD")
        if any(preset.is_own for preset in found):
            layout.menu(LINEBOIL_MT_own_presets.bl_idname, icon="REMOVE")


class LINEBOIL_MT_own_presets(bpy.types.Menu):
    """The artist's own presets, to take one away."""

    bl_label = "Remove Preset"
    bl_idname = "LINEBOIL_MT_own_presets"

    def draw(self, context: Any) -> None:
        """One a line."""
        for preset in preset_list.load()[0]:
            if preset.is_own:
                self.layout.operator("lineboil.remove_preset", text=preset.name).name = preset.identifier


CLASSES = (LINEBOIL_MT_own_presets, LINEBOIL_MT_presets)
