# SPDX-License-Identifier: GPL-3.0-or-later
"""What we made and what the artist changed of it.

Everything made carries the custom properties `lineboil_id` (what it is) and `lineboil_scene` (the token of the scene
it was made for). Each value set is remembered beside them; when the scene is built again a value is renewed only where
it still is what the last build left. What the artist has deleted stays deleted.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from ..engine.errors import BusyError
from . import paths, versions

ID = "lineboil_id"
TOKEN = "lineboil_scene"
BUILT = "lineboil_built"
MADE = "lineboil_made"
VERSION = "lineboil_version"
LEFT = "lineboil_left"


class Changes(list[str]):
    """What a build changed, in words.

    Attributes:
        notes: What the artist should know besides: what was left alone, what this Blender cannot do.
    """

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []


class Marks:
    """The marks of one scene. Made anew for every step of a build: it holds on to nothing of Blender's for longer.

    Args:
        scene: Holds the list of everything ever made for it, and its token.
        blend: Where the file is, or will be, saved; None when that is not known yet.
        changes: Told of every change.
    """

    def __init__(self, scene: Any, blend: Path | None, changes: Changes) -> None:
        self.scene = scene
        self.blend = blend
        self.changes = changes
        self.token: str = scene.get(TOKEN, "")
        self._made: set[str] = set(json.loads(scene.get(MADE, "[]")))
        self._left: set[str] = set(json.loads(scene.get(LEFT, "[]")))

    def find(self, kind: str, name: str) -> list[Any]:
        """All datablocks of a kind ("objects") with this mark; the artist may have made copies.

        What is linked from another file, overridden, or an object taken out of the scene is none of ours.
        """
        pool = self.scene.objects if kind == "objects" else getattr(bpy.data, kind)
        return [item for item in pool if item.get(ID) == name and item.get(TOKEN) == self.token and is_own(item)]

    def first(self, kind: str, name: str) -> Any:
        """The datablock with this mark, or None."""
        return next(iter(self.find(kind, name)), None)

    def need(self, kind: str, name: str) -> Any:
        """The datablock with this mark that an earlier step has made.

        Raises:
            BusyError: It was removed since.
        """
        found = self.first(kind, name)
        if found is None:
            raise BusyError(
                f'"{name}" was removed while the scene was being built', where=self.scene.name, remedy="Build again."
            )
        return found

    def ensure(self, kind: str, name: str, make: Callable[[], Any], *, essential: bool = False) -> Any:
        """The datablock with this mark, made when it was never made; None when the artist deleted it.

        Args:
            kind: "objects", "materials"...
            name: The mark.
            make: Makes it.
            essential: Make it again even when it was deleted.
        """
        found = self.first(kind, name)
        if found is not None:
            return found
        key = f"{kind}/{name}"
        if key in self._made and not essential:
            return None
        made = make()
        self.mark(made, name)
        self._made.add(key)
        self.scene[MADE] = json.dumps(sorted(self._made))
        self.changes.append(f"made {made.name}")
        return made

    def mark(self, made: Any, name: str) -> None:
        """Put this scene's mark on something made."""
        made[ID], made[TOKEN] = name, self.token

    def forget(self) -> None:
        """Take the scene as one for which nothing was ever made."""
        self._made.clear()
        self.scene[MADE] = "[]"

    def is_left(self, name: str) -> bool:
        """Whether this part of the scene's own settings is the artist's, and left alone."""
        return name in self._left

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
        _remember(owner, built, key, value)

    def path(self, owner: Any, key: str, target: Path, read: Callable[[], str], write: Callable[[str], None]) -> None:
        """`set` for the path of a file: it counts as changed only when it points elsewhere than it was made to.

        Saving the .blend in another place has Blender write its paths anew; that is nobody's change, and a path that
        leads nowhere since the shot was moved is none either.
        """
        built = json.loads(owner.get(BUILT, "{}"))
        present, wanted = read(), paths.text_of(target, self.blend)
        place = paths.absolute(present, self.blend)
        is_gone = place is not None and place.name == target.name and not place.exists()
        is_as_built = is_gone or present == built.get(key, present)
        is_there = paths.is_same(place, target)
        if not (is_as_built or is_there):
            return
        if present != wanted and is_as_built:
            write(wanted)
            self.changes.append(f"{owner.name}: {key}")
            present = wanted
        _remember(owner, built, key, present)

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


def _remember(owner: Any, built: dict[str, Any], key: str, value: Any) -> None:
    if key not in built or built[key] != value:
        built[key] = value
        owner[BUILT] = json.dumps(built, sort_keys=True)


def is_own(item: Any) -> bool:
    """Whether a datablock is this file's own: neither linked from a library nor an override of one."""
    return item.library is None and item.override_library is None


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
