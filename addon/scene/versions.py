# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that knows how Blender's versions differ (4.2 to 5.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import bpy

VERSION: tuple[int, int, int] = tuple(bpy.app.version)


def eevee_identifier() -> str:
    """Name of EEVEE in `scene.render.engine`: "Next" was dropped in 5.0."""
    return "BLENDER_EEVEE" if VERSION >= (5, 0, 0) else "BLENDER_EEVEE_NEXT"


def node_tree(datablock: Any) -> Any:
    """Node tree of a material, world or light; before 5.0 it has to be asked for, after that asking warns."""
    if datablock.node_tree is None:
        datablock.use_nodes = True
    return datablock.node_tree


def has_nodes(datablock: Any) -> bool:
    """Whether a material or world shows its nodes: always from 5.0 on, where asking warns."""
    return datablock.node_tree is not None and (VERSION >= (5, 0, 0) or datablock.use_nodes)


def set_if_there(owner: Any, name: str, value: Any) -> bool:
    """Set a property that only some versions or builds have; tells whether it was done.

    Enumerations can lack an item too: builds without OpenImageDenoise have no denoiser to choose.
    """
    if not hasattr(owner, name):
        return False
    try:
        setattr(owner, name, value)
    except (TypeError, AttributeError, ValueError):
        return False
    return True


def fcurves(datablock: Any) -> Any:
    """F-curves of a datablock's action, made on demand; in slots and layers from 4.4 on."""
    animation = datablock.animation_data or datablock.animation_data_create()
    if animation.action is None:
        animation.action = bpy.data.actions.new(datablock.name)
    action = animation.action
    if not hasattr(action, "layers"):
        return action.fcurves
    if animation.action_slot is None:
        animation.action_slot = action.slots.new(id_type=datablock.id_type, name=datablock.name)
    layer = action.layers[0] if len(action.layers) else action.layers.new("Layer")
    strip = layer.strips[0] if len(layer.strips) else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(animation.action_slot, ensure=True).fcurves


def set_curve(
    datablock: Any, path: str, index: int, frames: Sequence[float], values: Sequence[float], kind: str = "LINEAR"
) -> None:
    """Replace the F-curve of a property by these keyframes."""
    curves = fcurves(datablock)
    old = curves.find(path, index=index)
    if old:
        curves.remove(old)
    curve = curves.new(path, index=index)
    curve.keyframe_points.add(len(frames))
    for point, frame, value in zip(curve.keyframe_points, frames, values, strict=True):
        point.co = (frame, value)
        point.interpolation = kind
    curve.update()


def curve_values(datablock: Any, path: str, index: int) -> list[float] | None:
    """Keyframes of a property as frame, value, frame, value...; None when there is no curve."""
    animation = datablock.animation_data
    if animation is None or animation.action is None:
        return None
    curve = fcurves(datablock).find(path, index=index)
    if curve is None:
        return None
    return [number for point in curve.keyframe_points for number in (point.co[0], point.co[1])]


def modifier_input(modifier: Any, identifier: str) -> Any:
    """Value of a Geometry Nodes modifier's input."""
    holder = _input_holder(modifier, identifier)
    return modifier[identifier] if holder is None else holder.value


def set_modifier_input(modifier: Any, identifier: str, value: Any) -> None:
    """Set a Geometry Nodes modifier's input: a custom property until 5.1, a real one from 5.2."""
    holder = _input_holder(modifier, identifier)
    if holder is None:
        modifier[identifier] = value
    else:
        holder.value = value
    modifier.id_data.update_tag()


def _input_holder(modifier: Any, identifier: str) -> Any:
    properties = getattr(modifier, "properties", None)
    inputs = getattr(properties, "inputs", None)
    return None if inputs is None else getattr(inputs, identifier)


def sound_strips(editor: Any) -> Any:
    """Strips of the sequencer: `sequences` until 4.3, `strips` after."""
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def has_sound() -> bool:
    """Whether this Blender can use sound: some builds of the Python module are without."""
    return bool(bpy.app.build_options.audaspace)


def use_scene_in_sequencer(scene: Any) -> None:
    """Show this scene's strips in the sequencers that show no other: asked of the workspaces from 5.0 on."""
    for workspace in bpy.data.workspaces:
        if getattr(workspace, "sequencer_scene", None) is None:
            set_if_there(workspace, "sequencer_scene", scene)


def use_png(settings: Any, colour: str = "RGB", depth: str = "8") -> None:
    """Make an image settings block write PNG; from 5.0 the kind of medium comes first."""
    set_if_there(settings, "media_type", "IMAGE")
    settings.file_format = "PNG"
    settings.color_mode = colour
    settings.color_depth = depth


def enable_gpu() -> str:
    """Let Cycles use the first kind of GPU that is there; its name, or "" when there is none."""
    addon = bpy.context.preferences.addons.get("cycles")
    if addon is None:
        return ""
    preferences = addon.preferences
    for kind in ("OPTIX", "CUDA", "HIP", "METAL", "ONEAPI"):
        if not set_if_there(preferences, "compute_device_type", kind):
            continue
        preferences.refresh_devices()
        devices = [device for device in preferences.devices if device.type == kind]
        for device in devices:
            device.use = True
        if devices:
            return devices[0].name
    set_if_there(preferences, "compute_device_type", "NONE")
    return ""


def remove_all(collection: Any, items: Iterable[Any]) -> None:
    """Remove items while going over them."""
    for item in list(items):
        collection.remove(item)
