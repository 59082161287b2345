# SPDX-License-Identifier: GPL-3.0-or-later
"""The figure as Blender objects: one mesh for each part, bound to an armature."""

import bpy
import numpy as np
import numpy.typing as npt
from mathutils import Vector

from . import body, head
from .materials import material
from .part import Part
from .skeleton import BONES, Bone
from .surface import Quads, Vertices

PARTS: tuple[Part, ...] = (*head.PARTS, *body.PARTS)
# How far from a bone its flesh reaches, in metres: distances are counted in this unit when bones share a vertex.
REACH = {
    "pelvis": 0.15, "belly": 0.14, "chest": 0.16, "neck": 0.055, "head": 0.09, "clavicle": 0.075, "upper_arm": 0.055,
    "forearm": 0.04, "forearm_twist": 0.035, "hand": 0.035, "thigh": 0.085, "shin": 0.065, "foot": 0.05, "toes": 0.05,
}  # fmt: skip
FINGER_REACH = 0.012
SHARPNESS = 7.0
SMOOTHING = 14


def build_figure() -> bpy.types.Object:
    """Make the armature and every part in the current scene; gives the armature."""
    armature = _armature()
    for part in PARTS:
        vertices, quads, colours = part.mesh()
        sides = (("left", 1.0), ("right", -1.0)) if part.mirrored else (("", 1.0),)
        for side, sign in sides:
            placed, faces = (vertices, quads) if sign > 0 else (vertices * np.float32([-1, 1, 1]), quads[:, ::-1])
            names = tuple(f"{bone}.{side}" for bone in part.bones) if side else part.bones
            thing = _mesh_object(f"{part.name}.{side}" if side else part.name, placed, faces, colours, part.material)
            _bind(thing, armature, names, placed, faces)
    return armature


def _armature() -> bpy.types.Object:
    data = bpy.data.armatures.new("performer")
    thing = bpy.data.objects.new("performer", data)
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.view_layer.objects.active = thing
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in BONES:
        made = data.edit_bones.new(bone.name)
        made.head, made.tail = Vector(bone.head), Vector(bone.tail)
        if bone.parent:
            made.parent = data.edit_bones[bone.parent]
    bpy.ops.object.mode_set(mode="OBJECT")
    return thing


def _mesh_object(
    name: str, vertices: Vertices, quads: Quads, colours: npt.NDArray[np.float32], material_name: str
) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices.tolist(), [], quads.tolist())
    mesh.shade_smooth()
    attribute = mesh.color_attributes.new("Paint", "FLOAT_COLOR", "POINT")
    rgba = np.concatenate([colours, np.ones((len(colours), 1), np.float32)], 1)
    attribute.data.foreach_set("color", rgba.astype(np.float32).ravel())
    mesh.materials.append(material(material_name))
    thing = bpy.data.objects.new(name, mesh)
    thing.pass_index = 1
    bpy.context.scene.collection.objects.link(thing)
    return thing


def _bind(
    thing: bpy.types.Object, armature: bpy.types.Object, names: tuple[str, ...], vertices: Vertices, quads: Quads
) -> None:
    bones = [bone for bone in BONES if bone.name in names]
    weights = bone_weights(vertices, quads, bones)
    for column, bone in enumerate(bones):
        group = thing.vertex_groups.new(name=bone.name)
        share = weights[:, column]
        for index in np.flatnonzero(share > 1e-3).tolist():
            group.add([index], float(share[index]), "REPLACE")
    thing.parent = armature
    modifier = thing.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature
    modifier.use_deform_preserve_volume = False


def bone_weights(vertices: Vertices, quads: Quads, bones: list[Bone]) -> npt.NDArray[np.float32]:
    """Shares (V, B) of each bone at each vertex: by distance over the bone's reach, smoothed along the mesh."""
    distances = np.stack([_reach_distance(vertices, bone) for bone in bones], 1)
    shares = np.power(np.maximum(distances, 0.05), -SHARPNESS)
    shares /= shares.sum(1, keepdims=True)
    edges = np.concatenate([quads[:, [i, (i + 1) % 4]] for i in range(4)])
    count = np.bincount(edges[:, 0], minlength=len(vertices))[:, None]
    for _ in range(SMOOTHING):
        near = np.stack([np.bincount(edges[:, 0], shares[edges[:, 1], b], len(vertices)) for b in range(len(bones))], 1)
        shares = 0.5 * shares + 0.5 * near / np.maximum(count, 1)
    return (shares / shares.sum(1, keepdims=True)).astype(np.float32)


def _reach_distance(vertices: Vertices, bone: Bone) -> npt.NDArray[np.float64]:
    start, end = np.asarray(bone.head), np.asarray(bone.tail)
    along = end - start
    t = np.clip((vertices - start) @ along / (along @ along), 0, 1)
    reach = REACH.get(bone.name.split(".")[0], FINGER_REACH)
    return np.linalg.norm(vertices - start - t[:, None] * along, axis=1) / reach
