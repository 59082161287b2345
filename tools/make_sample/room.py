# SPDX-License-Identifier: GPL-3.0-or-later
"""The room: wooden floor, painted wall with a rail, a picture, a plant and a bench; lights and camera."""

import bpy
import numpy as np
from mathutils import Vector

from .motion import FRAME_COUNT, FRAME_RATE
from .part import srgb

WALL_Y = 1.25
CAMERA_PLACE, CAMERA_TARGET, CAMERA_LENS = (0.62, -4.50, 1.22), (0.05, 0.0, 0.845), 46.5


def build_room() -> None:
    """Make set, lights and camera in the current scene."""
    _floor()
    _box("wall", (0.0, WALL_Y + 0.05, 1.6), (9.0, 0.1, 3.6), _paint("wall", "7d9c93", 0.9, mottle=0.05))
    _box("panel", (0.0, WALL_Y - 0.008, 0.42), (9.0, 0.03, 0.84), _paint("panel", "e4dccb", 0.7, mottle=0.02))
    _box("rail", (0.0, WALL_Y - 0.025, 0.85), (9.0, 0.07, 0.04), _paint("rail", "efe8da", 0.6))
    _box("skirting", (0.0, WALL_Y - 0.03, 0.06), (9.0, 0.05, 0.12), _paint("rail", "efe8da", 0.6))
    for column in np.arange(-4.0, 4.1, 0.62).tolist():
        _box("batten", (column, WALL_Y - 0.024, 0.48), (0.05, 0.03, 0.70), _paint("rail", "efe8da", 0.6))
    _picture((-1.22, WALL_Y - 0.02, 1.42), 0.62, 0.78)
    _bench(1.42)
    _plant((-1.58, 0.78, 0.0))
    _lights()
    _camera()


def _paint(name: str, code: str, roughness: float, mottle: float = 0.0) -> bpy.types.Material:
    if name in bpy.data.materials:
        return bpy.data.materials[name]
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    shader = next(node for node in nodes if node.type == "BSDF_PRINCIPLED")
    shader.inputs["Roughness"].default_value = roughness
    colour = srgb(code)
    shader.inputs["Base Color"].default_value = (*colour.tolist(), 1.0)
    if mottle:
        noise = nodes.new("ShaderNodeTexNoise")
        noise.inputs["Scale"].default_value = 3.0
        noise.inputs["Detail"].default_value = 6.0
        place = nodes.new("ShaderNodeTexCoord")
        links.new(place.outputs["Object"], noise.inputs["Vector"])
        ramp = nodes.new("ShaderNodeValToRGB")
        for element, factor in zip(ramp.color_ramp.elements, (1 - 5 * mottle, 1 + 5 * mottle), strict=True):
            element.color = (*(colour * factor).tolist(), 1.0)
        links.new(noise.outputs["Fac"], ramp.inputs["Fac"])
        links.new(ramp.outputs["Color"], shader.inputs["Base Color"])
    return made


def _box(
    name: str, centre: tuple[float, float, float], size: tuple[float, float, float], surface: bpy.types.Material
) -> bpy.types.Object:
    corners = [
        [(i - 0.5) * size[0], (j - 0.5) * size[1], (k - 0.5) * size[2]] for i in (0, 1) for j in (0, 1) for k in (0, 1)
    ]
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return _mesh(name, corners, faces, surface, centre)


def _mesh(
    name: str,
    vertices: list[list[float]],
    faces: list[tuple[int, ...]],
    surface: bpy.types.Material,
    place: tuple[float, float, float],
) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices, [], faces)
    mesh.materials.append(surface)
    thing = bpy.data.objects.new(name, mesh)
    thing.location = place
    bpy.context.scene.collection.objects.link(thing)
    return thing


def _floor() -> None:
    generator = np.random.default_rng(7)
    shades = [
        _paint(f"plank{i}", code, 0.42, mottle=0.025) for i, code in enumerate(("9a6a43", "a87850", "8d5f3c", "b08257"))
    ]
    for row, y in enumerate(np.arange(-4.2, WALL_Y, 0.16).tolist()):
        x = -4.6 - float(generator.uniform(0, 1.2))
        while x < 4.6:
            length = float(generator.uniform(0.9, 1.6))
            shade = shades[int(generator.integers(4))]
            _box(f"plank{row}", (x + length / 2, y + 0.08, -0.02), (length - 0.004, 0.156, 0.04), shade)
            x += length
    _box("gap", (0.0, -1.5, -0.035), (10.0, 6.0, 0.04), _paint("gap", "3a2415", 0.9))


def _picture(centre: tuple[float, float, float], width: float, height: float) -> None:
    x, y, z = centre
    _box("frame", centre, (width, 0.04, height), _paint("frame", "4a3020", 0.5))
    _box("mount", (x, y - 0.012, z), (width - 0.06, 0.03, height - 0.06), _paint("mount", "f1ead9", 0.8))
    _box("sky", (x, y - 0.016, z), (width - 0.2, 0.03, height - 0.22), _paint("sky", "d9a05a", 0.8))
    _disc("sun", (x + 0.07, y - 0.033, z + 0.09), 0.075, _paint("sun", "b8452d", 0.8))
    _disc("hill", (x - 0.06, y - 0.034, z - 0.17), 0.115, _paint("hill", "3f5d5a", 0.8))


def _disc(name: str, centre: tuple[float, float, float], radius: float, surface: bpy.types.Material) -> None:
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    _mesh(
        name,
        [[radius * float(np.cos(a)), 0.0, radius * float(np.sin(a))] for a in angles],
        [tuple(range(48))],
        surface,
        centre,
    )


def _bench(x: float) -> None:
    wood = _paint("bench", "7a4d2c", 0.45, mottle=0.03)
    _box("seat", (x, 0.92, 0.43), (0.95, 0.36, 0.05), wood)
    for side in (-0.4, 0.4):
        _box("leg", (x + side, 0.92, 0.205), (0.06, 0.30, 0.41), wood)
    for number, (code, thick) in enumerate((("2f4a63", 0.045), ("c9a03f", 0.035), ("a5402c", 0.04))):
        _box(
            f"book{number}",
            (x - 0.2 + 0.015 * number, 0.92, 0.476 + 0.04 * number),
            (0.26, 0.19, thick),
            _paint(f"book{number}", code, 0.7),
        )
    _lathe(
        "vase",
        (x + 0.22, 0.92, 0.455),
        ((0.05, 0.0), (0.085, 0.07), (0.08, 0.16), (0.035, 0.24), (0.045, 0.28)),
        _paint("vase", "dfe3e0", 0.25),
    )


def _lathe(
    name: str, place: tuple[float, float, float], profile: tuple[tuple[float, float], ...], surface: bpy.types.Material
) -> None:
    turns = 40
    vertices = [
        [r * float(np.cos(a)), r * float(np.sin(a)), z]
        for r, z in profile
        for a in np.arange(turns) * 2 * np.pi / turns
    ]
    faces = [
        (ring * turns + i, ring * turns + (i + 1) % turns, (ring + 1) * turns + (i + 1) % turns, (ring + 1) * turns + i)
        for ring in range(len(profile) - 1)
        for i in range(turns)
    ]
    _mesh(name, vertices, faces, surface, place).data.shade_smooth()


def _plant(place: tuple[float, float, float]) -> None:
    x, y, z = place
    _lathe(
        "pot",
        place,
        ((0.13, 0.0), (0.17, 0.28), (0.18, 0.34), (0.15, 0.34), (0.14, 0.28)),
        _paint("pot", "c26a42", 0.7, mottle=0.03),
    )
    _disc_flat("soil", (x, y, z + 0.30), 0.15, _paint("soil", "2b1d14", 0.95))
    generator = np.random.default_rng(3)
    leaves = [_paint(f"leaf{i}", code, 0.45) for i, code in enumerate(("2f5d3a", "3f7446", "557f3d"))]
    for number in range(15):
        azimuth = number * 2.4 + float(generator.uniform(-0.3, 0.3))
        lean, length = float(generator.uniform(0.15, 0.75)), float(generator.uniform(0.55, 0.95))
        _leaf(f"leaf{number}", (x, y, z + 0.28), azimuth, lean, length, leaves[number % 3])


def _disc_flat(name: str, centre: tuple[float, float, float], radius: float, surface: bpy.types.Material) -> None:
    angles = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    _mesh(
        name,
        [[radius * float(np.cos(a)), radius * float(np.sin(a)), 0.0] for a in angles],
        [tuple(range(32))],
        surface,
        centre,
    )


def _leaf(
    name: str,
    place: tuple[float, float, float],
    azimuth: float,
    lean: float,
    length: float,
    surface: bpy.types.Material,
) -> None:
    vertices: list[list[float]] = []
    count = 10
    out, side = np.array([np.cos(azimuth), np.sin(azimuth), 0]), np.array([-np.sin(azimuth), np.cos(azimuth), 0])
    for i in range(count + 1):
        t = i / count
        centre = out * length * (lean * t + 0.35 * t**2.5) + np.array([0, 0, length * (t - 0.45 * lean * t**2.5)])
        width = 0.055 * np.sin(np.pi * min(t * 0.93 + 0.07, 1.0)) ** 0.8 + 0.003
        vertices += [
            (centre + side * width).tolist(),
            (centre - out * 0.012).tolist(),
            (centre - side * width).tolist(),
        ]
    faces = [(3 * i + k, 3 * i + k + 1, 3 * i + k + 4, 3 * i + k + 3) for i in range(count) for k in (0, 1)]
    _mesh(name, vertices, faces, surface, place).data.shade_smooth()


def _lights() -> None:
    scene = bpy.context.scene
    world = bpy.data.worlds.new("room")
    world.use_nodes = True
    background = next(node for node in world.node_tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (0.80, 0.88, 1.0, 1.0)
    background.inputs["Strength"].default_value = 0.42
    scene.world = world
    _area("window", (-2.6, -2.2, 2.7), (0.0, 0.2, 0.9), 1.1, 165.0, (1.0, 0.94, 0.84))
    _area("fill", (2.9, -2.6, 1.9), (0.0, 0.0, 1.0), 2.0, 38.0, (0.84, 0.91, 1.0))
    _area("rim", (1.7, 0.95, 2.7), (0.0, 0.0, 1.25), 0.7, 62.0, (1.0, 0.93, 0.85))


def _area(
    name: str,
    place: tuple[float, float, float],
    target: tuple[float, float, float],
    size: float,
    watts: float,
    colour: tuple[float, float, float],
) -> None:
    data = bpy.data.lights.new(name, "AREA")
    data.size, data.energy, data.color = size, watts, colour
    thing = bpy.data.objects.new(name, data)
    thing.location = place
    thing.rotation_euler = _facing(place, target)
    bpy.context.scene.collection.objects.link(thing)


def _facing(place: tuple[float, float, float], target: tuple[float, float, float]) -> tuple[float, float, float]:
    return tuple((Vector(target) - Vector(place)).to_track_quat("-Z", "Y").to_euler())  # type: ignore[return-value]


def _camera() -> None:
    """A hand-held camera: it drifts by a few centimetres."""
    scene = bpy.context.scene
    data = bpy.data.cameras.new("camera")
    data.lens = CAMERA_LENS
    thing = bpy.data.objects.new("camera", data)
    scene.collection.objects.link(thing)
    scene.camera = thing
    for frame in range(FRAME_COUNT + 2):
        t = frame / FRAME_RATE
        sway = (0.030 * np.sin(1.5 * t + 0.5) - 0.02 * t, 0.0, 0.012 * np.sin(2.6 * t))
        place = tuple(a + float(b) for a, b in zip(CAMERA_PLACE, sway, strict=True))
        thing.location = place
        thing.rotation_euler = _facing(place, CAMERA_TARGET)  # type: ignore[arg-type]
        thing.keyframe_insert("location", frame=frame)
        thing.keyframe_insert("rotation_euler", frame=frame)
