# SPDX-License-Identifier: GPL-3.0-or-later
"""Which scene of a file owns what: one token a scene, also when the artist copies scenes, and which shot it shows.

Blender copies custom properties with a scene, so a copied scene has the token of its original. The next build of
either gives it one of its own, with everything that only it shows; what both show is copied for it, or stays with the
other where it is an object.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import bpy

from ..engine.shot import FILE_NAME
from . import nodes, paths, versions
from .marks import ID, MADE, TOKEN, Marks, is_own

SHOT = "lineboil_shot"
STAMP = "lineboil_stamp"
SOUND = "lineboil_sound"


def claim(marks: Marks, root: Path) -> None:
    """Make sure that the scene has a token that no other scene has, and remember its shot in it.

    Two scenes that show the same objects of the same shot keep one token: what they show is one thing.
    """
    scene = marks.scene
    shown = shot_of(scene, marks.blend)
    if not marks.token:
        marks.token = scene[TOKEN] = _new_token()
        _adopt(scene, marks.token)
    elif twins := [item for item in bpy.data.scenes if item != scene and item.get(TOKEN) == marks.token]:
        own, theirs = _uses(scene), {item for twin in twins for item in _uses(twin)}
        is_shared = any(item.get(TOKEN) == marks.token and item in theirs for item in scene.objects)
        if not (is_shared and paths.is_same(shown, root)):
            _part(marks, own, theirs)
    _remember_shot(marks, root)


def shot_of(scene: Any, blend: Path | None) -> Path | None:
    """Folder of the shot that a scene was built from last; None when nothing tells.

    Its pictures tell: Blender keeps their paths right when the file is saved elsewhere, and the artist may have chosen
    another shot for the scene since. The scene's own word counts where they show no shot that is there.
    """
    token = scene.get(TOKEN)
    for image in bpy.data.images:
        if image.get(ID) == "colour" and image.get(TOKEN) == token and is_own(image):
            place = paths.absolute(image.filepath, blend)
            root = next(iter(place.parents[2:3]), None) if place is not None else None
            if root is not None and (root / FILE_NAME).is_file():
                return root
    return paths.absolute(str(scene.get(SHOT, "")), blend)


def _remember_shot(marks: Marks, root: Path) -> None:
    text, before = paths.text_of(root, marks.blend), str(marks.scene.get(SHOT, ""))
    if before != text:
        marks.scene[SHOT] = text
        # Other words for the same place are no reason to write a file anew.
        if not paths.is_same(paths.absolute(before, marks.blend), root):
            marks.changes.append("shot")


def _new_token() -> str:
    return uuid.uuid4().hex[:12]


def _adopt(scene: Any, token: str) -> None:
    """Take what a version without tokens has built: everything, or what only this scene shows of several."""
    if MADE not in scene:
        return
    others = [item for item in bpy.data.scenes if item != scene and MADE in item and TOKEN not in item]
    theirs = {item for other in others for item in _uses(other)}
    for item in _uses(scene) if others else _everything():
        if ID in item and TOKEN not in item and is_own(item) and item not in theirs:
            item[TOKEN] = token


def _everything() -> Iterator[Any]:
    for kind in ("objects", "collections", "materials", "node_groups", "images", "worlds"):
        yield from getattr(bpy.data, kind)


def _part(marks: Marks, own: list[Any], theirs: set[Any]) -> None:
    """Give a copied scene its own token, and what goes with it."""
    scene, old = marks.scene, marks.token
    ours = [item for item in own if item.get(TOKEN) == old and is_own(item)]
    marks.token = scene[TOKEN] = _new_token()
    for item in ours:
        if item not in theirs:
            item[TOKEN] = marks.token
    kept = [item for item in scene.objects if item.get(TOKEN) == marks.token]
    if kept:
        for item in ours:
            if item in theirs and isinstance(item, _copied_types()):
                made = item.copy()
                made[TOKEN] = marks.token
                _replace(kept, scene, item, made)
    else:
        # Nothing of it is left to this scene: it is built anew, as if nothing had ever been made.
        marks.forget()
        for key in (SOUND, STAMP):
            if key in scene:
                del scene[key]
    marks.changes.append("scene of its own")


def _copied_types() -> tuple[type[Any], ...]:
    return (bpy.types.Material, bpy.types.NodeTree, bpy.types.Image, bpy.types.World)


def _uses(scene: Any) -> list[Any]:
    """Everything of the kinds we make that a scene shows, materials before the images in them."""
    objects = list(scene.objects)
    materials = _unique(material for item in objects for material in _materials(item))
    groups = _unique(modifier.node_group for item in objects for modifier in _reliefs(item))
    shown = (node.image for material in materials for node in _image_nodes(material))
    sampled = (value for item in objects for modifier in _reliefs(item) for value in _images_of(modifier))
    images = _unique((*shown, *sampled))
    return [*objects, *scene.collection.children_recursive, *materials, *groups, *images, *_unique([scene.world])]


def _unique(items: Iterable[Any]) -> list[Any]:
    return [item for item in dict.fromkeys(items) if item is not None]


def _materials(item: Any) -> Iterator[Any]:
    for slot in item.material_slots:
        yield slot.material
    for modifier in _reliefs(item):
        yield from _values_of(modifier, "Material")


def _reliefs(item: Any) -> list[Any]:
    return [
        modifier
        for modifier in item.modifiers
        if modifier.type == "NODES" and modifier.node_group and modifier.node_group.get(ID) == nodes.MARK
    ]


def _images_of(modifier: Any) -> Iterator[Any]:
    yield from _values_of(modifier, "Depth")
    yield from _values_of(modifier, "Matte")


def _values_of(modifier: Any, name: str) -> Iterator[Any]:
    identifier = nodes.socket_identifier(modifier.node_group, name)
    value = versions.modifier_input(modifier, identifier)
    if value is not None:
        yield value


def _image_nodes(material: Any) -> list[Any]:
    if material.node_tree is None:
        return []
    return [node for node in material.node_tree.nodes if node.type == "TEX_IMAGE" and node.image is not None]


def _replace(objects: list[Any], scene: Any, old: Any, new: Any) -> None:
    """Have these objects, and nobody else, use `new` in place of `old`."""
    if scene.world == old:
        scene.world = new
    for item in objects:
        for slot in item.material_slots:
            if slot.material == old:
                slot.material = new
        for modifier in _reliefs(item):
            _replace_input(modifier, old, new)
        for material in _unique(_materials(item)):
            if material.get(TOKEN) == scene[TOKEN]:
                for node in _image_nodes(material):
                    node.image = new if node.image == old else node.image


def _replace_input(modifier: Any, old: Any, new: Any) -> None:
    if modifier.node_group == old:
        _replace_group(modifier, new)
    for name in ("Depth", "Matte", "Material"):
        identifier = nodes.socket_identifier(modifier.node_group, name)
        if versions.modifier_input(modifier, identifier) == old:
            versions.set_modifier_input(modifier, identifier, new)


def _replace_group(modifier: Any, new: Any) -> None:
    sockets = [item for item in new.interface.items_tree if item.item_type == "SOCKET" and item.in_out == "INPUT"]
    names = [item.identifier for item in sockets if item.socket_type != "NodeSocketGeometry"]
    values = {name: versions.modifier_input(modifier, name) for name in names}
    modifier.node_group = new
    for name, value in values.items():
        if value is not None:
            versions.set_modifier_input(modifier, name, value)
