"""Renders a square that moves otherwise before and after frame 2 over a still ground, with the Vector pass."""

from __future__ import annotations

import bpy

PLACES = {1: (-10, -6), 2: (-7, -5), 3: (-2, -3)}
"""Of the square's middle, by frame: pixels right and up from the picture's middle."""


def main(_module, arguments) -> dict:
    """Arguments: folder, and the camera's way to the right a frame, in pixels of the ground."""
    folder, camera_step = arguments[0], float(arguments[1])
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    _add_plane(scene, 16, PLACES)
    _add_plane(scene, 400, {1: (0, 0)}, -0.001)
    _add_camera(scene, {frame: camera_step * (frame - 2) for frame in PLACES})
    scene.render.engine, scene.cycles.samples = "CYCLES", 1
    scene.render.resolution_x, scene.render.resolution_y = 64, 48
    scene.view_layers[0].use_pass_vector = True
    if hasattr(scene.render.image_settings, "media_type"):
        scene.render.image_settings.media_type = "MULTI_LAYER_IMAGE"
    scene.render.image_settings.file_format = "OPEN_EXR_MULTILAYER"
    scene.frame_set(2)
    scene.render.filepath = f"{folder}/000002.exr"
    bpy.ops.render.render(write_still=True)
    return {"places": PLACES}


def _add_plane(scene, size: float, places: dict, height: float = 0.0) -> None:
    half = size / 2
    mesh = bpy.data.meshes.new("plane")
    mesh.from_pydata([(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)], [], [(0, 1, 2, 3)])
    plane = bpy.data.objects.new("plane", mesh)
    scene.collection.objects.link(plane)
    for frame, (x, y) in places.items():
        plane.location = (x, y, height)
        plane.keyframe_insert("location", frame=frame)


def _add_camera(scene, places: dict) -> None:
    """Straight above: a pixel is one unit of the ground."""
    data = bpy.data.cameras.new("camera")
    data.sensor_width, data.lens = 64, 50
    scene.camera = bpy.data.objects.new("camera", data)
    scene.collection.objects.link(scene.camera)
    for frame, x in places.items():
        scene.camera.location = (x, 0, 50)
        scene.camera.keyframe_insert("location", frame=frame)
