"""Tells of every setting's property what it is, gives each another value, and reads them back from the file."""

import typing
from pathlib import Path

import bpy


def main(module, arguments) -> dict:
    shots, mirror, core = module("addon.shots"), module("addon.mirror"), module("addon.mirror_core")
    scene, root = bpy.context.scene, Path(arguments[0])
    shots.set_shot(scene, root)
    found = {key: told(group(scene, stage), field) for key, (stage, field) in core.FIELDS.items()}
    others = {}
    for key, (stage, field) in core.FIELDS.items():
        others[key] = other(field)
        setattr(group(scene, stage), field.name, core.encoded(key, others[key]))
    mirror.flush(scene)
    again = bpy.data.scenes.new("Again")
    shots.set_shot(again, root)
    return {
        "properties": found,
        "others": {key: list(value) if isinstance(value, tuple) else value for key, value in others.items()},
        "kept": {key: shown(group(scene, stage), field.name) for key, (stage, field) in core.FIELDS.items()},
        "again": {key: shown(group(again, stage), field.name) for key, (stage, field) in core.FIELDS.items()},
        "groups": sorted(item.identifier for item in again.lineboil.bl_rna.properties if item.type == "POINTER"),
    }


def group(scene, stage):
    return getattr(scene.lineboil, f"{stage}_settings")


def shown(settings, name):
    return getattr(settings, name)


def told(settings, field) -> dict:
    found = settings.bl_rna.properties[field.name]
    told = {
        "type": found.type,
        "name": found.name,
        "description": found.description,
        "default": found.default,
        "shown": shown(settings, field.name),
        "is_animatable": found.is_animatable,
        "subtype": found.subtype,
    }
    if found.type == "ENUM":
        told["items"] = [[item.identifier, item.name, item.description] for item in found.enum_items]
    if found.type in ("INT", "FLOAT"):
        told |= {"minimum": found.hard_min, "maximum": found.hard_max, "soft": [found.soft_min, found.soft_max]}
    return told


def other(field):
    """An allowed value that is not the default."""
    kind, low, high = field.kind, field.bounds.minimum, field.bounds.maximum
    origin = typing.get_origin(kind)
    if kind is bool:
        return not field.default
    if kind is str:
        return "a \\ \"b\" ä.png"
    if origin is typing.Literal:
        return next((choice for choice in typing.get_args(kind) if choice != field.default), field.default)
    if origin is tuple:
        return (48, 120) if typing.get_args(kind)[0] is int else ("10,20,100,200@7", "0,0,0,0@80")
    step = field.bounds.multiple_of or (1 if kind is int else 0.3)
    value = round(field.default + step, 3)
    fits = (high is None or value <= high) and (low is None or value >= low)
    return value if fits else round(field.default - step, 3)
