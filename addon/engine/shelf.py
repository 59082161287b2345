# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of some stages under one name, each a small TOML file: what presets and looks have in common.

A file lists settings like `shot.toml` does. For the stages it names in `whole` the settings it does not list go back
to their defaults; of other stages it changes what it lists and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from . import settings as settings_module
from . import shelf_file
from .cache import disk_error, write_atomic
from .errors import EngineError, InputError, SettingError
from .schema.registry import BY_NAME, STAGES

_HEAD = {"format", "name", "doc", "whole"}


@dataclass(frozen=True)
class Entry:
    """Settings under a name.

    Attributes:
        identifier: The file's name without ".toml".
        name: For people.
        doc: What it is good for; may be empty.
        values: "table.key": value of everything it sets.
        path: The file.
        is_own: Made by the artist, who may replace and remove it.
    """

    identifier: str
    name: str
    doc: str
    values: dict[str, Any]
    path: Path
    is_own: bool


@dataclass(frozen=True)
class Shelf:
    """Files of one kind: those that come along, and the artist's own.

    Attributes:
        word: What one of them is called ("preset").
        shipped: Folder of those that come along.
        stages: Stages they may be about, in the order of the work.
        barred: Settings ("table.key") that belong to one shot, clip or machine, and so to none of them.
    """

    word: str
    shipped: Path
    stages: tuple[str, ...]
    barred: frozenset[str]

    def load(self, own: Path) -> tuple[list[Entry], list[EngineError]]:
        """All that can be used, shipped ones first, and what is wrong with the others.

        Args:
            own: Folder of the artist's own; need not be there. One of the same file name hides a shipped one.
        """
        entries: dict[str, Entry] = {}
        problems: list[EngineError] = []
        for folder in (self.shipped, own):
            for path in self._files(folder, problems):
                try:
                    entries[path.stem] = self.read(path, is_own=folder != self.shipped)
                except EngineError as error:
                    problems.append(error)
        return sorted(entries.values(), key=lambda entry: (entry.is_own, entry.name.casefold())), problems

    def _files(self, folder: Path, problems: list[EngineError]) -> list[Path]:
        try:
            return sorted(path for path in folder.iterdir() if path.suffix == ".toml")
        except FileNotFoundError:
            return []
        except OSError as error:
            what = f"the {self.word}s cannot be read ({error.strerror or error})"
            problems.append(InputError(what, where=str(folder)))
            return []

    def find(self, name: str, own: Path) -> Entry:
        """One by its name, its file's name, or the path of its file.

        Raises:
            InputError: There is none; or its file is broken.
            SettingError: Its file has a wrong setting.
        """
        if name.endswith(".toml"):
            return self.read(Path(name), is_own=True)
        entries, problems = self.load(own)
        for entry in entries:
            if name.casefold() in (entry.identifier.casefold(), entry.name.casefold()):
                return entry
        for problem in problems:
            if Path(problem.where).stem.casefold() == self.file_stem(name):
                raise problem
        names = ", ".join(entry.identifier for entry in entries)
        raise InputError(f'there is no {self.word} "{name}"', remedy=f"There are: {names}.")

    def read(self, path: Path, *, is_own: bool) -> Entry:
        """One from its file.

        Raises:
            InputError: Not readable, not TOML, or from a newer version.
            SettingError: Something in it is unknown, not allowed, or belongs to one shot.
        """
        data = shelf_file.read_table(path, self.word)
        head = {key: data.pop(key) for key in _HEAD & data.keys()}
        self._check_head(head, path)
        values: dict[str, Any] = {}
        for stage in head.get("whole", []):
            values |= self._defaults(stage)
        for stage, table in data.items():
            values |= self._settings(stage, table, path)
        if not values:
            raise SettingError(f"this {self.word} sets nothing", where=str(path))
        name = str(head.get("name", "")).strip() or path.stem.replace("_", " ").title()
        return Entry(path.stem, name, str(head.get("doc", "")), values, path, is_own)

    def _check_head(self, head: dict[str, Any], path: Path) -> None:
        shelf_file.check_format(head.get("format"), path)
        for key in ("name", "doc"):
            if not isinstance(head.get(key, ""), str):
                raise SettingError(f'"{key}" must be a text', where=str(path))
        whole = head.get("whole", [])
        if not isinstance(whole, list) or any(str(stage) not in self.stages for stage in cast(list[Any], whole)):
            raise SettingError('"whole" must be a list of stages', where=str(path), remedy=self._stages_text())

    def _stages_text(self) -> str:
        return "There are: " + ", ".join(self.stages) + "."

    def _settings(self, stage: str, table: Any, path: Path) -> dict[str, Any]:
        if stage in BY_NAME and stage not in self.stages:
            raise SettingError(
                f"a {self.word} has no table [{stage}]", where=str(path), remedy=self._stages_text()
            )
        if stage not in self.stages or not isinstance(table, dict):
            raise SettingError(f"there is no table [{stage}]", where=str(path), remedy=self._stages_text())
        given = cast(dict[str, Any], table)
        checked = settings_module.make(BY_NAME[stage].settings, given, name=stage, where=str(path))
        found = {f"{stage}.{key}": getattr(checked, key) for key in given}
        for key in found.keys() & self.barred:
            raise SettingError(f'"{key}" belongs to one shot and cannot be in a {self.word}', where=str(path))
        return found

    def _defaults(self, stage: str) -> dict[str, Any]:
        fields = settings_module.fields_of(BY_NAME[stage].settings)
        return {f"{stage}.{item.name}": item.default for item in fields if f"{stage}.{item.name}" not in self.barred}

    def save(
        self, own: Path, name: str, settings: dict[str, Any], stages: Collection[str], *, doc: str = "",
        replace: bool = False,
    ) -> Entry:
        """Keep what differs from the defaults in some stages of a shot.

        Args:
            own: Folder of the artist's own; made when needed.
            name: For people; the file is named after it.
            settings: The shot's, by stage (`Shot.settings`).
            stages: Which of them it is about.
            doc: What it is good for.
            replace: Take the place of an own one of this name.

        Raises:
            InputError: No usable name, the name is taken, or the folder cannot be written.
            SettingError: No stages, or unknown ones.
        """
        path = own / f"{self.file_stem(name)}.toml"
        if (self.shipped / path.name).exists():
            raise InputError(f'"{name}" is a {self.word} that comes with Lineboil', remedy="Choose another name.")
        if path.exists() and not replace:
            raise InputError(f'there is a {self.word} "{name}" already', where=str(path), remedy="Choose another name.")
        for stage in set(stages) - set(self.stages):
            raise SettingError(f'there is no stage "{stage}"', remedy=self._stages_text())
        if not stages:
            raise SettingError(f"no stage is chosen for the {self.word}", remedy="Choose at least one.")
        write_atomic(path, self._text(name, doc, settings, stages).encode("utf-8"))
        return self.read(path, is_own=True)

    def _text(self, name: str, doc: str, settings: dict[str, Any], stages: Collection[str]) -> str:
        kept = [spec for spec in STAGES if spec.name in stages]
        lines = [f"format = {shelf_file.FORMAT}", f"name = {settings_module.toml_text(shelf_file.one_line(name))}"]
        if doc:
            lines.append(f"doc = {settings_module.toml_text(shelf_file.one_line(doc))}")
        lines.append(f"whole = {settings_module.toml_text([spec.name for spec in kept])}")
        for spec in kept:
            changed = {
                item.name: getattr(settings[spec.name], item.name)
                for item in settings_module.fields_of(spec.settings)
                if getattr(settings[spec.name], item.name) != item.default
                and f"{spec.name}.{item.name}" not in self.barred
            }
            if changed:
                lines += ["", f"[{spec.name}]"]
                lines += [f"{key} = {settings_module.toml_text(value)}" for key, value in changed.items()]
        return "\n".join(lines) + "\n"

    def remove(self, own: Path, identifier: str) -> None:
        """Take away one of the artist's own.

        Raises:
            InputError: It is not one of them, or cannot be removed.
        """
        path = own / f"{identifier}.toml"
        if not path.is_file() or path.parent != own:
            raise InputError(f'there is no {self.word} "{identifier}" of yours', where=str(own))
        try:
            path.unlink()
        except OSError as error:
            raise disk_error(error, path) from error

    def file_stem(self, name: str) -> str:
        """The file name for one's name.

        Raises:
            InputError: Nothing usable is left, or it is too long.
        """
        return shelf_file.file_stem(name, self.word)


def differing(values: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The values that are others than a shot's settings (by stage): what applying them would change."""
    found = {key: key.partition(".") for key in values}
    return {
        key: values[key] for key, (stage, _, name) in found.items() if getattr(settings[stage], name) != values[key]
    }
