# SPDX-License-Identifier: GPL-3.0-or-later
"""What was made, to look at."""

from __future__ import annotations

from typing import Any

import bpy

from ..addon import shots
from ..ops.preview import preview_image
from .stage import SidebarPanel

_PICTURE_ROWS = 10.0


class LINEBOIL_PT_results(SidebarPanel, bpy.types.Panel):
    """What was made, to look at."""

    bl_idname = "LINEBOIL_PT_results"
    bl_label = "Results"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with a shot."""
        return bool(shots.shot_text(context.scene))

    def draw(self, context: Any) -> None:
        """Films, contact sheet, log."""
        column = self.layout.column()
        column.operator("lineboil.open_result", text="Open Movie", icon="FILE_MOVIE").what = "MOVIE"
        column.operator("lineboil.open_result", text="Open Rendered Movie", icon="RENDER_ANIMATION").what = "RENDER"
        column.operator("lineboil.make_sheet", icon="IMAGE_DATA")
        column.operator("lineboil.open_log", icon="TEXT").which = "WORKER"
        column.operator("lineboil.free_memory", icon="MEMORY")
        image = preview_image()
        if image is not None:
            self.layout.label(text="Last Preview")
            self.layout.template_icon(icon_value=self.layout.icon(image), scale=_PICTURE_ROWS)


CLASSES = (LINEBOIL_PT_results,)
