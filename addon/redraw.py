# SPDX-License-Identifier: GPL-3.0-or-later
"""Has Blender draw again what shows our state."""

from __future__ import annotations

import bpy

_AREAS = {"VIEW_3D", "PREFERENCES"}


def redraw() -> None:
    """Every sidebar and the preferences are drawn again; call it only when something changed."""
    manager = bpy.context.window_manager
    if manager is None:
        return
    for window in manager.windows:
        for area in window.screen.areas:
            if area.type in _AREAS:
                for region in area.regions:
                    # The sidebar alone, not the picture beside it, which may take long to draw.
                    if region.type == "UI" or area.type == "PREFERENCES":
                        region.tag_redraw()


def redraw_images() -> None:
    """Every image editor is drawn again."""
    manager = bpy.context.window_manager
    for window in manager.windows if manager else ():
        for area in window.screen.areas:
            if area.type == "IMAGE_EDITOR":
                area.tag_redraw()
