# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be copied where, so that `shot.toml` and Blender's properties show the same settings.

Both sides may change at any time. What changed since both were alike decides: a change of the file wins over one of
the properties; a property that the artist touched is written; a property that is another without having been touched
was changed by undo, and is written unless its last change came from the file, which Blender's undo has no part in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .engine.errors import EngineError, SettingError
from .engine.schema.registry import STAGES
from .engine.settings import Field, fields_of
from .property_values import decode, encode
from .settings_file import SettingsFile, Values

FIELDS: dict[str, tuple[str, Field]] = {
    f"{spec.name}.{item.name}": (spec.name, item) for spec in STAGES for item in fields_of(spec.settings)
}
"""Every setting: "table.key" gives table and field."""


def encoded(key: str, value: Any) -> Any:
    """A setting's value as its property holds it."""
    return encode(FIELDS[key][1], value)


@dataclass
class Changes:
    """What one look found.

    Attributes:
        to_properties: Property values to set, encoded.
        to_file: Settings to write.
    """

    to_properties: dict[str, Any] = field(default_factory=dict[str, Any])
    to_file: Values = field(default_factory=dict[str, Any])


class Mirror:
    """Keeps the properties of one scene and the `shot.toml` of one shot alike.

    Args:
        file: The shot's settings.

    Attributes:
        touched: Settings whose properties the artist has changed and that are not in the file yet.
        refusal: What was wrong with the value typed last; None when it was taken.
        write_problem: Why the file could not be written; None when it could.
    """

    def __init__(self, file: SettingsFile) -> None:
        self.file = file
        self.touched: set[str] = set()
        self.refusal: SettingError | None = None
        self.write_problem: EngineError | None = None
        self._agreed: Values = {}
        self._of_the_file: set[str] = set()

    @property
    def problem(self) -> EngineError | None:
        """Why file and properties cannot be kept alike now, or what was refused last."""
        return self.file.problem or self.write_problem or self.refusal

    def touch(self, key: str) -> None:
        """Say that the artist changed a property."""
        self.touched.add(key)
        self.refusal = None

    def sync(self, properties: Mapping[str, Any], *, may_write: bool = True) -> dict[str, Any]:
        """Compare, write the file, and tell which properties are to be set.

        Args:
            properties: Every setting as its property holds it.
            may_write: False leaves touched settings for later (the artist still drags a slider).

        Returns:
            Properties to set, encoded.
        """
        self.file.look(now=True)
        if self.file.problem is not None:
            # Nothing is known of the file: what is typed meanwhile waits.
            return {}
        changes = self._compare(properties, may_write)
        if changes.to_file:
            self._write(changes, properties)
        return changes.to_properties

    def _compare(self, properties: Mapping[str, Any], may_write: bool) -> Changes:
        changes = Changes()
        for key, raw in properties.items():
            there = encoded(key, self.file.values[key])
            if key not in self._agreed:
                # The first look: the file wins over what the .blend has kept, not over what was just typed.
                self._agreed[key] = self.file.values[key]
                if key not in self.touched:
                    self._show(key, raw, changes)
                    continue
            if there != encoded(key, self._agreed[key]):
                self._agreed[key] = self.file.values[key]
                self._of_the_file.add(key)
                self._show(key, raw, changes)
            elif raw == there:
                self.touched.discard(key)
            elif key in self.touched:
                if may_write:
                    self._take_from_property(key, raw, changes)
            elif key in self._of_the_file:
                self._show(key, raw, changes)
            else:
                self._take_from_property(key, raw, changes)
        return changes

    def _show(self, key: str, raw: Any, changes: Changes) -> None:
        """The file's value stands."""
        self.touched.discard(key)
        if raw != encoded(key, self._agreed[key]):
            # Blender's undo still has what the property showed, and would bring it back.
            self._of_the_file.add(key)
            changes.to_properties[key] = encoded(key, self._agreed[key])

    def _take_from_property(self, key: str, raw: Any, changes: Changes) -> None:
        stage, item = FIELDS[key]
        try:
            value = decode(item, raw, stage=stage)
        except SettingError as error:
            self.refusal = error
            self._show(key, raw, changes)
            return
        if encoded(key, value) != raw:
            changes.to_properties[key] = encoded(key, value)
        if value == self._agreed[key]:
            self.touched.discard(key)
        else:
            changes.to_file[key] = value

    def _write(self, changes: Changes, properties: Mapping[str, Any]) -> None:
        try:
            self.file.write(changes.to_file)
        except EngineError as error:
            self.write_problem = error
            self.touched.update(changes.to_file)
            return
        self.write_problem = None
        for key, value in changes.to_file.items():
            self._agreed[key] = value
            self.touched.discard(key)
            self._of_the_file.discard(key)
