# SPDX-License-Identifier: GPL-3.0-or-later
"""The render camera: from the filming camera's place, framing the figure, turning gently about it."""

from __future__ import annotations

import math
from typing import Any

import bpy

from .marks import Marks
from .placement import Placement

_SENSOR = 36.0


def place_camera(marks: Marks, job: dict[str, Any], placement: Placement, aperture: float) -> None:
    """Make or renew the camera and its rig.

    The camera stays level and is shifted to the figure, so upright things stay upright; it hangs on an empty at the
    figure's place, whose turn about the vertical is the camera's move.
    """
    collection = marks.need("collections", "set")
    rig = marks.ensure("objects", "rig", lambda: _empty("Camera Rig", collection))
    camera = marks.ensure("objects", "camera", lambda: _camera(marks, rig, collection))
    focus = marks.first("objects", "focus")
    if camera is None or camera.type != "CAMERA":
        return
    x, y = placement.pivot
    if rig is not None:
        marks.attribute(rig, "location", [x, y, placement.camera_height])
        _turn(marks, job, rig)
    marks.attribute(camera, "location", [-x, -y, 0.0])
    marks.attribute(camera, "rotation_euler", [math.pi / 2, 0.0, 0.0])
    _frame(marks, camera, placement)
    lens = camera.data
    if focus is not None and lens.dof.focus_object is None and "dof" not in camera:
        lens.dof.focus_object, lens.dof.use_dof = focus, True
        camera["dof"] = True
    marks.attribute(camera, "aperture_fstop", aperture, lens.dof)


def _empty(name: str, collection: Any) -> Any:
    made = bpy.data.objects.new(name, None)
    made.empty_display_size = 0.3
    collection.objects.link(made)
    return made


def _camera(marks: Marks, rig: Any, collection: Any) -> Any:
    data = bpy.data.cameras.new("Camera")
    data.sensor_fit, data.sensor_width = "HORIZONTAL", _SENSOR
    data.clip_start, data.clip_end = 0.05, 500.0
    made = bpy.data.objects.new("Camera", data)
    made.parent = rig
    collection.objects.link(made)
    if not marks.is_left("camera"):
        marks.scene.camera = made
    return made


def _frame(marks: Marks, camera: Any, placement: Placement) -> None:
    frame = placement.frame
    values = {
        "lens": _SENSOR / frame.width,
        "shift_x": (frame.left + frame.right) / 2 / frame.width,
        "shift_y": (frame.bottom + frame.top) / 2 / frame.width,
    }
    for name, value in values.items():
        marks.attribute(camera, name, value, camera.data)


def _turn(marks: Marks, job: dict[str, Any], rig: Any) -> None:
    angle = math.radians(job["settings"]["camera_turn"]) / 2
    clip = job["clip"]
    ends = [float(clip["start"]), float(clip["start"] + max(1, clip["count"] - 1))]
    marks.curve(rig, "rotation_euler", 2, ends, [-angle, angle], "SINE")
