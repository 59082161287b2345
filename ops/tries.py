# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the look: keys and grids drawn small, strips of variations, their history, regions drawn again."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import EnumProperty, IntProperty

from ..addon import property_paths, shots, try_list
from ..addon.engine.errors import EngineError, InputError
from ..addon.engine.tries import Tries
from ..addon.redraw import redraw
from ..addon.scene import mask_paint
from ..addon.session_task import Task
from . import reasons
from .job_step import ShotJob
from .preview import load, show

_OPTIONS = {"SKIP_SAVE"}
_NO_TRY = "Try a frame or a grid first"
_NOT_DIFFUSION = "Choose the engine Diffusion, or a look, first"
_WHAT = [
    ("FRAME", "Frame", "The key at or nearest to the scene's current frame"),
    ("GRID", "Grid", "The first grid of keys"),
    ("STRIP", "Variations", "The key in so many seeds and strengths, on one sheet"),
]


class LiveJob(ShotJob):
    """Work whose picture is seen while it comes."""

    _stamp = (0, 0)

    def _show(self, context: Any) -> None:
        super()._show(context)
        path = Path(self._running().preview or "none")
        try:
            stat = path.stat()
        except OSError:
            return
        if (stat.st_mtime_ns, hash(path)) != self._stamp:
            self._stamp = (stat.st_mtime_ns, hash(path))
            show(load(path))
            redraw()

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether a model can be asked now."""
        if not reasons.can_work(cls, context):
            return False
        is_diffusion = context.scene.lineboil.diffuse_settings.engine == "diffusion"
        return is_diffusion or reasons.refuse(cls, _NOT_DIFFUSION)

    def finished(self, context: Any, scene: Any, task: Task) -> str:
        """Show the picture, and the newest try among the others."""
        result = task.result or {}
        path = Path(str(result.get("picture", "")))
        if not path.is_file():
            raise InputError("the picture is not there", where=str(path))
        show(load(path))
        first = str(result.get("try") or result.get("tries", "0")).partition(",")[0]
        try_list.choose(int(first))
        return f"Try {result.get('try') or result.get('tries')} is kept."


class LINEBOIL_OT_try_look(LiveJob, bpy.types.Operator):
    """Draw it small and with few steps, and keep it among the tries. The shot stays as it is"""

    bl_idname = "lineboil.try_look"
    bl_label = "Try"
    bl_options = {"REGISTER", "INTERNAL"}

    what: EnumProperty(name="What", items=_WHAT, options=_OPTIONS)
    frame: IntProperty(
        name="Frame", description="The frame of the shot; 0 for the scene's current frame", default=0, min=0,
        options=_OPTIONS,
    )

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        """What would be drawn."""
        return next(text for name, _, text in _WHAT if name == properties.what) + ", small and quick"

    def title(self, context: Any) -> str:
        """Names what is tried."""
        return {"FRAME": "Try Frame", "GRID": "Try Grid", "STRIP": "Variations"}[self.what]

    def command(self, context: Any) -> list[str]:
        """A key, a grid or a strip."""
        asked = context.window_manager.lineboil_tries
        words = ["try", str(self.root(context)), "--size", f"{asked.size:.3g}"]
        if self.what == "GRID":
            return [*words, "--grid", "1"]
        words += ["--frame", str(self.frame or max(1, context.scene.frame_current))]
        if self.what == "STRIP":
            first = context.scene.lineboil.diffuse_settings.seed
            words += ["--seeds", ",".join(str(first + number) for number in range(asked.seeds))]
            words += ["--strengths", asked.strengths] if asked.strengths.strip() else []
        return words


class LINEBOIL_OT_redraw(LiveJob, bpy.types.Operator):
    """Draw this region of the redrawn key again, larger. The key is your own picture from then on"""

    bl_idname = "lineboil.redraw"
    bl_label = "Redraw Region"
    bl_options = {"REGISTER", "INTERNAL"}

    frame: IntProperty(
        name="Frame", description="The key; 0 for the scene's current frame", default=0, min=0, options=_OPTIONS
    )

    def command(self, context: Any) -> list[str]:
        """A part of a person, or a mask."""
        asked = context.window_manager.lineboil_tries
        root = self.root(context)
        words = ["redraw", str(root), "--frame", str(self.frame or max(1, context.scene.frame_current))]
        if asked.part != "mask":
            return [*words, "--part", asked.part]
        if not asked.mask:
            raise InputError("no mask is chosen", remedy="Choose the picture of the mask.")
        path = Path(property_paths.shot_text(asked.mask, root, bpy.data.filepath))
        path = path if path.is_absolute() else root / path
        mask_paint.finish(path)
        return [*words, "--mask", str(path)]


class _WithTry:
    """Something done with one try."""

    number: IntProperty(name="Try", description="Its number; 0 for the one that is chosen", default=0, options=_OPTIONS)

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether there is a try."""
        if not (reasons.has_shot(cls, context) and reasons.is_free(cls, context)):
            return False
        return bool(try_list.load(context.scene)) or reasons.refuse(cls, _NO_TRY)

    def wanted(self, context: Any) -> int:
        """The number of the try."""
        found = try_list.chosen(context)
        return self.number or (found.number if found else 0)

    def execute(self, context: Any) -> set[str]:
        """Do it and say so."""
        try:
            sentence = self.act(context, self.wanted(context))
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())  # type: ignore[attr-defined]
            return {"CANCELLED"}
        try_list.forget()
        redraw()
        self.report({"INFO"}, sentence)  # type: ignore[attr-defined]
        return {"FINISHED"}

    def act(self, context: Any, number: int) -> str:
        """What is done; returns the sentence that tells it."""
        raise NotImplementedError

    def history(self, context: Any) -> Tries:
        """The tries of the scene's shot."""
        root = shots.shot_root(context.scene)
        return Tries((root or Path()) / "state")


class LINEBOIL_OT_restore_try(_WithTry, bpy.types.Operator):
    """Give the shot the settings of this try: prompt, look, seed, controls, all of it. Ctrl Z takes it back"""

    bl_idname = "lineboil.restore_try"
    bl_label = "Restore"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    def act(self, context: Any, number: int) -> str:
        """Set and write the settings."""
        try_list.restore(context.scene, number)
        return f"The shot has the settings of try {number}."


class LINEBOIL_OT_keep_try(_WithTry, bpy.types.Operator):
    """Keep this try when old ones go, or no longer"""

    bl_idname = "lineboil.keep_try"
    bl_label = "Keep"
    bl_options = {"REGISTER", "INTERNAL"}

    def act(self, context: Any, number: int) -> str:
        """Mark it, or take the mark away."""
        history = self.history(context)
        item = history.keep(number, is_kept=not history.get(number).is_kept)
        return f"Try {number} is kept." if item.is_kept else f"Try {number} goes when there are too many."


class LINEBOIL_OT_remove_try(_WithTry, bpy.types.Operator):
    """Take this try away"""

    bl_idname = "lineboil.remove_try"
    bl_label = "Remove"
    bl_options = {"REGISTER", "INTERNAL"}

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask first."""
        return context.window_manager.invoke_confirm(self, event)

    def act(self, context: Any, number: int) -> str:
        """Remove its files."""
        self.history(context).remove(number)
        return f"Try {number} is removed."


class LINEBOIL_OT_show_try(_WithTry, bpy.types.Operator):
    """Show this try large, in any open image editor"""

    bl_idname = "lineboil.show_try"
    bl_label = "Show"
    bl_options = {"REGISTER", "INTERNAL"}

    def act(self, context: Any, number: int) -> str:
        """Load its picture."""
        history = self.history(context)
        history.get(number)
        is_shown = show(load(history.picture(number)))
        return f"Try {number} is shown in the image editor." if is_shown else "Open an image editor to see it large."


class LINEBOIL_OT_use_try(ShotJob, bpy.types.Operator):
    """Put this picture in the place of its key. It is your own picture from then on: later runs keep it"""

    bl_idname = "lineboil.use_try"
    bl_label = "Use as Key"
    bl_options = {"REGISTER", "INTERNAL"}

    number: IntProperty(name="Try", description="Its number; 0 for the one that is chosen", default=0, options=_OPTIONS)

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether there is a try."""
        if not reasons.can_work(cls, context):
            return False
        return bool(try_list.load(context.scene)) or reasons.refuse(cls, _NO_TRY)

    def command(self, context: Any) -> list[str]:
        """One try."""
        found = try_list.chosen(context)
        number = self.number or (found.number if found else 0)
        return ["tries", str(self.root(context)), "--use", str(number)]


CLASSES = (
    LINEBOIL_OT_try_look, LINEBOIL_OT_redraw, LINEBOIL_OT_restore_try, LINEBOIL_OT_keep_try, LINEBOIL_OT_remove_try,
    LINEBOIL_OT_show_try, LINEBOIL_OT_use_try,
)
