# SPDX-License-Identifier: GPL-3.0-or-later
"""`keys.json`: which frames are redrawn, why, and what the artist changed about it.

The artist may edit the file by hand or through a program. A key without `added_by` is the artist's. `chosen` tells
what the program chose last, so that a key taken away or moved by hand is noticed; `removed` keeps it away for good.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

from .errors import InputError, MissingError

FILE_NAME = "keys.json"
FORMAT = 1
AddedBy = Literal["lineboil", "artist"]
_REMEDY = "Mend it, or delete it to have the keys chosen anew."


@dataclass(frozen=True)
class Key:
    """One frame that is redrawn.

    Attributes:
        frame: Its number, from 1.
        reason: Why, in words.
        region: What of the picture is redrawn: "all", or the name of a region.
        cell: Column and row in its grid of keys, where keys are laid in grids.
        locked: Stays, whatever a new choice says.
        added_by: "lineboil" or "artist".
        more: Fields of the file that this version does not know; kept.
    """

    frame: int
    reason: str = ""
    region: str = "all"
    cell: tuple[int, int] | None = None
    locked: bool = False
    added_by: AddedBy = "artist"
    more: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def is_fixed(self) -> bool:
        """Whether a new choice must keep it."""
        return self.locked or self.added_by == "artist"


@dataclass(frozen=True)
class KeyList:
    """All keys of a shot.

    Attributes:
        keys: Ascending by frame.
        removed: Frames the artist does not want as keys, ascending.
        chosen: Frames the program chose last, ascending.
        more: Fields of the file that this version does not know; kept.
    """

    keys: tuple[Key, ...] = ()
    removed: tuple[int, ...] = ()
    chosen: tuple[int, ...] = ()
    more: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def frames(self) -> tuple[int, ...]:
        """Frames of the keys, ascending."""
        return tuple(key.frame for key in self.keys)

    @property
    def fixed(self) -> tuple[Key, ...]:
        """Keys that a new choice must keep."""
        return tuple(key for key in self.keys if key.is_fixed)


def load_keys(path: Path) -> KeyList:
    """The keys of a `keys.json`, with what was taken away or moved by hand worked out.

    Raises:
        MissingError: There is no such file.
        InputError: It is broken; says where.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise MissingError("no keys are chosen yet", where=str(path), remedy="Run the keys stage.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("cannot be read as text", where=str(path), remedy=_REMEDY) from error
    return _with_edits_by_hand(parse_keys(text, where=str(path)))


def key_frames(shot_root: Path) -> tuple[int, ...]:
    """Frames of the keys of a shot, ascending; none before the keys stage ran.

    Raises:
        InputError: `keys.json` is broken.
    """
    path = shot_root / FILE_NAME
    return load_keys(path).frames if path.is_file() else ()


def locked_frames(shot_root: Path) -> tuple[int, ...]:
    """Frames of the keys that the artist has locked, ascending.

    Raises:
        InputError: The file is broken.
    """
    path = shot_root / FILE_NAME
    return tuple(key.frame for key in load_keys(path).keys if key.locked) if path.is_file() else ()


def parse_keys(text: str, *, where: str) -> KeyList:
    """The keys of the text of a `keys.json`, as they stand there.

    Raises:
        InputError: Not JSON, from a newer version, or a field of the wrong kind.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise InputError(f"is not valid JSON: {error}", where=where, remedy=_REMEDY) from error
    if not isinstance(data, dict) or not isinstance(cast(dict[str, Any], data).get("keys"), list):
        raise InputError('has no list named "keys"', where=where, remedy=_REMEDY)
    values = cast(dict[str, Any], data)
    _check_format(values.pop("format", FORMAT), where)
    keys = [_parse_key(item, where) for item in values.pop("keys")]
    removed, chosen = (_parse_frames(values.pop(name, []), name, where) for name in ("removed", "chosen"))
    doubles = {key.frame for key in keys if sum(other.frame == key.frame for other in keys) > 1}
    if doubles:
        raise InputError(f"frame {min(doubles)} is in it twice", where=where, remedy=_REMEDY)
    return KeyList(tuple(sorted(keys, key=lambda key: key.frame)), removed, chosen, values)


def keys_text(keys: KeyList) -> str:
    """The text of a `keys.json`: one key a line."""
    lines = [json.dumps(_key_values(key), ensure_ascii=False) for key in sorted(keys.keys, key=lambda key: key.frame)]
    listed = "[\n  " + ",\n  ".join(lines) + "\n ]" if lines else "[]"
    parts = [
        f'"format": {FORMAT}',
        f'"keys": {listed}',
        f'"removed": {json.dumps(sorted(keys.removed))}',
        f'"chosen": {json.dumps(sorted(keys.chosen))}',
        *(f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in sorted(keys.more.items())),
    ]
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def merge(before: KeyList, chosen: Iterable[Key]) -> KeyList:
    """A new choice together with what the artist decided: fixed keys stay as they are, removed frames stay away."""
    fixed = {key.frame: key for key in before.fixed}
    fresh = [key for key in chosen if key.frame not in fixed and key.frame not in before.removed]
    keys = sorted([*fixed.values(), *fresh], key=lambda key: key.frame)
    own = sorted(key.frame for key in keys if key.added_by == "lineboil")
    return replace(before, keys=tuple(keys), chosen=tuple(own))


def interval_of(frame: int, frames: Iterable[int], scene: tuple[int, int]) -> tuple[int | None, int | None]:
    """The nearest keys at or before, and at or after a frame, inside its scene; None where there is none."""
    inside = [key for key in frames if scene[0] <= key <= scene[1]]
    before = [key for key in inside if key <= frame]
    after = [key for key in inside if key >= frame]
    return (max(before) if before else None, min(after) if after else None)


def _with_edits_by_hand(keys: KeyList) -> KeyList:
    present = set(keys.frames)
    removed = (set(keys.removed) | set(keys.chosen)) - present
    moved = [
        replace(key, added_by="artist") if key.added_by == "lineboil" and key.frame not in keys.chosen else key
        for key in keys.keys
    ]
    return replace(keys, keys=tuple(moved), removed=tuple(sorted(removed)))


def _check_format(number: Any, where: str) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise InputError('has no usable "format"', where=where, remedy=_REMEDY)
    if number > FORMAT:
        raise InputError(
            f"was made by a newer Lineboil (format {number})", where=where, remedy="Update Lineboil to use it."
        )


def _parse_key(item: Any, where: str) -> Key:
    if not isinstance(item, dict):
        raise InputError(f'holds {json.dumps(item)} where a key {{"frame": …}} belongs', where=where, remedy=_REMEDY)
    values = dict(cast(dict[str, Any], item))
    frame = values.pop("frame", None)
    if not _is_frame(frame):
        raise InputError(f'has a key whose "frame" is {json.dumps(frame)}', where=where, remedy=_REMEDY)
    place = f"{where}, frame {frame}"
    return Key(
        frame=cast(int, frame),
        reason=_take(values, "reason", str, "", place),
        region=_take(values, "region", str, "all", place),
        cell=_parse_cell(values.pop("cell", None), place),
        locked=_take(values, "locked", bool, False, place),
        added_by=_parse_added_by(values.pop("added_by", "artist"), place),
        more=values,
    )


def _take(values: dict[str, Any], name: str, kind: type[Any], default: Any, where: str) -> Any:
    value = values.pop(name, default)
    if not isinstance(value, kind):
        expected = "true or false" if kind is bool else "a text"
        raise InputError(f'"{name}" is {json.dumps(value)}, not {expected}', where=where, remedy=_REMEDY)
    return value


def _parse_cell(value: Any, where: str) -> tuple[int, int] | None:
    if value is None:
        return None
    parts = cast(list[Any], value) if isinstance(value, list) else []
    if len(parts) != 2 or not all(isinstance(part, int) and not isinstance(part, bool) for part in parts):
        raise InputError(f'"cell" is {json.dumps(value)}, not [column, row] or null', where=where, remedy=_REMEDY)
    return cast(int, parts[0]), cast(int, parts[1])


def _parse_added_by(value: Any, where: str) -> AddedBy:
    if value not in ("lineboil", "artist"):
        raise InputError(f'"added_by" is {json.dumps(value)}, not "lineboil" or "artist"', where=where, remedy=_REMEDY)
    return cast(AddedBy, value)


def _parse_frames(value: Any, name: str, where: str) -> tuple[int, ...]:
    if not isinstance(value, list) or not all(_is_frame(item) for item in cast(list[Any], value)):
        raise InputError(f'"{name}" is not a list of frame numbers', where=where, remedy=_REMEDY)
    return tuple(sorted(set(cast(list[int], value))))


def _is_frame(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _key_values(key: Key) -> dict[str, Any]:
    return {
        "frame": key.frame,
        "reason": key.reason,
        "region": key.region,
        "cell": key.cell,
        "locked": key.locked,
        "added_by": key.added_by,
        **key.more,
    }
