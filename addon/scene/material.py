# SPDX-License-Identifier: GPL-3.0-or-later
"""Materials: the cut-out's own (lit, and a little light of its own) and plain surfaces of the set."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import bpy

from . import versions

OWN_LIGHT = "Emission Strength"


def make_figure_material(colour: Any, matte: Any) -> Any:
    """Diffuse, cut by the matte; the colour also glows a little, which is the "own light" dial.

    DITHERED, because blended surfaces break EEVEE's depth of field.
    """
    material = bpy.data.materials.new("Figure")
    tree = versions.node_tree(material)
    tree.nodes.clear()
    shader = tree.nodes.new("ShaderNodeBsdfPrincipled")
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    shader.inputs["Roughness"].default_value = 1.0
    shader.inputs["Specular IOR Level"].default_value = 0.0
    place = tree.nodes.new("ShaderNodeUVMap")
    place.uv_map = "UVMap"
    picture, alpha = (_texture(tree, image, place) for image in (colour, matte))
    tree.links.new(picture.outputs["Color"], shader.inputs["Base Color"])
    tree.links.new(picture.outputs["Color"], shader.inputs["Emission Color"])
    tree.links.new(alpha.outputs["Color"], shader.inputs["Alpha"])
    tree.links.new(shader.outputs[0], output.inputs["Surface"])
    for node, spot in ((place, (-800, 0)), (picture, (-500, 200)), (alpha, (-500, -150)), (output, (350, 0))):
        node.location = spot
    material.surface_render_method = "DITHERED"
    material.use_transparent_shadow = True
    return material


def _texture(tree: Any, image: Any, place: Any) -> Any:
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image, node.extension = image, "EXTEND"
    tree.links.new(place.outputs[0], node.inputs["Vector"])
    return node


def shader_of(material: Any) -> Any:
    """The Principled shader of a material, or None when the artist took it out."""
    nodes = versions.node_tree(material).nodes
    return next((node for node in nodes if node.type == "BSDF_PRINCIPLED"), None)


def make_plain_material(name: str, colour: Sequence[float], roughness: float, mottle: float) -> Any:
    """A painted surface, with a soft irregularity so that light has something to play on.

    Args:
        name: Shown to the artist.
        colour: Linear RGB.
        roughness: 0..1.
        mottle: Strength of the irregularity, 0 for none.
    """
    material = bpy.data.materials.new(name)
    tree = versions.node_tree(material)
    shader = shader_of(material)
    shader.inputs["Roughness"].default_value = roughness
    shader.inputs["Base Color"].default_value = (*colour, 1.0)
    if mottle > 0:
        _add_mottle(tree, shader, colour, mottle)
    return material


def _add_mottle(tree: Any, shader: Any, colour: Sequence[float], mottle: float) -> None:
    noise = tree.nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = 3.0, 6.0
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    for element, factor in zip(ramp.color_ramp.elements, (1 - mottle, 1 + mottle), strict=True):
        element.color = (*(min(1.0, channel * factor) for channel in colour), 1.0)
    ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[1].position = 0.3, 0.7
    place = tree.nodes.new("ShaderNodeTexCoord")
    tree.links.new(place.outputs["Object"], noise.inputs["Vector"])
    tree.links.new(noise.outputs[0], ramp.inputs[0])
    tree.links.new(ramp.outputs[0], shader.inputs["Base Color"])
    for node, spot in ((place, (-900, 0)), (noise, (-700, 0)), (ramp, (-400, 0))):
        node.location = spot
