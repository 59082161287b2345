# SPDX-License-Identifier: GPL-3.0-or-later
"""Control pictures of a key: opened to be painted over, and given back to the program."""

from typing import Any

import bpy
from bpy.props import IntProperty, StringProperty

from ..addon import control_list
from ..addon.engine.errors import EngineError, MissingError
from ..addon.redraw import redraw
from ..addon.session_task import Task
from ..addon.shelf_list import root_of
from . import reasons
from .job_step import ShotJob
from .preview import paint_mode, show

_OPTIONS = {"SKIP_SAVE"}
_MARK = "lineboil_control"


class LINEBOIL_OT_open_control(bpy.types.Operator):
    """Open this control picture in the image editor. Painted over and saved there, it is your own and stays"""

    bl_idname = "lineboil.open_control"
    bl_label = "Open Control"
    bl_options = {"REGISTER", "INTERNAL"}

    kind: StringProperty(name="Kind", description="Like lineart", options=_OPTIONS)
    frame: IntProperty(name="Frame", description="The key, from 1", min=1, default=1, options=_OPTIONS)

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether there is a shot."""
        return reasons.has_shot(cls, context)

    def execute(self, context: Any) -> set[str]:
        """Show it, ready to paint."""
        try:
            image = self._image(root_of(context.scene))
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())
            return {"CANCELLED"}
        is_shown = show(image) and paint_mode(image)
        where = "is in the image editor" if is_shown else f'is the image "{image.name}"; open an image editor'
        self.report({"INFO"}, f"The {self.kind} of frame {self.frame} {where}. Saved there (Alt S) it counts.")
        return {"FINISHED"}

    def _image(self, root: Any) -> Any:
        path = control_list.picture(root, self.kind, self.frame)
        if not path.is_file():
            raise MissingError("this control is not made yet", where=str(path), remedy="Run the controls stage.")
        image = next((item for item in bpy.data.images if item.get(_MARK) == str(path)), None)
        if image is None:
            image = bpy.data.images.load(str(path))
            image[_MARK] = str(path)
            image.name = f"{self.kind} {self.frame}"
        elif not image.is_dirty:
            image.reload()
        return image


class LINEBOIL_OT_reset_control(ShotJob, bpy.types.Operator):
    """Lay your own picture aside (state/replaced) and have it made by the program again"""

    bl_idname = "lineboil.reset_control"
    bl_label = "Make Control Again"
    bl_options = {"REGISTER", "INTERNAL"}

    kind: StringProperty(name="Kind", description="Like lineart", options=_OPTIONS)
    frame: IntProperty(name="Frame", description="The key, from 1", min=1, default=1, options=_OPTIONS)

    def command(self, context: Any) -> list[str]:
        """One picture."""
        frames = f"{self.frame}-{self.frame}"
        return ["controls", str(self.root(context)), "--force", "--frames", frames, "--kinds", self.kind]

    def finished(self, context: Any, scene: Any, task: Task) -> str:
        """What is open shows the new picture."""
        path = str(control_list.picture(root_of(scene), self.kind, self.frame))
        for image in bpy.data.images:
            if image.get(_MARK) == path:
                image.reload()
        control_list.forget()
        redraw()
        return f"The {self.kind} of frame {self.frame} is the program's again."


CLASSES = (LINEBOIL_OT_open_control, LINEBOIL_OT_reset_control)
