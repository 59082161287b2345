# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets: settings of several stages under one name, each a small TOML file. Several come along, artists add theirs.

A preset lists settings like `shot.toml` does. For the stages it names in `whole` the settings it does not list go back
to their defaults; of other stages it changes what it lists and nothing else.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from . import settings as settings_module
from .cache import disk_error, write_atomic
from .errors import EngineError, InputError, SettingError
from .models.registry import user_data_folder
from .schema.registry import BY_NAME, STAGES

FORMAT = 1
SHIPPED = Path(__file__).resolve().parents[1] / "presets"
VARIABLE = "LINEBOIL_PRESETS"
SHOT_ONLY = frozenset({
    "footage.source", "footage.start_seconds", "footage.end_seconds", "footage.start_frame", "footage.end_frame",
    "footage.cuts", "footage.no_cuts", "pose.boxes", "matte.box", "matte.plate", "build.file", "build.blender",
})
"""Settings that belong to one clip, file or machine, and so to no preset."""

_HEAD = {"format", "name", "doc", "whole"}
_LARGEST_BYTES = 1 << 20
_LONGEST_NAME = 60
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}


@dataclass(frozen=True)
class Preset:
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


def own_folder() -> Path:
    """Where the artist's own presets are outside Blender: LINEBOIL_PRESETS, or in the user's data folder."""
    named = os.environ.get(VARIABLE, "")
    return Path(named).expanduser() if named else user_data_folder() / "lineboil" / "presets"


def load(own: Path) -> tuple[list[Preset], list[EngineError]]:
    """All presets that can be used, shipped ones first, and what is wrong with the others.

    Args:
        own: Folder of the artist's own; need not be there. One of the same file name hides a shipped one.
    """
    presets: dict[str, Preset] = {}
    problems: list[EngineError] = []
    for folder in (SHIPPED, own):
        for path in _files(folder, problems):
            try:
                presets[path.stem] = read(path, is_own=folder != SHIPPED)
            except EngineError as error:
                problems.append(error)
    return sorted(presets.values(), key=lambda preset: (preset.is_own, preset.name.casefold())), problems


def _files(folder: Path, problems: list[EngineError]) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except FileNotFoundError:
        return []
    except OSError as error:
        problems.append(InputError(f"the presets cannot be read ({error.strerror or error})", where=str(folder)))
        return []


def find(name: str, own: Path) -> Preset:
    """A preset by its name, its file's name, or the path of its file.

    Raises:
        InputError: There is none; or its file is broken.
        SettingError: Its file has a wrong setting.
    """
    if name.endswith(".toml"):
        return read(Path(name), is_own=True)
    presets, problems = load(own)
    for preset in presets:
        if name.casefold() in (preset.identifier.casefold(), preset.name.casefold()):
            return preset
    for problem in problems:
        if Path(problem.where).stem.casefold() == file_stem(name):
            raise problem
    names = ", ".join(preset.identifier for preset in presets)
    raise InputError(f'there is no preset "{name}"', remedy=f"There are: {names}.")


def read(path: Path, *, is_own: bool) -> Preset:
    """A preset from its file.

    Raises:
        InputError: Not readable, not TOML, or from a newer version.
        SettingError: Something in it is unknown, not allowed, or belongs to one shot.
    """
    data = _table(path)
    head = {key: data.pop(key) for key in _HEAD & data.keys()}
    _check_head(head, path)
    values: dict[str, Any] = {}
    for stage in head.get("whole", []):
        values |= _defaults(stage)
    for stage, table in data.items():
        values |= _settings(stage, table, path)
    if not values:
        raise SettingError("this preset sets nothing", where=str(path))
    name = str(head.get("name", "")).strip() or path.stem.replace("_", " ").title()
    return Preset(path.stem, name, str(head.get("doc", "")), values, path, is_own)


def _table(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise InputError("is too large for a preset", where=str(path))
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError("there is no such preset", where=str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise InputError("is not a text file in UTF-8", where=str(path)) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"cannot be understood: {error}", where=str(path), remedy="Mend or remove it.") from error


def _check_head(head: dict[str, Any], path: Path) -> None:
    number = head.get("format")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise InputError(
            'has no usable "format" line', where=str(path), remedy=f"Put `format = {FORMAT}` on its first line."
        )
    if number > FORMAT:
        raise InputError(
            f"was made by a newer Lineboil (format {number}; this one reads up to {FORMAT})",
            where=str(path),
            remedy="Update Lineboil to use it.",
        )
    for key in ("name", "doc"):
        if not isinstance(head.get(key, ""), str):
            raise SettingError(f'"{key}" must be a text', where=str(path))
    whole = head.get("whole", [])
    if not isinstance(whole, list) or any(str(stage) not in BY_NAME for stage in cast(list[Any], whole)):
        raise SettingError(
            '"whole" must be a list of stages', where=str(path), remedy="There are: " + ", ".join(BY_NAME) + "."
        )


def _settings(stage: str, table: Any, path: Path) -> dict[str, Any]:
    if stage not in BY_NAME or not isinstance(table, dict):
        raise SettingError(
            f"there is no table [{stage}]", where=str(path), remedy="There are: " + ", ".join(BY_NAME) + "."
        )
    given = cast(dict[str, Any], table)
    checked = settings_module.make(BY_NAME[stage].settings, given, name=stage, where=str(path))
    found = {f"{stage}.{key}": getattr(checked, key) for key in given}
    for key in found.keys() & SHOT_ONLY:
        raise SettingError(f'"{key}" belongs to one shot and cannot be in a preset', where=str(path))
    return found


def _defaults(stage: str) -> dict[str, Any]:
    fields = settings_module.fields_of(BY_NAME[stage].settings)
    return {f"{stage}.{item.name}": item.default for item in fields if f"{stage}.{item.name}" not in SHOT_ONLY}


def differing(values: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The values that are others than a shot's settings (by stage): what applying them would change."""
    found = {key: key.partition(".") for key in values}
    return {
        key: values[key] for key, (stage, _, name) in found.items() if getattr(settings[stage], name) != values[key]
    }


def save(
    own: Path, name: str, settings: dict[str, Any], stages: Collection[str], *, doc: str = "", replace: bool = False
) -> Preset:
    """Keep what differs from the defaults in some stages of a shot.

    Args:
        own: Folder of the artist's own presets; made when needed.
        name: For people; the file is named after it.
        settings: The shot's, by stage (`Shot.settings`).
        stages: Which of them the preset is about.
        doc: What it is good for.
        replace: Take the place of an own preset of this name.

    Raises:
        InputError: No usable name, the name is taken, or the folder cannot be written.
        SettingError: No stages, or unknown ones.
    """
    path = own / f"{file_stem(name)}.toml"
    if (SHIPPED / path.name).exists():
        raise InputError(f'"{name}" is a preset that comes with Lineboil', remedy="Choose another name.")
    if path.exists() and not replace:
        raise InputError(f'there is a preset "{name}" already', where=str(path), remedy="Choose another name.")
    for stage in set(stages) - BY_NAME.keys():
        raise SettingError(f'there is no stage "{stage}"', remedy="There are: " + ", ".join(BY_NAME) + ".")
    if not stages:
        raise SettingError("no stage is chosen for the preset", remedy="Choose at least one.")
    write_atomic(path, _text(name, doc, settings, stages).encode("utf-8"))
    return read(path, is_own=True)


def _text(name: str, doc: str, settings: dict[str, Any], stages: Collection[str]) -> str:
    kept = [spec for spec in STAGES if spec.name in stages]
    lines = [f"format = {FORMAT}", f"name = {settings_module.toml_text(_one_line(name))}"]
    if doc:
        lines.append(f"doc = {settings_module.toml_text(_one_line(doc))}")
    lines.append(f"whole = {settings_module.toml_text([spec.name for spec in kept])}")
    for spec in kept:
        changed = {
            item.name: getattr(settings[spec.name], item.name)
            for item in settings_module.fields_of(spec.settings)
            if getattr(settings[spec.name], item.name) != item.default and f"{spec.name}.{item.name}" not in SHOT_ONLY
        }
        if changed:
            lines += ["", f"[{spec.name}]"]
            lines += [f"{key} = {settings_module.toml_text(value)}" for key, value in changed.items()]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def remove(own: Path, identifier: str) -> None:
    """Take away one of the artist's own presets.

    Raises:
        InputError: It is not one of them, or cannot be removed.
    """
    path = own / f"{identifier}.toml"
    if not path.is_file() or path.parent != own:
        raise InputError(f'there is no preset "{identifier}" of yours', where=str(own))
    try:
        path.unlink()
    except OSError as error:
        raise disk_error(error, path) from error


def file_stem(name: str) -> str:
    """The file name for a preset's name.

    >>> file_stem("Aunt Ida's film!")
    'aunt_ida_s_film'

    Raises:
        InputError: Nothing usable is left, or it is too long.
    """
    words = "".join(sign if sign.isalnum() else " " for sign in name.casefold()).split()
    stem = "_".join(words)
    if not stem or len(stem) > _LONGEST_NAME:
        raise InputError(
            f'"{name}" cannot be the name of a preset', remedy=f"Choose up to {_LONGEST_NAME} letters and numbers."
        )
    return f"{stem}_" if stem in _RESERVED else stem
