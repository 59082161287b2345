# SPDX-License-Identifier: GPL-3.0-or-later
"""The menu of looks."""

from __future__ import annotations

from typing import Any

import bpy

from ..addon import look_list

_MOST_PROBLEMS = 3


class LINEBOIL_MT_looks(bpy.types.Menu):
    """How keys are drawn, under a name."""

    bl_label = "Looks"
    bl_idname = "LINEBOIL_MT_looks"

    def draw(self, context: Any) -> None:
        """Those that come along, the artist's own, and what can be done with them."""
        layout = self.layout
        found, problems = look_list.load()
        for is_own in (False, True):
            group = [look for look in found if look.is_own == is_own]
            if group and is_own:
                layout.separator()
            for look in group:
                layout.operator("lineboil.apply_look", text=look.name).name = look.identifier
        for problem in problems[:_MOST_PROBLEMS]:
            layout.label(text=problem.sentence(), icon="ERROR", translate=False)
        layout.separator()
        layout.operator("lineboil.save_look", text="Save Look…", icon="ADD")
        layout.operator("lineboil.add_look", text="Add from File…", icon="FILE_FOLDER")
        if any(look.is_own for look in found):
            layout.menu(LINEBOIL_MT_own_looks.bl_idname, icon="REMOVE")


class LINEBOIL_MT_own_looks(bpy.types.Menu):
    """The artist's own looks, to take one away."""

    bl_label = "Remove Look"
    bl_idname = "LINEBOIL_MT_own_looks"

    def draw(self, context: Any) -> None:
        """One a line."""
        for look in look_list.load()[0]:
            if look.is_own:
                self.layout.operator("lineboil.remove_look", text=look.name).name = look.identifier


CLASSES = (LINEBOIL_MT_own_looks, LINEBOIL_MT_looks)
