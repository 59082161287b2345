# SPDX-License-Identifier: GPL-3.0-or-later
"""What we made and what the artist changed of it.

Everything made carries the custom property `lineboil_id`. Each value set is remembered beside it; when the scene is
built again a value is renewed only where it still is what the last build left. What the artist has deleted stays
deleted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import bpy

from . import versions

ID = "lineboil_id"
BUILT = "lineboil_built"
MADE = "lineboil_made"
VERSION = "lineboil_version"
_KINDS = ("objects", "materials", "meshes", "lights", "cameras", "worlds", "images", "node_groups", "collections")


class Marks:
    """The marks of one scene, and what this build changed.

    Args:
        scene: Holds the list of everything ever made.
    """

    def __init__(self, scene: Any) -> None:
        self.scene = scene
        self.changes: list[str] = []
        self._made: set[str] = set(json.loads(scene.get(MADE, "[]")))

    def find(self, kind: str, name: str) -> list[Any]:
        """All datablocks of a kind ("objects") with this mark; the artist may have made copies."""
        return [item for item in getattr(bpy.data, kind) if item.get(ID) == name and item.library is None]

    def ensure(self, kind: str, name: str, make: Callable[[], Any], *, essential: bool = False) -> Any:
        """The datablock with this mark, made when it was never made; None when the artist deleted it.

        Args:
            kind: "objects", "materials"...
            name: The mark.
            make: Makes it.
            essential: Make it again even when it was deleted.
        """
        found = self.find(kind, name)
        if found:
            return found[0]
        key = f"{kind}/{name}"
        if key in self._made and not essential:
            return None
        made = make()
        made[ID] = name
        self._made.add(key)
        self.scene[MADE] = json.dumps(sorted(self._made))
        self.changes.append(f"made {made.name}")
        return made

    def set(self, owner: Any, key: str, value: Any, read: Callable[[], Any], write: Callable[[Any], None]) -> None:
        """Give a value unless the artist has changed it since the last build.

        Args:
            owner: Datablock that remembers the value.
            key: Under which it is remembered.
            value: JSON-able: a number, text, or list of numbers.
            read: The present value in the same form.
            write: Sets it.
        """
        built = json.loads(owner.get(BUILT, "{}"))
        present = read()
        if key in built and not same(present, built[key]):
            return
        if not same(present, value):
            write(value)
            self.changes.append(f"{owner.name}: {key}")
        if key not in built or built[key] != value:
            built[key] = value
            owner[BUILT] = json.dumps(built, sort_keys=True)

    def attribute(self, owner: Any, path: str, value: Any, holder: Any = None) -> None:
        """`set` for a plain attribute of `owner`, or of `holder` inside it."""
        target = owner if holder is None else holder
        self.set(owner, path, value, lambda: plain(getattr(target, path)), lambda new: setattr(target, path, new))

    def curve(self, owner: Any, path: str, index: int, frames: list[float], values: list[float], kind: str) -> None:
        """`set` for a whole F-curve."""
        wanted = [round(number, 5) for pair in zip(frames, values, strict=True) for number in pair]
        self.set(
            owner,
            f"{path}[{index}]",
            wanted,
            lambda: versions.curve_values(owner, path, index) or [],
            lambda new: versions.set_curve(owner, path, index, new[0::2], new[1::2], kind),
        )


def plain(value: Any) -> Any:
    """A property's value as numbers, texts and lists."""
    if isinstance(value, str | bool | int | float):
        return value
    return [float(number) for number in value]


def same(first: Any, second: Any) -> bool:
    """Equality within Blender's single precision."""
    if isinstance(first, list) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(same(a, b) for a, b in zip(first, second, strict=True))
    if isinstance(first, int | float) and isinstance(second, int | float):
        return abs(first - second) <= 1e-4 * max(1.0, abs(first), abs(second))
    return first == second


def marked(name: str) -> Iterator[Any]:
    """Everything with this mark, of every kind."""
    for kind in _KINDS:
        for item in getattr(bpy.data, kind):
            if item.get(ID) == name:
                yield item
