# SPDX-License-Identifier: GPL-3.0-or-later
"""The cut-out itself: image sequences, the filming camera's place, the card with its relief, the focus."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from ..engine.errors import InputError
from . import nodes, versions
from .marks import BUILT, Marks, is_own
from .material import OWN_LIGHT, make_figure_material, shader_of
from .paths import text_of
from .placement import Placement

_IMAGES = {"colour": ("cutout/colour", "sRGB"), "matte": ("matte", "Non-Color"), "depth": ("cutout/depth", "Non-Color")}


def load_pictures(marks: Marks, job: dict[str, Any]) -> None:
    """Make or renew the image sequences."""
    for name, (folder, space) in _IMAGES.items():
        target = Path(job["root"]) / folder / f"{job['clip']['first']:06d}.png"
        marks.ensure("images", name, partial(_sequence, marks, name, target, space), essential=True)
        for image in marks.find("images", name):
            read, write = partial(getattr, image, "filepath"), partial(setattr, image, "filepath")
            marks.path(image, "filepath", target, read, write)


def _sequence(marks: Marks, name: str, target: Path, space: str) -> Any:
    try:
        image = bpy.data.images.load(str(target), check_existing=False)
    except RuntimeError as error:
        raise InputError(
            f"Blender cannot read this picture ({str(error).strip()})", where=str(target), remedy="Run the shot again."
        ) from error
    image.name, image.source = f"Figure {name}", "SEQUENCE"
    image.colorspace_settings.name = space
    image.filepath = text_of(target, marks.blend)
    return image


def make_material(marks: Marks, job: dict[str, Any]) -> None:
    """Make or renew the figure's material, and the range of every texture that shows one of our sequences."""
    images = _images(marks)
    material = marks.ensure(
        "materials", "figure", lambda: make_figure_material(images["colour"], images["matte"]), essential=True
    )
    _set_sequence_users(marks, job, images)
    shader = shader_of(material)
    if shader is not None:
        marks.attribute(material, "default_value", job["settings"]["own_light"], shader.inputs[OWN_LIGHT])


def make_relief(marks: Marks) -> None:
    """Make the node group of the relief, or bring it to this version."""
    group, is_renewed = nodes.ensure_relief_group(marks.find("node_groups", nodes.MARK))
    if is_renewed:
        marks.mark(group, nodes.MARK)
        marks.changes.append(group.name)


def place_card(marks: Marks, job: dict[str, Any]) -> None:
    """Make or renew the card and what it hangs on."""
    collection = marks.need("collections", "figure")
    filming = marks.ensure("objects", "filming", lambda: _empty("Filming Camera", collection), essential=True)
    images, material = _images(marks), marks.need("materials", "figure")
    group = marks.need("node_groups", nodes.MARK)
    marks.ensure("objects", "card", lambda: _card(filming, collection, group, material), essential=True)
    for copy in marks.find("objects", "card"):
        _set_relief(marks, copy, job, images, material)


def aim(marks: Marks, job: dict[str, Any], placement: Placement) -> None:
    """Stand the filming camera level at its height over the floor, and put the focus on the figure."""
    filming, collection = marks.need("objects", "filming"), marks.need("collections", "figure")
    frames, heights = job["subject"]["frames"], placement.camera_heights
    marks.attribute(filming, "rotation_euler", [math.pi / 2, 0.0, 0.0])
    if len(heights) == 1:
        marks.attribute(filming, "location", [0.0, 0.0, heights[0]])
    else:
        marks.curve(filming, "location", 2, frames, heights, "LINEAR")
    focus = marks.ensure("objects", "focus", lambda: _empty("Focus", collection, filming))
    if focus is not None:
        marks.curve(focus, "location", 2, frames, [-metres for metres in job["subject"]["distance"]], "LINEAR")


def _images(marks: Marks) -> dict[str, Any]:
    return {name: marks.need("images", name) for name in _IMAGES}


def _set_sequence_users(marks: Marks, job: dict[str, Any], images: dict[str, Any]) -> None:
    """Give every shader texture that shows one of our sequences its range."""
    clip = job["clip"]
    wanted = {
        "frame_duration": clip["count"],
        "frame_start": clip["start"],
        "frame_offset": clip["first"] - 1,
        "use_auto_refresh": True,
        "use_cyclic": False,
    }
    ours = list(images.values())
    users = bpy.data.user_map(subset=ours, value_types={"MATERIAL"})
    materials = {item for found in users.values() for item in found if is_own(item) and item.node_tree}
    for material in sorted(materials, key=lambda item: item.name):
        for node in material.node_tree.nodes:
            if node.type == "TEX_IMAGE" and node.image in ours:
                _set_range(marks, material, node, wanted)


def _set_range(marks: Marks, material: Any, node: Any, wanted: dict[str, Any]) -> None:
    user = node.image_user
    for name, value in wanted.items():
        read, write = partial(getattr, user, name), partial(setattr, user, name)
        marks.set(material, f"{node.name}.{name}", value, read, write)


def _empty(name: str, collection: Any, parent: Any = None) -> Any:
    made = bpy.data.objects.new(name, None)
    made.empty_display_size = 0.2
    made.parent = parent
    collection.objects.link(made)
    return made


def _card(filming: Any, collection: Any, group: Any, material: Any) -> Any:
    card = bpy.data.objects.new("Figure", bpy.data.meshes.new("Figure"))
    card.parent = filming
    card.data.materials.append(material)
    collection.objects.link(card)
    card.modifiers.new("Relief", "NODES").node_group = group
    return card


def _set_relief(marks: Marks, card: Any, job: dict[str, Any], images: dict[str, Any], material: Any) -> None:
    modifier = next((item for item in card.modifiers if item.type == "NODES" and item.node_group), None)
    if modifier is None or modifier.node_group.get("lineboil_id") != nodes.MARK:
        return
    is_new = BUILT not in card
    for name, value in (("Depth", images["depth"]), ("Matte", images["matte"]), ("Material", material)):
        identifier = nodes.socket_identifier(modifier.node_group, name)
        if is_new or versions.modifier_input(modifier, identifier) is None:
            versions.set_modifier_input(modifier, identifier, value)
    for name, value in _relief_values(job).items():
        identifier = nodes.socket_identifier(modifier.node_group, name)
        marks.set(
            card,
            name,
            value,
            lambda identifier=identifier: versions.modifier_input(modifier, identifier),
            lambda new, identifier=identifier: versions.set_modifier_input(modifier, identifier, new),
        )


def _relief_values(job: dict[str, Any]) -> dict[str, Any]:
    clip, depth = job["clip"], job["depth"]
    columns = job["settings"]["columns"] or min(640, max(clip["width"] // 2, 160))
    width = clip["width"] / depth["focal_pixels"]
    return {
        "Columns": columns,
        "Rows": max(4, round(columns * clip["height"] / clip["width"])),
        "Width at 1 m": width,
        "Height at 1 m": width * clip["height"] / clip["width"],
        "Near": depth["near_metres"],
        "Far": depth["far_metres"],
        "Relief": job["settings"]["relief"],
        "Pivot Distance": job["subject"]["typical_metres"],
        "Start": clip["start"],
        "First File": clip["first"],
        "Count": clip["count"],
    }
