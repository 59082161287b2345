# SPDX-License-Identifier: GPL-3.0-or-later
"""What in a scene is still as Blender starts with it, and so nobody's work; the rest is the artist's and left alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import versions
from .marks import LEFT, MADE, Marks

# Blender's factory startup file, the same from 4.2 to 5.2.
_OBJECTS = {
    "Cube": ("MESH", (0.0, 0.0, 0.0)),
    "Light": ("LIGHT", (4.07625, 1.00545, 5.90386)),
    "Camera": ("CAMERA", (7.35889, -6.92579, 4.95831)),
}
_CUBE_CORNERS = 8
_WORLD_GREY = 0.05088
QUALITY = (
    "samples",
    "use_adaptive_sampling",
    "use_light_tree",
    "max_bounces",
    "diffuse_bounces",
    "glossy_bounces",
    "transmission_bounces",
    "volume_bounces",
    "transparent_max_bounces",
    "caustics_reflective",
    "caustics_refractive",
)


def examine(marks: Marks) -> None:
    """Before the first build of a scene: find what the artist has set for another purpose, and leave that alone.

    A scene without objects is new: everything is set there. The startup file's cube, light and camera are hidden when
    nobody has touched them: the filming camera stands in the cube.
    """
    scene = marks.scene
    if LEFT in scene or MADE in scene:
        return
    objects = list(scene.objects)
    left = [name for name, is_free in _PARTS.items() if objects and not is_free(scene)]
    scene[LEFT] = json.dumps(left)
    if left:
        marks.changes.notes.append(f"left as you have set it: {', '.join(left)}")
    if objects and all(_is_startup(item) for item in objects):
        for item in objects:
            item.hide_render = item.hide_viewport = True
        marks.changes.append("startup objects hidden")
        marks.changes.notes.append("the objects Blender starts with are hidden, not deleted")


def _is_startup(item: Any) -> bool:
    kind, place = _OBJECTS.get(item.name, ("", ()))
    if item.type != kind or item.library is not None or item.modifiers or item.animation_data:
        return False
    if any(abs(a - b) > 1e-4 for a, b in zip(item.location, place, strict=True)):
        return False
    if kind != "MESH":
        return True
    corners = item.data.vertices
    return len(corners) == _CUBE_CORNERS and all(abs(abs(value) - 1) < 1e-4 for point in corners for value in point.co)


def _has(values: dict[str, Any], where: str = "") -> Callable[[Any], bool]:
    def is_free(scene: Any) -> bool:
        holder = getattr(scene, where) if where else scene
        return all(getattr(holder, name) == value for name, value in values.items())

    return is_free


def _has_camera_free(scene: Any) -> bool:
    return scene.camera is None or _is_startup(scene.camera)


def _has_world_free(scene: Any) -> bool:
    if scene.world is None:
        return True
    if not versions.has_nodes(scene.world):
        return False
    nodes = scene.world.node_tree.nodes if scene.world.node_tree else ()
    grounds = [node for node in nodes if node.type == "BACKGROUND"]
    if len(nodes) > 2 or len(grounds) != 1 or grounds[0].inputs["Strength"].default_value != 1.0:
        return False
    return all(abs(value - _WORLD_GREY) < 1e-4 for value in tuple(grounds[0].inputs["Color"].default_value)[:3])


def _has_quality_free(scene: Any) -> bool:
    properties = scene.cycles.bl_rna.properties
    return all(getattr(scene.cycles, name) == properties[name].default for name in QUALITY if name in properties)


def _has_output_free(scene: Any) -> bool:
    render, view = scene.render, scene.view_settings
    path = render.filepath.strip("/\\")
    return (
        path in ("", "tmp")
        and render.image_settings.file_format == "PNG"
        and view.look == "None"
        and view.view_transform in ("AgX", "Standard")
    )


_PARTS: dict[str, Callable[[Any], bool]] = {
    "frame range": _has({"frame_start": 1, "frame_end": 250}),
    "frame rate": _has({"fps": 24, "fps_base": 1.0}, "render"),
    "sound sync": _has({"sync_mode": "NONE"}),
    "picture size": _has({"resolution_x": 1920, "resolution_y": 1080}, "render"),
    "render engine": _has({"engine": versions.eevee_identifier()}, "render"),
    "Cycles quality": _has_quality_free,
    "output": _has_output_free,
    "camera": _has_camera_free,
    "world": _has_world_free,
}
