# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the dance on the armature, one key a frame."""

import bpy
import numpy as np
from mathutils import Matrix

from .motion import FRAME_COUNT
from .pose import pose_at
from .skeleton import BONES


def animate(armature: bpy.types.Object) -> None:
    """Key every bone on every frame, and one more at each end; scene frame 1 is frame 0 of the dance."""
    for bone in BONES:
        armature.pose.bones[bone.name].rotation_mode = "QUATERNION"
    for frame in range(-1, FRAME_COUNT + 1):
        pose = pose_at(frame)
        for bone in BONES:
            target = armature.pose.bones[bone.name]
            rest = np.array(target.bone.matrix_local.to_3x3())
            turn = rest.T @ pose.local_turn(bone.name) @ rest
            target.rotation_quaternion = Matrix(turn.tolist()).to_quaternion()
            target.keyframe_insert("rotation_quaternion", frame=frame + 1)
        root = armature.pose.bones["pelvis"]
        rest = np.array(root.bone.matrix_local.to_3x3())
        root.location = (rest.T @ (pose.heads["pelvis"] - np.asarray(BONES[0].head))).tolist()
        root.keyframe_insert("location", frame=frame + 1)
