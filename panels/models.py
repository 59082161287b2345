# SPDX-License-Identifier: GPL-3.0-or-later
"""The models a shot is drawn with: chosen from what is there, and what is missing fetched."""

from __future__ import annotations

from typing import Any

import bpy

from ..addon import model_list, properties
from ..addon.engine.models import hub
from ..addon.session import current
from .stage import SidebarPanel
from .tries import LINEBOIL_PT_tries

_FAMILIES = {"sd15": "Stable Diffusion 1.5", "sdxl": "SDXL", "zimage": "Z-Image"}


class LINEBOIL_MT_checkpoints(bpy.types.Menu):
    """Checkpoints that can be drawn with."""

    bl_label = "Checkpoint"
    bl_idname = "LINEBOIL_MT_checkpoints"

    def draw(self, context: Any) -> None:
        """Your own, and those known by name."""
        _choices(self.layout, "checkpoint", "", "lineboil.choose_model", "model")


class LINEBOIL_MT_vaes(bpy.types.Menu):
    """VAEs of the family."""

    bl_label = "VAE"
    bl_idname = "LINEBOIL_MT_vaes"

    def draw(self, context: Any) -> None:
        """The checkpoint's own, yours, and those known by name."""
        shown = self.layout.operator("lineboil.choose_model", text="The Checkpoint's Own")
        shown.setting, shown.name = "vae", ""
        family = model_list.family_of(properties.group(context.scene, "diffuse"))
        _choices(self.layout, "vae", family, "lineboil.choose_model", "vae")


class LINEBOIL_MT_loras(bpy.types.Menu):
    """LoRAs of the family."""

    bl_label = "Add LoRA"
    bl_idname = "LINEBOIL_MT_loras"

    def draw(self, context: Any) -> None:
        """Yours, and those known by name."""
        family = model_list.family_of(properties.group(context.scene, "diffuse"))
        _choices(self.layout, "lora", family, "lineboil.add_lora")


class LINEBOIL_MT_all_models(bpy.types.Menu):
    """Every model known by name that goes with the family."""

    bl_label = "All Models"
    bl_idname = "LINEBOIL_MT_all_models"

    def draw(self, context: Any) -> None:
        """What is there can be removed, what is not can be fetched."""
        family = model_list.family_of(properties.group(context.scene, "diffuse"))
        for item in model_list.catalogue(family):
            is_here = item.state == "installed"
            size = hub.size_text(item.model.megabytes)
            kind, icon = ("lineboil.remove_model", "TRASH") if is_here else ("lineboil.get_model", "IMPORT")
            self.layout.operator(kind, text=f"{item.model.name}  {size}", icon=icon, translate=False).name = (
                item.model.name
            )


def _choices(layout: Any, kind: str, family: str, operator: str, setting: str = "") -> None:
    found = model_list.choices(kind, family)
    for choice in found:
        icon = "CHECKMARK" if choice.is_here else "IMPORT"
        shown = layout.operator(operator, text=choice.label, icon=icon, translate=False)
        shown.name = choice.name
        if setting:
            shown.setting = setting
    if not found:
        layout.label(text="None was found")


class LINEBOIL_PT_models(SidebarPanel, bpy.types.Panel):
    """What the keys are drawn with."""

    bl_idname = "LINEBOIL_PT_models"
    bl_parent_id = "LINEBOIL_PT_diffuse"
    bl_label = "Models"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only where a model draws."""
        return LINEBOIL_PT_tries.poll(context)

    def draw(self, context: Any) -> None:
        """The choice, what is missing, and where more is looked for."""
        with current.timed("draw models"):
            settings = properties.group(context.scene, "diffuse")
            self._draw_choice(settings)
            self._draw_loras(settings)
            self._draw_lacking(settings, properties.group(context.scene, "controls"))
            column = self.layout.column(align=True)
            column.menu(LINEBOIL_MT_all_models.bl_idname, icon="PRESET")
            column.operator("lineboil.add_model_folder", text="Add Folder…", icon="FILE_FOLDER")
            count = len(model_list.folders())
            column.label(text=f"Your own are looked for in {count} folder{'' if count == 1 else 's'}.")

    def _draw_choice(self, settings: Any) -> None:
        family = model_list.family_of(settings)
        column = self.layout.column(align=True)
        column.label(text=_FAMILIES.get(family, family), translate=False)
        column.menu(LINEBOIL_MT_checkpoints.bl_idname, text=model_list.short(settings.model) or family, icon="FILE_3D")
        column.menu(LINEBOIL_MT_vaes.bl_idname, text=model_list.short(settings.vae) or "VAE of the Checkpoint")

    def _draw_loras(self, settings: Any) -> None:
        column = self.layout.column(align=True)
        for index, (name, weight) in enumerate(model_list.loras(settings.loras)):
            row = column.row(align=True)
            row.label(text=model_list.short(name), translate=False)
            row.operator("lineboil.weigh_lora", text=f"{weight:g}", translate=False).index = index
            row.operator("lineboil.remove_lora", text="", icon="X").index = index
        column.menu(LINEBOIL_MT_loras.bl_idname, icon="ADD")

    def _draw_lacking(self, settings: Any, controls: Any) -> None:
        missing = model_list.lacking(settings, controls)
        if not missing:
            return
        box = self.layout.box().column(align=True)
        box.label(text="Missing:", icon="INFO")
        for item in missing:
            text = f"Get {item.model.name}  {hub.size_text(item.model.megabytes)}"
            box.operator("lineboil.get_model", text=text, icon="IMPORT", translate=False).name = item.model.name


CLASSES = (
    LINEBOIL_MT_checkpoints, LINEBOIL_MT_vaes, LINEBOIL_MT_loras, LINEBOIL_MT_all_models, LINEBOIL_PT_models,
)
