# SPDX-License-Identifier: GPL-3.0-or-later
"""Models of diffusion: fetched and removed by name, chosen for the shot, and looked for in the artist's folders."""

import textwrap
from pathlib import Path
from typing import Any

import bpy
from bpy.props import FloatProperty, IntProperty, StringProperty

from ..addon import model_list
from ..addon.engine.errors import EngineError
from ..addon.engine.models import hub
from ..addon.redraw import redraw
from ..addon.session import current
from ..addon.session_task import Task
from . import reasons
from .beside import has_artist
from .job_step import JobStep

_OPTIONS = {"SKIP_SAVE"}
_DIALOG_WIDTH, _DIALOG_LETTERS = 420, 62
_STRONGEST = 4.0


class _ModelJob(JobStep):
    """A model fetched or removed, after the artist's yes."""

    _is_agreed = False

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether a worker can do it now."""
        return reasons.has_worker(cls) and reasons.is_free(cls, context)

    def start(self, context: Any) -> Task:
        """It belongs to no shot."""
        return current.start(self.title(context), self.command(context))

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Say first what it means."""
        if not has_artist(context) or self._is_agreed:
            return super().invoke(context, event)
        try:
            hub.find(self.name)  # type: ignore[attr-defined]
        except EngineError as error:
            return self._refuse(error)
        self._is_agreed = True
        return context.window_manager.invoke_props_dialog(self, width=_DIALOG_WIDTH)

    def execute(self, context: Any) -> set[str]:
        """After the yes beside the artist, else waiting for the end."""
        return super().invoke(context, None) if self._is_agreed and has_artist(context) else super().execute(context)

    def finished(self, context: Any, scene: Any, task: Task) -> str:
        """The list is another one now."""
        model_list.forget()
        redraw()
        return ""

    def draw(self, context: Any) -> None:
        """The dialog."""
        column = self.layout.column()  # type: ignore[attr-defined]
        for line in self.lines():
            for part in textwrap.wrap(line, _DIALOG_LETTERS):
                column.label(text=part, translate=False)

    def lines(self) -> list[str]:
        """What the dialog says."""
        raise NotImplementedError


class LINEBOIL_OT_get_model(_ModelJob, bpy.types.Operator):
    """Fetch this model, or what is missing of it. Stopped at any moment, it goes on the next time"""

    bl_idname = "lineboil.get_model"
    bl_label = "Get Model"

    name: StringProperty(name="Model", description="Its name, like sd15", options=_OPTIONS)

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether anything may be fetched."""
        return super().poll(context) and reasons.is_online(cls)

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        """What it is for."""
        found = next((item for item in model_list.catalogue("") if item.model.name == properties.name), None)
        return f"{found.model.doc} {cls.__doc__}" if found else str(cls.__doc__)

    def title(self, context: Any) -> str:
        """Names the model."""
        return f"Get {self.name}"

    def command(self, context: Any) -> list[str]:
        """The dialog has told the licence."""
        return ["models", "get", self.name, "--accept-licence"]

    def lines(self) -> list[str]:
        """Size, licence and place."""
        model = hub.find(self.name)
        licence = model.licence
        asked = f"Its licence, {licence.identifier}, forbids {licence.limits}. OK says that you have read and accept it"
        return [
            f"{model.doc} {hub.size_text(model.megabytes)} of {model.repository}.",
            f"{asked}: {licence.url}" if licence.limits else f"Licence: {licence.identifier}.",
            "It goes into the Hugging Face cache, which other programs share.",
        ]


class LINEBOIL_OT_remove_model(_ModelJob, bpy.types.Operator):
    """Take this model off the disk"""

    bl_idname = "lineboil.remove_model"
    bl_label = "Remove Model"

    name: StringProperty(name="Model", description="Its name, like sd15", options=_OPTIONS)

    def title(self, context: Any) -> str:
        """Names the model."""
        return f"Remove {self.name}"

    def command(self, context: Any) -> list[str]:
        """The dialog has asked."""
        return ["models", "remove", self.name, "--sure"]

    def lines(self) -> list[str]:
        """What goes."""
        return [f"{self.name} is taken off the disk.", "Other programs that use the same cache lose it too."]


class _Change:
    """A setting of the shot's diffusion model."""

    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether the shot's settings can be changed now."""
        return reasons.has_shot(cls, context) and reasons.is_free(cls, context)


class LINEBOIL_OT_choose_model(_Change, bpy.types.Operator):
    """Draw with this model"""

    bl_idname = "lineboil.choose_model"
    bl_label = "Choose Model"

    setting: StringProperty(name="Setting", description="model or vae", default="model", options=_OPTIONS)
    name: StringProperty(name="Model", description="Name or file; empty for the usual one", options=_OPTIONS)

    def execute(self, context: Any) -> set[str]:
        """Set it; a checkpoint brings its family."""
        settings = context.scene.lineboil.diffuse_settings
        setattr(settings, "vae" if self.setting == "vae" else "model", self.name)
        if self.setting != "vae":
            settings.family = "auto"
        redraw()
        return {"FINISHED"}


class LINEBOIL_OT_add_lora(_Change, bpy.types.Operator):
    """Bend the model by this LoRA"""

    bl_idname = "lineboil.add_lora"
    bl_label = "Add LoRA"

    name: StringProperty(name="LoRA", description="Name or file", options=_OPTIONS)

    def execute(self, context: Any) -> set[str]:
        """Put it behind the others."""
        settings = context.scene.lineboil.diffuse_settings
        items = [item for item in model_list.loras(settings.loras) if item[0] != self.name]
        settings.loras = model_list.loras_text([*items, (self.name, 1.0)])
        redraw()
        return {"FINISHED"}


class LINEBOIL_OT_weigh_lora(_Change, bpy.types.Operator):
    """How far this LoRA bends the model"""

    bl_idname = "lineboil.weigh_lora"
    bl_label = "Weight of a LoRA"

    index: IntProperty(name="Number", description="In the list, from 0", min=0, options=_OPTIONS)
    weight: FloatProperty(
        name="Weight", description="1 is as trained, below 0 the opposite", default=1.0, min=-_STRONGEST,
        max=_STRONGEST, options=_OPTIONS,
    )

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask for the weight."""
        items = model_list.loras(context.scene.lineboil.diffuse_settings.loras)
        if self.index < len(items):
            self.weight = items[self.index][1]
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: Any) -> set[str]:
        """Write the list anew."""
        return _with_lora(self, context, self.index, self.weight)


class LINEBOIL_OT_remove_lora(_Change, bpy.types.Operator):
    """Draw without this LoRA"""

    bl_idname = "lineboil.remove_lora"
    bl_label = "Remove LoRA"

    index: IntProperty(name="Number", description="In the list, from 0", min=0, options=_OPTIONS)

    def execute(self, context: Any) -> set[str]:
        """Write the list anew."""
        return _with_lora(self, context, self.index, None)


def _with_lora(operator: Any, context: Any, index: int, weight: float | None) -> set[str]:
    """Write the list of LoRAs with another weight for one of them, or without it."""
    settings = context.scene.lineboil.diffuse_settings
    items = model_list.loras(settings.loras)
    if index >= len(items):
        operator.report({"ERROR"}, "There is no such LoRA in the list.")
        return {"CANCELLED"}
    items[index : index + 1] = [] if weight is None else [(items[index][0], weight)]
    settings.loras = model_list.loras_text(items)
    redraw()
    return {"FINISHED"}


class LINEBOIL_OT_add_model_folder(bpy.types.Operator):
    """Look for your own models in the folder of A1111, Forge, ComfyUI, or any other. They are used where they lie"""

    bl_idname = "lineboil.add_model_folder"
    bl_label = "Add Folder of Models"
    bl_options = {"REGISTER", "INTERNAL"}

    directory: StringProperty(name="Folder", subtype="DIR_PATH", options=_OPTIONS)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask for the folder."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Any) -> set[str]:
        """Keep it for all shots."""
        try:
            count = model_list.add_folder(Path(bpy.path.abspath(self.directory)))
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())
            return {"CANCELLED"}
        redraw()
        self.report({"INFO"}, f"{count} usable models are in it.")
        return {"FINISHED"}


CLASSES = (
    LINEBOIL_OT_get_model, LINEBOIL_OT_remove_model, LINEBOIL_OT_choose_model, LINEBOIL_OT_add_lora,
    LINEBOIL_OT_weigh_lora, LINEBOIL_OT_remove_lora, LINEBOIL_OT_add_model_folder,
)
