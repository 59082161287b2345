# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a shot as Blender properties: `scene.lineboil`, made from the schema.

`scene.lineboil.shot` is the shot's folder; `scene.lineboil.matte_settings` holds the table [matte] of its `shot.toml`,
and so for every stage. `mirror` keeps both alike. None of them can be animated: a setting is for the whole shot.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any, Literal

import bpy

from . import mirror, property_text
from .engine.schema.base import StageSpec
from .engine.schema.registry import STAGES
from .engine.settings import Field, fields_of
from .property_paths import FILES, FOLDERS
from .property_values import FLOAT_LIMIT, INTEGER_LIMIT, encode

_SLIDERS_UP_TO = 5.0


def settings_name(stage: str) -> str:
    """Name of a stage's group in `scene.lineboil`: "matte" becomes "matte_settings"."""
    return f"{stage}_settings"


def group(scene: Any, stage: str) -> Any:
    """A stage's settings in a scene."""
    return getattr(scene.lineboil, settings_name(stage))


def path_options() -> set[str]:
    """Options of a property with a path: newer Blenders want to be told that "//" is understood."""
    return {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5) else set()


def _property(spec: StageSpec, field: Field) -> Any:
    common: dict[str, Any] = {
        "name": property_text.label(spec, field),
        "description": property_text.tooltip(field),
        "default": encode(field, field.default),
        "options": set(),
        "update": _touched(f"{spec.name}.{field.name}"),
    }
    kind = field.kind
    if typing.get_origin(kind) is Literal:
        return bpy.props.EnumProperty(items=property_text.choices(spec, field), **common)
    if kind is bool:
        return bpy.props.BoolProperty(**common)
    if kind is int:
        return bpy.props.IntProperty(**common, **_whole(field))
    if kind is float:
        return bpy.props.FloatProperty(**common, **_decimal(field))
    return bpy.props.StringProperty(**common | _text(f"{spec.name}.{field.name}"))


def _touched(key: str) -> Callable[[Any, Any], None]:
    def update(settings: Any, context: Any) -> None:
        mirror.touch(settings.id_data, key)

    return update


def _whole(field: Field) -> dict[str, Any]:
    bounds = field.bounds
    low = -INTEGER_LIMIT if bounds.minimum is None else int(bounds.minimum)
    high = INTEGER_LIMIT if bounds.maximum is None else int(bounds.maximum)
    return {
        "min": low, "max": high, "soft_min": low, "soft_max": high,
        "step": bounds.multiple_of or 1, "subtype": "PIXEL" if bounds.unit == "px" else "NONE",
    }


def _decimal(field: Field) -> dict[str, Any]:
    bounds = field.bounds
    low = -FLOAT_LIMIT if bounds.minimum is None else bounds.minimum
    high = FLOAT_LIMIT if bounds.maximum is None else bounds.maximum
    small = low >= 0.0 and high <= _SLIDERS_UP_TO and not bounds.unit
    subtype = {"px": "PIXEL", "s": "TIME_ABSOLUTE"}.get(bounds.unit, "FACTOR" if small else "NONE")
    return {
        "min": low, "max": high, "soft_min": low, "soft_max": high,
        "step": 10, "precision": 2, "subtype": subtype,
    }


def _text(key: str) -> dict[str, Any]:
    if key in FILES:
        return {"subtype": "FILE_PATH", "options": path_options()}
    if key in FOLDERS:
        return {"subtype": "DIR_PATH", "options": path_options()}
    return {}


def _stage_class(spec: StageSpec) -> Any:
    properties = {field.name: _property(spec, field) for field in fields_of(spec.settings)}
    return type(
        f"LINEBOIL_PG_{spec.name}",
        (bpy.types.PropertyGroup,),
        {"__annotations__": properties, "__doc__": spec.doc, "__module__": __name__},
    )


def _shot_changed(settings: Any, context: Any) -> None:
    mirror.touch_shot(settings.id_data)


def _scene_class(stages: dict[str, Any]) -> Any:
    properties: dict[str, Any] = {
        "shot": bpy.props.StringProperty(
            name="Shot",
            description="Folder of the shot that this scene belongs to, with its settings in shot.toml",
            subtype="DIR_PATH",
            options=path_options(),
            update=_shot_changed,
        )
    }
    for name, kind in stages.items():
        properties[settings_name(name)] = bpy.props.PointerProperty(type=kind)
    return type(
        "LINEBOIL_PG_scene",
        (bpy.types.PropertyGroup,),
        {"__annotations__": properties, "__doc__": "The scene's shot and its settings.", "__module__": __name__},
    )


_STAGE_CLASSES = {spec.name: _stage_class(spec) for spec in STAGES}
_SCENE_CLASS = _scene_class(_STAGE_CLASSES)
CLASSES = (*_STAGE_CLASSES.values(), _SCENE_CLASS)


def register() -> None:
    """Give every scene its shot."""
    bpy.types.Scene.lineboil = bpy.props.PointerProperty(type=_SCENE_CLASS, name="Lineboil")


def unregister() -> None:
    """Take it away; the scenes keep their data for the next time."""
    if hasattr(bpy.types.Scene, "lineboil"):
        del bpy.types.Scene.lineboil
    mirror.reset()
