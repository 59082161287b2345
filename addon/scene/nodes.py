# SPDX-License-Identifier: GPL-3.0-or-later
"""The node group of the cut-out: a grid pushed along the rays of the filming camera by the depth images.

The grid is built inside the group, so the file stores no mesh and its density is a slider.
"""

from __future__ import annotations

from typing import Any

import bpy

from . import versions
from .marks import ID, VERSION

NAME = "Lineboil Relief"
MARK = "relief"
GROUP_VERSION = 1
_UV = "UVMap"
# Name, socket type, default, smallest, largest.
_INPUTS: tuple[tuple[str, str, Any, float | None, float | None], ...] = (
    ("Depth", "Image", None, None, None),
    ("Matte", "Image", None, None, None),
    ("Material", "Material", None, None, None),
    ("Columns", "Int", 480, 4, 4096),
    ("Rows", "Int", 270, 4, 4096),
    ("Width at 1 m", "Float", 1.0, 0.001, 1000),
    ("Height at 1 m", "Float", 0.5625, 0.001, 1000),
    ("Near", "Float", 1.0, 0.001, 10000),
    ("Far", "Float", 10.0, 0.001, 10000),
    ("Relief", "Float", 1.0, 0, 2),
    ("Pivot Distance", "Float", 4.0, 0.001, 10000),
    ("Start", "Int", 1, -1000000, 1000000),
    ("First File", "Int", 1, 0, 1000000),
    ("Count", "Int", 1, 1, 1000000),
    ("Cut", "Float", 0.02, 0, 1),
)


class _Tree:
    """A node tree under construction."""

    def __init__(self, tree: Any) -> None:
        self.tree = tree

    def node(self, kind: str, **settings: Any) -> Any:
        made = self.tree.nodes.new(kind)
        for name, value in settings.items():
            setattr(made, name, value)
        return made

    def link(self, source: Any, target: Any) -> None:
        self.tree.links.new(source, target)

    def feed(self, socket: Any, value: Any) -> None:
        if hasattr(value, "is_linked"):
            self.link(value, socket)
        else:
            socket.default_value = value

    def math(self, operation: str, *values: Any) -> Any:
        made = self.node("ShaderNodeMath", operation=operation)
        for index, value in enumerate(values):
            self.feed(made.inputs[index], value)
        return made.outputs[0]

    def both(self, first: Any, second: Any) -> Any:
        made = self.node("FunctionNodeBooleanMath", operation="AND")
        self.link(first, made.inputs[0])
        self.link(second, made.inputs[1])
        return made.outputs[0]


def ensure_relief_group(found: list[Any]) -> tuple[Any, bool]:
    """The node group, made or brought to this version in place; and whether anything was done.

    Args:
        found: Groups that carry the mark.
    """
    group = found[0] if found else bpy.data.node_groups.new(NAME, "GeometryNodeTree")
    if group.get(VERSION) == GROUP_VERSION:
        return group, False
    if found:
        kept = group.copy()
        kept.name, kept.use_fake_user = f"{NAME} (before update)", True
        del kept[ID]
    versions.set_if_there(group, "is_modifier", True)
    group.nodes.clear()
    _make_sockets(group.interface)
    _fill(_Tree(group))
    _arrange(group)
    group[ID], group[VERSION] = MARK, GROUP_VERSION
    return group, True


def socket_identifier(group: Any, name: str) -> str:
    """Identifier of an input by its name."""
    return next(
        item.identifier
        for item in group.interface.items_tree
        if item.item_type == "SOCKET" and item.in_out == "INPUT" and item.name == name
    )


def _make_sockets(interface: Any) -> None:
    # Sockets that are there keep their identifiers, and with them the artist's values and keyframes.
    there = {(item.in_out, item.name) for item in interface.items_tree if item.item_type == "SOCKET"}
    for direction in ("OUTPUT", "INPUT"):
        if (direction, "Geometry") not in there:
            interface.new_socket("Geometry", in_out=direction, socket_type="NodeSocketGeometry")
    for name, kind, default, smallest, largest in _INPUTS:
        if ("INPUT", name) in there:
            continue
        socket = interface.new_socket(name, in_out="INPUT", socket_type=f"NodeSocket{kind}")
        if default is not None:
            socket.default_value = default
            socket.min_value, socket.max_value = smallest, largest


def _fill(make: _Tree) -> None:
    inputs = make.node("NodeGroupInput").outputs
    grid = make.node("GeometryNodeMeshGrid")
    for name, socket in (
        ("Width at 1 m", "Size X"),
        ("Height at 1 m", "Size Y"),
        ("Columns", "Vertices X"),
        ("Rows", "Vertices Y"),
    ):
        make.link(inputs[name], grid.inputs[socket])
    mapped = make.node("GeometryNodeStoreNamedAttribute", data_type="FLOAT2", domain="CORNER")
    mapped.inputs["Name"].default_value = _UV
    make.link(grid.outputs["Mesh"], mapped.inputs["Geometry"])
    make.link(grid.outputs["UV Map"], mapped.inputs["Value"])
    frame = _file_number(make, inputs)
    place = make.node("GeometryNodeInputNamedAttribute", data_type="FLOAT_VECTOR")
    place.inputs["Name"].default_value = _UV
    depth = _sample(make, inputs["Depth"], place.outputs["Attribute"], frame)
    matte = _sample(make, inputs["Matte"], place.outputs["Attribute"], frame)
    cut = make.node("GeometryNodeDeleteGeometry", domain="FACE")
    make.link(mapped.outputs[0], cut.inputs["Geometry"])
    make.link(_outside(make, matte, inputs["Cut"]), cut.inputs["Selection"])
    pushed = make.node("GeometryNodeSetPosition")
    make.link(cut.outputs[0], pushed.inputs["Geometry"])
    make.link(_position(make, _distance(make, depth, inputs)), pushed.inputs["Position"])
    smooth = make.node("GeometryNodeSetShadeSmooth")
    make.link(pushed.outputs[0], smooth.inputs[0])
    dressed = make.node("GeometryNodeSetMaterial")
    make.link(smooth.outputs[0], dressed.inputs["Geometry"])
    make.link(inputs["Material"], dressed.inputs["Material"])
    make.link(dressed.outputs[0], make.node("NodeGroupOutput").inputs[0])


def _file_number(make: _Tree, inputs: Any) -> Any:
    # Motion blur asks for fractions of frames: without rounding they would show the file before.
    frame = make.math("ROUND", make.node("GeometryNodeInputSceneTime").outputs["Frame"])
    frame = make.math("MAXIMUM", make.math("SUBTRACT", frame, inputs["Start"]), 0.0)
    frame = make.math("MINIMUM", frame, make.math("SUBTRACT", inputs["Count"], 1.0))
    return make.math("ADD", frame, inputs["First File"])


def _sample(make: _Tree, image: Any, place: Any, frame: Any) -> Any:
    texture = make.node("GeometryNodeImageTexture", interpolation="Linear", extension="EXTEND")
    make.link(image, texture.inputs["Image"])
    make.link(place, texture.inputs["Vector"])
    make.link(frame, texture.inputs["Frame"])
    return texture.outputs["Color"]


def _outside(make: _Tree, matte: Any, limit: Any) -> Any:
    """Faces whose centre and all four corners are outside the matte: thinner things than a face stay."""
    compare = make.node("FunctionNodeCompare", data_type="FLOAT", operation="LESS_EQUAL")
    make.link(matte, compare.inputs[0])
    make.link(limit, compare.inputs[1])
    corners = make.node("GeometryNodeFieldOnDomain", data_type="BOOLEAN", domain="POINT")
    make.link(compare.outputs[0], corners.inputs[0])
    return make.both(compare.outputs[0], corners.outputs[0])


def _distance(make: _Tree, disparity: Any, inputs: Any) -> Any:
    """1 / (d (1/near - 1/far) + 1/far), then pulled to the pivot by the relief dial."""
    near = make.math("DIVIDE", 1.0, make.math("MAXIMUM", inputs["Near"], 0.001))
    far = make.math("DIVIDE", 1.0, make.math("MAXIMUM", inputs["Far"], 0.001))
    slope = make.math("MAXIMUM", make.math("SUBTRACT", near, far), 0.0)
    inverse = make.math("ADD", make.math("MULTIPLY", disparity, slope), far)
    true = make.math("DIVIDE", 1.0, make.math("MAXIMUM", inverse, 0.00001))
    pivot = inputs["Pivot Distance"]
    return make.math("ADD", pivot, make.math("MULTIPLY", make.math("SUBTRACT", true, pivot), inputs["Relief"]))


def _position(make: _Tree, distance: Any) -> Any:
    ray = make.node("ShaderNodeVectorMath", operation="ADD")
    ray.inputs[1].default_value = (0.0, 0.0, -1.0)
    make.link(make.node("GeometryNodeInputPosition").outputs[0], ray.inputs[0])
    scaled = make.node("ShaderNodeVectorMath", operation="SCALE")
    make.link(ray.outputs[0], scaled.inputs[0])
    make.link(distance, scaled.inputs["Scale"])
    return scaled.outputs[0]


def _arrange(group: Any) -> None:
    """Lay the nodes out from left to right in the order of the work."""
    depth: dict[Any, int] = {}
    for _ in group.nodes:
        for link in group.links:
            depth[link.to_node] = max(depth.get(link.to_node, 0), depth.get(link.from_node, 0) + 1)
    rows: dict[int, int] = {}
    for node in group.nodes:
        column = depth.get(node, 0)
        rows[column] = rows.get(column, 0) + 1
        node.location = (220 * column, -200 * rows[column])
