# SPDX-License-Identifier: GPL-3.0-or-later
"""The shot folder and its `shot.toml`."""

from __future__ import annotations

import os
import re
import textwrap
import tomllib
from pathlib import Path
from typing import Any, cast

from . import settings as settings_module
from .cache import write_atomic
from .errors import EngineError, InputError, SettingError
from .schema.base import StageSpec
from .schema.registry import BY_NAME, STAGES

FORMAT = 1
FILE_NAME = "shot.toml"

_HEAD = """\
# A Lineboil shot. Every setting is listed with its default; take the "#" away and change the value.
# `lineboil set SHOT table.key=value` does the same.
format = {format}
"""


class Shot:
    """A shot folder: where its files are, and its settings.

    Args:
        root: The folder; must hold a `shot.toml`.

    Raises:
        InputError: No shot there, or its file is broken or from a newer version.
        SettingError: A setting is unknown or out of bounds.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.text = _read_text(self.root / FILE_NAME)
        self.settings = parse(self.text, where=str(self.root / FILE_NAME))

    @property
    def name(self) -> str:
        """Name of the shot: its folder's."""
        return self.root.name

    @property
    def state(self) -> Path:
        """Folder of everything the program remembers."""
        return self.root / "state"

    def change(self, values: dict[str, Any]) -> None:
        """Write settings ("table.key": checked value) into `shot.toml`, leaving every other line as it is."""
        text = self.text
        for key, value in values.items():
            stage, _, name = key.partition(".")
            text = with_value(text, BY_NAME[stage], name, value)
        checked = parse(text, where=str(self.root / FILE_NAME))
        for key, value in values.items():
            stage, _, name = key.partition(".")
            if getattr(checked[stage], name) != value:
                raise SettingError(
                    f'"{key}" could not be changed', where=str(self.root / FILE_NAME), remedy="Edit the file by hand."
                )
        write_atomic(self.root / FILE_NAME, text.encode("utf-8"), sync=True)
        self.text, self.settings = text, checked


def _read_text(path: Path) -> str:
    if not path.is_file():
        raise InputError(
            f"there is no shot here (no {FILE_NAME})",
            where=str(path.parent),
            remedy="Make one with: lineboil new SHOT --footage CLIP.",
        )
    try:
        # Some editors put a byte order mark in front.
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("is not a text file in UTF-8", where=str(path)) from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error


def parse(text: str, *, where: str) -> dict[str, Any]:
    """Settings of every stage from the text of a `shot.toml`.

    Raises:
        InputError: Not TOML, or from a newer version.
        SettingError: Unknown table or key, wrong value.
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"cannot be understood: {error}", where=where, remedy="Mend that line.") from error
    _check_format(data.pop("format", None), where)
    for table, values in data.items():
        if table not in BY_NAME:
            raise SettingError(
                f"there is no table [{table}]", where=where, remedy="There are: " + ", ".join(BY_NAME) + "."
            )
        if not isinstance(values, dict):
            raise SettingError(f'"{table}" must be a table', where=where, remedy=f"Write it as [{table}].")
    tables = cast(dict[str, dict[str, Any]], data)
    return {
        spec.name: settings_module.make(spec.settings, tables.get(spec.name, {}), name=spec.name, where=where)
        for spec in STAGES
    }


def _check_format(number: Any, where: str) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise InputError(
            'has no usable "format" line', where=where, remedy=f"Put `format = {FORMAT}` on its first line."
        )
    if number > FORMAT:
        raise InputError(
            f"was made by a newer Lineboil (format {number}; this one reads up to {FORMAT})",
            where=where,
            remedy="Update Lineboil to open it.",
        )


def create(root: Path, values: dict[str, Any]) -> Shot:
    """Make a shot folder with a commented `shot.toml`.

    Args:
        root: New or empty folder.
        values: Settings that differ from the defaults ("table.key": checked value).

    Raises:
        InputError: There is a shot already, or the folder is not empty.
    """
    if (root / FILE_NAME).exists():
        raise InputError("there is a shot here already", where=str(root), remedy="Choose another name.")
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise InputError("is not an empty folder", where=str(root), remedy="Choose a new folder for the shot.")
    return rewritten(root, values)


def rewritten(root: Path, values: dict[str, Any]) -> Shot:
    """A shot whose `shot.toml` says these values and every other setting's default; its files stay.

    For shots that only a program sees: what the file said before is gone.

    Args:
        root: The shot's folder, or a new one.
        values: Settings that differ from the defaults ("table.key": checked value).
    """
    text, path = new_text(), root / FILE_NAME
    for key, value in values.items():
        stage, _, name = key.partition(".")
        text = with_value(text, BY_NAME[stage], name, value)
    parse(text, where=str(path))
    if not path.is_file() or path.read_bytes() != text.encode("utf-8"):
        write_atomic(path, text.encode("utf-8"), sync=True)
    return Shot(root)


def new_text() -> str:
    """A `shot.toml` with every setting commented, explained and at its default."""
    parts = [_HEAD.format(format=FORMAT)]
    for spec in STAGES:
        parts.append(f"\n# {spec.doc}\n[{spec.name}]\n")
        parts.extend(_setting_text(field) for field in settings_module.fields_of(spec.settings))
    return "".join(parts)


def _setting_text(field: settings_module.Field) -> str:
    allowed = field.allowed()
    text = textwrap.fill(field.bounds.doc, 100, initial_indent="# ", subsequent_indent="# ")
    limits = textwrap.fill(f"{allowed[0].upper()}{allowed[1:]}.", 100, initial_indent="#   ", subsequent_indent="#   ")
    return f"\n{text}\n{limits}\n# {field.name} = {settings_module.toml_text(field.default)}\n"


def with_value(text: str, spec: StageSpec, key: str, value: Any) -> str:
    """The text of a `shot.toml` with one setting changed; comments and order stay."""
    lines = text.splitlines(keepends=True)
    first, last = _table_lines(lines, spec.name)
    assignment = f"{key} = {settings_module.toml_text(value)}\n"
    if first < 0:
        lead = "" if not lines or lines[-1].endswith("\n") else "\n"
        return "".join(lines) + f"{lead}\n[{spec.name}]\n{assignment}"
    active = _find(lines, first, last, re.compile(rf'\s*"?{re.escape(key)}"?\s*='))
    if active is not None:
        lines[active : _value_end(lines, active, last)] = [assignment]
        return "".join(lines)
    commented = _find(lines, first, last, re.compile(rf"#\s*{re.escape(key)}\s*="))
    if commented is not None:
        lines[commented] = assignment
    else:
        lines.insert(first + 1, assignment)
        if not lines[first].endswith("\n"):
            lines[first] += "\n"
    return "".join(lines)


def _table_lines(lines: list[str], table: str) -> tuple[int, int]:
    header = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
    first = -1
    for index, line in enumerate(lines):
        match = header.match(line)
        if not match:
            continue
        if first >= 0:
            return first, index
        if match.group(1) == table:
            first = index
    return first, len(lines)


def _find(lines: list[str], first: int, last: int, pattern: re.Pattern[str]) -> int | None:
    return next((index for index in range(first + 1, last) if pattern.match(lines[index])), None)


def _value_end(lines: list[str], start: int, last: int) -> int:
    # A list may run over several lines: it ends where the assignment alone is valid TOML.
    for end in range(start + 1, last + 1):
        try:
            tomllib.loads("".join(lines[start:end]))
        except tomllib.TOMLDecodeError:
            continue
        return end
    return start + 1


def key_and_value(text: str) -> tuple[str, Any]:
    """A setting from the command line, checked.

    >>> key_and_value("footage.long_side=640")[0]
    'footage.long_side'

    Raises:
        SettingError: Not `table.key=value`, unknown, or not allowed.
    """
    key, separator, value = text.partition("=")
    stage, dot, name = key.strip().partition(".")
    if not separator or not dot:
        raise SettingError(f'"{text}" is not a setting', remedy="Write it like matte.engine=chroma.")
    if stage not in BY_NAME:
        raise SettingError(f'there is no table "{stage}"', remedy="There are: " + ", ".join(BY_NAME) + ".")
    known = {field.name: field for field in settings_module.fields_of(BY_NAME[stage].settings)}
    if name not in known:
        # `make` words the error with a suggestion.
        settings_module.make(BY_NAME[stage].settings, {name: value}, name=stage, where="command line")
    return key.strip(), settings_module.parse_text(known[name], value, name=stage)


def relative_text(path: Path, root: Path) -> str:
    """A path as `shot.toml` keeps it: relative to the shot with forward slashes where that is possible."""
    try:
        return Path(os.path.relpath(path.resolve(), root.resolve())).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def resolve_path(text: str, root: Path) -> Path:
    """The path a setting names, relative to the shot folder."""
    if not text:
        raise EngineError("no path is given")
    path = Path(text).expanduser()
    return path if path.is_absolute() else root / path
