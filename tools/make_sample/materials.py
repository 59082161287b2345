# SPDX-License-Identifier: GPL-3.0-or-later
"""Surfaces of the figure: painted by vertex colour, told apart by shine."""

import bpy

# Roughness, sheen, coat.
SURFACES: dict[str, tuple[float, float, float]] = {
    "skin": (0.50, 0.0, 0.0),
    "hair": (0.38, 0.0, 0.10),
    "eye": (0.12, 0.0, 0.60),
    "cloth": (0.88, 0.25, 0.0),
    "rubber": (0.60, 0.0, 0.0),
}


def material(name: str) -> bpy.types.Material:
    """The material called `name` of SURFACES, made once."""
    if name in bpy.data.materials:
        return bpy.data.materials[name]
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    principled = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    paint = nodes.new("ShaderNodeVertexColor")
    paint.layer_name = "Paint"
    links.new(paint.outputs["Color"], principled.inputs["Base Color"])
    roughness, sheen, coat = SURFACES[name]
    principled.inputs["Roughness"].default_value = roughness
    principled.inputs["Sheen Weight"].default_value = sheen
    principled.inputs["Coat Weight"].default_value = coat
    return made
