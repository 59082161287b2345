# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of tries: pictures made while a look is being found, each with all that made it, in `state/tries`.

A try is a picture `000012.png` and a record `000012.json`. The record is written last and both are written whole, so
a process that is killed leaves a try or nothing. Old tries go when there are too many; those marked to be kept stay.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast

from . import settings as settings_module
from .cache import disk_error, write_atomic, write_json
from .errors import InputError, SettingError
from .schema.registry import BY_NAME

FOLDER = "tries"
STAGES = ("controls", "diffuse")
"""Stages whose settings a try keeps."""
MOST = 300
MOST_BYTES = 1 << 30
_FORMAT = 1
_DIGITS = 6
_KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,), "float": (int, float), "str": (str,), "bool": (bool,), "dict[str, Any]": (dict,),
    "tuple[int, ...]": (list,), "dict[str, dict[str, Any]]": (dict,),
}


@dataclass(frozen=True)
class Try:
    """One try.

    Attributes:
        number: From 1, in the order they were made.
        what: "key", "grid" or "redraw".
        frames: Frames the picture shows.
        settings: All settings of the stages in `STAGES`, by stage.
        keys: What single keys say of themselves (prompt, seed), by frame as text.
        made: When, seconds since 1970.
        seconds: How long it took.
        parent: The try it was branched from; 0 for none.
        note: What was told of it, in words.
        is_kept: The artist wants to keep it: it never goes by itself.
        facts: What the engine told: size, model, device.
    """

    number: int
    what: str
    frames: tuple[int, ...]
    settings: dict[str, dict[str, Any]]
    keys: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    made: float = 0.0
    seconds: float = 0.0
    parent: int = 0
    note: str = ""
    is_kept: bool = False
    facts: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def seed(self) -> int:
        """Seed it was drawn with."""
        return int(self.settings.get("diffuse", {}).get("seed", 0))

    def title(self) -> str:
        """One line: its number, what it shows and the values people look for first."""
        diffuse = self.settings.get("diffuse", {})
        shown = "frame " + ", ".join(str(frame) for frame in self.frames[:4]) + ("…" if len(self.frames) > 4 else "")
        parts = [f"{self.number}", shown, f"seed {self.seed}"]
        if "strength" in diffuse:
            parts.append(f"strength {diffuse['strength']:g}")
        return "  ".join(parts)


class Tries:
    """The tries of a shot.

    Args:
        state: The shot's state folder (`Shot.state`).
    """

    def __init__(self, state: Path) -> None:
        self.folder = state / FOLDER

    def picture(self, number: int) -> Path:
        """Where the picture of a try is."""
        return self.folder / f"{number:0{_DIGITS}d}.png"

    def _record(self, number: int) -> Path:
        return self.folder / f"{number:0{_DIGITS}d}.json"

    def numbers(self) -> list[int]:
        """Numbers of all tries, ascending; those whose record is damaged too."""
        with contextlib.suppress(OSError):
            return sorted(int(path.stem) for path in self.folder.glob("*.json") if path.stem.isdecimal())
        return []

    def all(self) -> list[Try]:
        """Every try that can be read and whose picture is there, ascending."""
        return [item for number in self.numbers() if (item := self._read(number)) is not None]

    def get(self, number: int) -> Try:
        """One try.

        Raises:
            InputError: There is none of this number, or it is damaged.
        """
        found = self._read(number)
        if found is None:
            numbers = self.numbers()
            there = f"There are {numbers[0]} to {numbers[-1]}." if numbers else "There are none yet: run lineboil try."
            raise InputError(f"there is no try {number} that can be read", where=str(self.folder), remedy=there)
        return found

    def _read(self, number: int) -> Try | None:
        try:
            data = json.loads(self._record(number).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(data, dict) or not self.picture(number).is_file():
            return None
        return _checked({**cast(dict[str, Any], data), "number": number})

    def add(self, picture: bytes, item: Try) -> Try:
        """Keep a picture with what made it.

        Args:
            picture: A whole PNG.
            item: Its number and time are given here.

        Raises:
            InputError: The disk is full or not writable.
        """
        number = max([0, *self.numbers(), *self._pictures()]) + 1
        new = replace(item, number=number, made=item.made or time.time())
        write_atomic(self.picture(number), picture, sync=True)
        self._save(new)
        self._make_room(number)
        return new

    def _pictures(self) -> Iterator[int]:
        with contextlib.suppress(OSError):
            yield from [int(path.stem) for path in self.folder.glob("*.png") if path.stem.isdecimal()]

    def _save(self, item: Try) -> None:
        values = asdict(item)
        del values["number"]
        write_json(self._record(item.number), {"format": _FORMAT, **values})

    def keep(self, number: int, *, is_kept: bool) -> Try:
        """Mark a try to be kept, or not."""
        item = replace(self.get(number), is_kept=is_kept)
        self._save(item)
        return item

    def remove(self, number: int) -> None:
        """Take a try away.

        Raises:
            InputError: There is none of this number, or it cannot be removed.
        """
        if number not in self.numbers():
            self.get(number)
        try:
            # The record first: a picture alone is no try.
            self._record(number).unlink(missing_ok=True)
            self.picture(number).unlink(missing_ok=True)
        except OSError as error:
            raise disk_error(error, self.picture(number)) from error

    def _make_room(self, newest: int) -> None:
        """Take away what a killed process left, and the oldest tries above the limits."""
        known = set(self.numbers())
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                if path.suffix == ".part" or (path.suffix == ".png" and not _is_of(path, known)):
                    path.unlink(missing_ok=True)
        items = self.all()
        sizes = {item.number: self.picture(item.number).stat().st_size for item in items}
        count, total = len(items), sum(sizes.values())
        for item in items:
            if count <= MOST and total <= MOST_BYTES:
                return
            if not item.is_kept and item.number != newest:
                self.remove(item.number)
                count, total = count - 1, total - sizes[item.number]


def _is_of(path: Path, known: set[int]) -> bool:
    return path.stem.isdecimal() and int(path.stem) in known


def _checked(data: dict[str, Any]) -> Try | None:
    """The try of a record; None when a field has the wrong kind or it comes from a newer version."""
    number = data.pop("format", 0)
    known = {item.name: str(item.type) for item in fields(Try)}
    values = {name: value for name, value in data.items() if name in known}
    fits = all(isinstance(value, _KINDS[known[name]]) for name, value in values.items())
    if not isinstance(number, int) or not 1 <= number <= _FORMAT or not fits:
        return None
    try:
        item = Try(**values)
    except TypeError:
        return None
    groups = (*item.settings.values(), *item.keys.values())
    is_whole = all(isinstance(group, dict) for group in groups) and all(isinstance(one, int) for one in item.frames)
    return replace(item, frames=tuple(item.frames)) if is_whole else None


def settings_of(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What a try keeps of a shot's settings."""
    return {stage: settings_module.plain(settings[stage]) for stage in STAGES if stage in settings}


def values_of(item: Try) -> tuple[dict[str, Any], list[str]]:
    """The settings of a try as values for `Shot.change`, and the names of those that this version does not take."""
    values: dict[str, Any] = {}
    strange: list[str] = []
    for stage, table in item.settings.items():
        spec = BY_NAME.get(stage)
        known = {one.name: one for one in settings_module.fields_of(spec.settings)} if spec else {}
        for name, value in table.items():
            try:
                values[f"{stage}.{name}"] = settings_module.check(known[name], value, name=stage)
            except (KeyError, SettingError):
                strange.append(f"{stage}.{name}")
    return values, strange
