# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the look, more closely: a try branched from another, a mask painted over a key, words of one key."""

from typing import Any

import bpy
from bpy.props import BoolProperty, FloatProperty, IntProperty, StringProperty

from ..addon import key_words, shots, try_list
from ..addon.engine.errors import EngineError, InputError
from ..addon.engine.tries import Tries
from ..addon.redraw import redraw
from ..addon.scene import mask_paint
from ..addon.shelf_list import root_of
from . import reasons
from .beside import has_artist
from .preview import paint_mode, show
from .tries import LiveJob

_OPTIONS = {"SKIP_SAVE"}
_DIALOG_WIDTH = 420
_NO_KEYS = "Run the keys stage first"
_NO_TRY = "Try a frame or a grid first"
_MOST_SEED = 2**31 - 1


class LINEBOIL_OT_branch_try(LiveJob, bpy.types.Operator):
    """Try this picture again with its own settings and other words, seed or strength. The shot stays as it is"""

    bl_idname = "lineboil.branch_try"
    bl_label = "Branch"
    bl_options = {"REGISTER", "INTERNAL"}

    number: IntProperty(name="Try", description="Its number; 0 for the one that is chosen", default=0, options=_OPTIONS)
    prompt: StringProperty(name="Prompt", description="What it shows", options=_OPTIONS)
    seed: IntProperty(name="Seed", description="Another seed, another picture", min=0, max=_MOST_SEED, options=_OPTIONS)
    strength: FloatProperty(
        name="Strength", description="How far it goes from the footage", min=0.01, max=1.0, default=0.5,
        subtype="FACTOR", options=_OPTIONS,
    )

    _is_asked = False

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether there is a try, and a model to ask."""
        return super().poll(context) and (bool(try_list.load(context.scene)) or reasons.refuse(cls, _NO_TRY))

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask what is to be different."""
        if self._is_asked or not has_artist(context):
            return super().invoke(context, event)
        try:
            own = Tries(root_of(context.scene) / "state").get(self._number(context)).settings.get("diffuse", {})
        except EngineError as error:
            return self._refuse(error)
        self.prompt, self.seed = str(own.get("prompt", "")), min(int(own.get("seed", 0)), _MOST_SEED)
        self.strength = float(own.get("strength", 0.5))
        self._is_asked = True
        return context.window_manager.invoke_props_dialog(self, width=_DIALOG_WIDTH)

    def execute(self, context: Any) -> set[str]:
        """After the dialog beside the artist, else waiting for the end."""
        return super().invoke(context, None) if self._is_asked and has_artist(context) else super().execute(context)

    def draw(self, context: Any) -> None:
        """The dialog."""
        column = self.layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        for name in ("prompt", "seed", "strength"):
            column.prop(self, name)

    def title(self, context: Any) -> str:
        """Names the try."""
        return f"Branch of Try {self._number(context)}"

    def command(self, context: Any) -> list[str]:
        """What the try showed, with its settings and those that were asked for; from a script only those it names."""
        root, number = self.root(context), self._number(context)
        item = Tries(root / "state").get(number)
        words = ["try", str(root), "--from", str(number)]
        words += ["--size", f"{context.window_manager.lineboil_tries.size:.3g}"]
        words += ["--grid", "1"] if item.what == "grid" else ["--frame", str(item.frames[0])]
        given = {"prompt": f'"{self.prompt}"', "seed": str(self.seed), "strength": f"{self.strength:.4g}"}
        names = [name for name in given if self._is_asked or self.properties.is_property_set(name)]
        return [*words, *(f"diffuse.{name}={given[name]}" for name in names)]

    def _number(self, context: Any) -> int:
        found = try_list.chosen(context)
        return self.number or (found.number if found else 0)


class LINEBOIL_OT_paint_mask(bpy.types.Operator):
    """Open the redrawn key in the image editor: paint in any colour over what is to be drawn again"""

    bl_idname = "lineboil.paint_mask"
    bl_label = "Paint Mask"
    bl_options = {"REGISTER", "INTERNAL"}

    frame: IntProperty(
        name="Frame", description="The key; 0 for the one nearest to the scene's frame", default=0, min=0,
        options=_OPTIONS,
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether there is a shot."""
        return reasons.has_shot(cls, context)

    def execute(self, context: Any) -> set[str]:
        """Show it, ready to paint, and choose the mask that comes of it."""
        try:
            root = root_of(context.scene)
            frame = mask_paint.nearest_key(root, self.frame or context.scene.frame_current)
            image = mask_paint.begin(root, frame)
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())
            return {"CANCELLED"}
        asked = context.window_manager.lineboil_tries
        asked.part, asked.mask = "mask", str(mask_paint.mask_path(root, frame))
        context.scene.frame_set(frame)
        is_shown = show(image) and paint_mode(image)
        redraw()
        where = "in the image editor" if is_shown else f'in the image "{image.name}"; open an image editor'
        self.report({"INFO"}, f"Paint over frame {frame} {where}, then press Redraw Region.")
        return {"FINISHED"}


class LINEBOIL_OT_key_words(bpy.types.Operator):
    """Words, a seed and a strength for this key alone, in place of the settings'"""

    bl_idname = "lineboil.key_words"
    bl_label = "Words of a Key"
    bl_options = {"REGISTER", "INTERNAL"}

    frame: IntProperty(
        name="Frame", description="The key; 0 for the one nearest to the scene's frame", default=0, min=0,
        options=_OPTIONS,
    )
    prompt: StringProperty(name="Prompt", description="Empty takes the settings'", options=_OPTIONS)
    has_seed: BoolProperty(name="Own Seed", description="Else the settings'", options=_OPTIONS)
    seed: IntProperty(name="Seed", description="Of this key", min=0, max=_MOST_SEED, options=_OPTIONS)
    has_strength: BoolProperty(name="Own Strength", description="Else the settings'", options=_OPTIONS)
    strength: FloatProperty(
        name="Strength", description="How far this key goes from the footage", min=0.0, max=1.0, default=0.5,
        subtype="FACTOR", options=_OPTIONS,
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether there are keys."""
        if not (reasons.has_shot(cls, context) and reasons.is_free(cls, context)):
            return False
        root = shots.shot_root(context.scene)
        return (root is not None and key_words.find(root, 1) is not None) or reasons.refuse(cls, _NO_KEYS)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask, with what the key says now."""
        found = key_words.find(root_of(context.scene), self.frame or context.scene.frame_current)
        if found is None:
            return {"CANCELLED"}
        settings = context.scene.lineboil.diffuse_settings
        self.frame, own = found
        self.prompt = own.prompt or ""
        self.has_seed = own.seed is not None
        self.seed = min(settings.seed if own.seed is None else own.seed, _MOST_SEED)
        self.has_strength = own.strength is not None
        self.strength = settings.strength if own.strength is None else own.strength
        return context.window_manager.invoke_props_dialog(self, width=_DIALOG_WIDTH)

    def draw(self, context: Any) -> None:
        """The dialog."""
        column = self.layout.column()
        column.label(text=f"Key at frame {self.frame}")
        column.prop(self, "prompt")
        for switch, name in (("has_seed", "seed"), ("has_strength", "strength")):
            row = column.row()
            row.prop(self, switch)
            value = row.row()
            value.active = getattr(self, switch)
            value.prop(self, name, text="")

    def execute(self, context: Any) -> set[str]:
        """Write `keys.json`."""
        try:
            root = root_of(context.scene)
            found = key_words.find(root, self.frame or context.scene.frame_current)
            if found is None or (self.frame and found[0] != self.frame):
                raise InputError(f"frame {self.frame} is no key")
            seed = self.seed if self.has_seed else None
            strength = round(self.strength, 4) if self.has_strength else None
            key_words.write(root, found[0], key_words.Words(self.prompt.strip() or None, seed, strength))
        except EngineError as error:
            self.report({"ERROR"}, error.sentence())
            return {"CANCELLED"}
        redraw()
        self.report({"INFO"}, f"The key at frame {found[0]} has its words; diffuse draws it anew.")
        return {"FINISHED"}


CLASSES = (LINEBOIL_OT_branch_try, LINEBOIL_OT_paint_mask, LINEBOIL_OT_key_words)
