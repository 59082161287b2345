# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the look: what is tried, what was tried, and what of a key is drawn again."""

from __future__ import annotations

from typing import Any

import bpy

from ..addon import properties, shots, text_lines, try_list
from ..addon.session import current
from ..ops.preview import preview_image
from .stage import SidebarPanel

_PICTURE_ROWS = 10.0
_POPUP_ROWS = 6.0
_VERBS = (("try",), ("redraw",))
_HAS_HINTS = "placeholder" in bpy.types.UILayout.bl_rna.functions["prop"].parameters
_STRENGTHS_HINT: dict[str, Any] = {"placeholder": "Strengths .4, .6"} if _HAS_HINTS else {}


class LINEBOIL_PT_tries(SidebarPanel, bpy.types.Panel):
    """Keys drawn small and quickly until the look is found."""

    bl_idname = "LINEBOIL_PT_tries"
    bl_parent_id = "LINEBOIL_PT_diffuse"
    bl_label = "Find the Look"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only where a model draws."""
        scene = context.scene
        return bool(shots.shot_text(scene)) and properties.group(scene, "diffuse").engine == "diffusion"

    def draw(self, context: Any) -> None:
        """What to try, the picture, what to do with it."""
        with current.timed("draw tries"):
            layout, asked = self.layout, context.window_manager.lineboil_tries
            row = layout.row(align=True)
            row.operator("lineboil.try_look", text="Try Frame", icon="IMAGE_DATA").what = "FRAME"
            row.operator("lineboil.try_look", text="Try Grid", icon="IMGDISPLAY").what = "GRID"
            layout.prop(asked, "size")
            column = layout.column(align=True)
            row = column.row(align=True)
            row.prop(asked, "seeds")
            row.prop(asked, "strengths", text="", **_STRENGTHS_HINT)
            column.operator("lineboil.try_look", text="Variations", icon="MESH_GRID").what = "STRIP"
            task = current.task
            if task is not None and task.command[:1] in _VERBS:
                self._draw_coming()
            else:
                self._draw_history(context)

    def _draw_coming(self) -> None:
        image = preview_image()
        self.layout.label(text="Coming…")
        icon = self.layout.icon(image) if image is not None else 0
        self.layout.template_icon(icon_value=icon, scale=_PICTURE_ROWS)

    def _draw_history(self, context: Any) -> None:
        layout = self.layout
        item = try_list.chosen(context)
        if item is None:
            layout.label(text="No tries yet.")
            return
        layout.template_icon_view(
            context.window_manager.lineboil_tries, "chosen", show_labels=True, scale=_PICTURE_ROWS,
            scale_popup=_POPUP_ROWS,
        )
        text_lines.draw(layout, item.title(), context)
        if item.note:
            text_lines.draw(layout, item.note, context)
        row = layout.row(align=True)
        row.operator("lineboil.restore_try", icon="LOOP_BACK")
        row.operator("lineboil.branch_try", icon="FILE_PARENT")
        row.operator("lineboil.use_try", text="Use", icon="CHECKMARK")
        row = layout.row(align=True)
        row.operator("lineboil.show_try", icon="ZOOM_IN")
        row.operator("lineboil.keep_try", icon="SOLO_ON" if item.is_kept else "SOLO_OFF", depress=item.is_kept)
        row.operator("lineboil.remove_try", text="", icon="TRASH")


class LINEBOIL_PT_redraw(SidebarPanel, bpy.types.Panel):
    """A region of a redrawn key, again."""

    bl_idname = "LINEBOIL_PT_redraw"
    bl_parent_id = "LINEBOIL_PT_diffuse"
    bl_label = "Redraw a Region"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only where a model draws."""
        return LINEBOIL_PT_tries.poll(context)

    def draw(self, context: Any) -> None:
        """What, and go."""
        with current.timed("draw redraw"):
            asked = context.window_manager.lineboil_tries
            column = self.layout.column()
            column.use_property_split = True
            column.use_property_decorate = False
            column.prop(asked, "part")
            if asked.part == "mask":
                column.prop(asked, "mask")
                self.layout.operator("lineboil.paint_mask", icon="TPAINT_HLT")
            self.layout.operator("lineboil.redraw", icon="BRUSH_DATA")


CLASSES = (LINEBOIL_PT_tries, LINEBOIL_PT_redraw)
