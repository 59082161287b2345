# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panels of all stages share: state in the header, the few main settings, the rest in a closed panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import bpy

from ..addon import properties, shots, text_lines
from ..addon.engine.schema.registry import BY_NAME
from ..addon.engine.settings import fields_of
from ..addon.session import current
from . import standing

CATEGORY = "Lineboil"
Chosen = Callable[[Any], tuple[str, ...]]
# Found out once: it takes longer than drawing them.
_NAMES = {name: tuple(field.name for field in fields_of(spec.settings)) for name, spec in BY_NAME.items()}


class SidebarPanel:
    """A panel in the tab of the sidebar."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = CATEGORY

    if TYPE_CHECKING:
        layout: Any


class StagePanel(SidebarPanel):
    """The panel of one stage. Subclasses give `stage` and `chosen`."""

    bl_options = {"DEFAULT_CLOSED"}
    stage = ""
    chosen: Chosen

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with a shot."""
        return bool(shots.shot_text(context.scene))

    def draw_header(self, context: Any) -> None:
        """How the stage stands, seen also while the panel is closed."""
        view = standing.view_of(context, self.stage)
        self.layout.label(text="", icon=standing.ICONS[view.standing])

    def draw_header_preset(self, context: Any) -> None:
        """The buttons that make it, at hand while the panel is closed."""
        row = self.layout.row(align=True)
        row.emboss = "NONE"
        self.draw_buttons(row)
        row.separator()

    def draw_buttons(self, row: Any) -> None:
        """Look at one frame; make everything up to here."""
        row.operator("lineboil.preview", text="", icon="HIDE_OFF").stage = self.stage
        row.operator("lineboil.run_until", text="", icon="PLAY").stage = self.stage

    def draw(self, context: Any) -> None:
        """State, and the settings that matter most for the engine that is chosen."""
        with current.timed(f"draw {self.stage}"):
            layout = self.layout
            view = standing.view_of(context, self.stage)
            text_lines.draw(layout, standing.words(view), context)
            self.draw_choice(layout)
            settings = properties.group(context.scene, self.stage)
            draw_settings(layout, settings, type(self).chosen(settings))
            self.draw_work(layout)

    def draw_choice(self, layout: Any) -> None:
        """What chooses many settings at once; most stages have nothing."""

    def draw_work(self, layout: Any) -> None:
        """The same buttons with their names, below what was just changed."""
        row = layout.row(align=True)
        row.operator("lineboil.run_until", icon="PLAY").stage = self.stage
        row.operator("lineboil.preview", text="Preview", icon="HIDE_OFF").stage = self.stage


class MorePanel(SidebarPanel):
    """The settings of a stage that its own panel does not show now."""

    bl_label = "More Settings"
    bl_options = {"DEFAULT_CLOSED"}
    stage = ""
    chosen: Chosen

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only when there are others."""
        return bool(rest(cls.stage, cls.chosen(properties.group(context.scene, cls.stage))))

    def draw(self, context: Any) -> None:
        """All others, in the order of `shot.toml`."""
        with current.timed(f"draw {self.stage}"):
            settings = properties.group(context.scene, self.stage)
            draw_settings(self.layout, settings, rest(self.stage, type(self).chosen(settings)))


def rest(stage: str, shown: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the settings of a stage that are not among those shown."""
    return tuple(name for name in _NAMES[stage] if name not in shown)


def draw_settings(layout: Any, settings: Any, names: tuple[str, ...]) -> None:
    """Settings one below the other, their names on the left."""
    column = layout.column()
    column.use_property_split = True
    column.use_property_decorate = False
    for name in names:
        column.prop(settings, name)


def stage_classes(stage: str, chosen: Chosen, panel: type[StagePanel] = StagePanel) -> tuple[type, ...]:
    """The two panels of a stage: its own, and the one inside with the rest of the settings.

    Args:
        stage: Its name.
        chosen: From the settings to the names of those that the panel itself shows.
        panel: For stages whose buttons are others.
    """
    own = f"LINEBOIL_PT_{stage}"
    about = {"stage": stage, "chosen": staticmethod(chosen), "__doc__": BY_NAME[stage].doc, "__module__": __name__}
    main = type(own, (panel, bpy.types.Panel), {"bl_label": stage.capitalize(), "bl_idname": own, **about})
    more = type(
        f"{own}_more", (MorePanel, bpy.types.Panel), {"bl_parent_id": own, "bl_idname": f"{own}_more", **about}
    )
    return main, more
