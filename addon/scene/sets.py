# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets: floor, wall, lights and surroundings, described by a TOML file in `sets/` or one of the artist's own."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector

from ..engine.errors import InputError
from . import versions
from .marks import Marks
from .material import make_plain_material
from .placement import Placement

_FOLDER = Path(__file__).resolve().parent / "sets"
# Watts that light a white surface facing the light, a metre away, to full white.
_WATTS = {"SPOT": 4 * math.pi**2, "POINT": 4 * math.pi**2, "AREA": math.pi**2}
_KEYS = {"wall", "floor", "world", "camera", "light"}


def load_set(name: str, root: Path) -> dict[str, Any]:
    """A set by its name, or by the path of a file of the artist's (relative to the shot).

    Raises:
        InputError: No such set, or its file cannot be understood.
    """
    path = root / name if name.endswith(".toml") else _FOLDER / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(item.stem for item in _FOLDER.glob("*.toml")))
        raise InputError(f'there is no set "{name}"', where=str(path), remedy=f"There are: {known}.")
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"this set cannot be understood: {error}", where=str(path)) from error
    missing = sorted(_KEYS - set(data))
    if missing:
        raise InputError(f"this set lacks [{missing[0]}]", where=str(path), remedy="Compare it with studio.toml.")
    return data


def place_surfaces(marks: Marks, described: dict[str, Any], placement: Placement) -> None:
    """Make or renew floor and wall."""
    collection = marks.need("collections", "set")
    reach = 6 * max(placement.height, placement.frame.width * placement.wall / 2)
    back = min(-0.5 * placement.height, -1.0)
    floor = [(-reach, back), (reach, back), (reach, placement.wall), (-reach, placement.wall)]
    _surface(marks, "floor", described["floor"], [(x, y, 0.0) for x, y in floor], collection)
    top = 3.5 * placement.height + placement.camera_height
    wall = [(-reach, 0.0), (reach, 0.0), (reach, top), (-reach, top)]
    _surface(marks, "wall", described["wall"], [(x, placement.wall, z) for x, z in wall], collection)


def place_lights(marks: Marks, described: dict[str, Any], placement: Placement) -> None:
    """Make or renew lights and surroundings; a world of the artist's own stays."""
    collection = marks.need("collections", "set")
    for light in described["light"]:
        _light(marks, light, placement, collection)
    if not marks.is_left("world"):
        _world(marks, described["world"])


def _surface(
    marks: Marks, name: str, described: dict[str, Any], corners: list[tuple[float, float, float]], collection: Any
) -> None:
    material = marks.ensure(
        "materials",
        name,
        lambda: make_plain_material(
            name.capitalize(), described["colour"], described["roughness"], described.get("mottle", 0.0)
        ),
    )

    def make() -> Any:
        mesh = bpy.data.meshes.new(name.capitalize())
        mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
        made = bpy.data.objects.new(name.capitalize(), mesh)
        if material is not None:
            mesh.materials.append(material)
        collection.objects.link(made)
        return made

    surface = marks.ensure("objects", name, make)
    if surface is None or surface.type != "MESH" or len(surface.data.vertices) != len(corners):
        return
    mesh = surface.data
    if mesh.is_editmode:
        # Leaving edit mode would put the old corners back.
        marks.changes.notes.append(f"{surface.name} is being edited and was left as it is; build again afterwards")
        return
    marks.set(
        surface,
        "corners",
        [number for corner in corners for number in corner],
        lambda: [number for vertex in mesh.vertices for number in vertex.co],
        lambda new: _move_vertices(mesh, new),
    )


def _move_vertices(mesh: Any, numbers: list[float]) -> None:
    mesh.vertices.foreach_set("co", numbers)
    mesh.update()


def _light(marks: Marks, described: dict[str, Any], placement: Placement, collection: Any) -> None:
    mark = f"light {described['name']}"

    def make() -> Any:
        data = bpy.data.lights.new(described["name"], described["kind"])
        made = bpy.data.objects.new(described["name"], data)
        made.visible_camera = False
        collection.objects.link(made)
        return made

    lamp = marks.ensure("objects", mark, make)
    if lamp is None or lamp.type != "LIGHT":
        return
    target = Vector((placement.pivot[0], placement.pivot[1], 0.55 * placement.height))
    offset = _offset(described, placement)
    marks.attribute(lamp, "location", list(target + offset))
    marks.attribute(lamp, "rotation_euler", list((-offset).to_track_quat("-Z", "Y").to_euler()))
    metres = offset.length
    data = lamp.data
    values: dict[str, Any] = {
        "energy": described["strength"] * _WATTS[described["kind"]] * metres**2,
        "color": described["colour"],
    }
    if described["kind"] == "AREA":
        values |= {"shape": "DISK", "size": described["size"] * placement.height}
    else:
        values["shadow_soft_size"] = described["size"] * placement.height
    if described["kind"] == "SPOT":
        values |= {"spot_size": math.radians(described.get("cone", 60.0)), "spot_blend": 0.8}
    for name, value in values.items():
        if hasattr(data, name):
            marks.attribute(lamp, name, value, data)


def _offset(described: dict[str, Any], placement: Placement) -> Vector:
    """From the figure to the light. The key comes less from the side where the wall has little room for its shadow."""
    azimuth = math.radians(described["azimuth"])
    if described.get("casts_on_wall"):
        gap = placement.wall - placement.pivot[1]
        azimuth = min(azimuth, max(math.radians(16.0), math.atan2(placement.shadow_shift, gap)))
    elevation = math.radians(described["elevation"])
    level = math.cos(elevation)
    way = Vector((-placement.side * math.sin(azimuth) * level, -math.cos(azimuth) * level, math.sin(elevation)))
    return way * (described["distance"] * placement.height)


def _world(marks: Marks, described: dict[str, Any]) -> None:
    def make() -> Any:
        world = bpy.data.worlds.new("Surroundings")
        marks.scene.world = world
        return world

    world = marks.ensure("worlds", "world", make)
    if world is None:
        return
    node = next((item for item in versions.node_tree(world).nodes if item.type == "BACKGROUND"), None)
    if node is None:
        return
    for name, value in (("Color", [*described["colour"], 1.0]), ("Strength", described["strength"])):
        socket = node.inputs[name]
        marks.set(
            world,
            name,
            value,
            lambda socket=socket: _plain(socket.default_value),
            lambda new, socket=socket: setattr(socket, "default_value", new),
        )


def _plain(value: Any) -> Any:
    return value if isinstance(value, float) else [float(number) for number in value]
