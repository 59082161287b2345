# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed, bounded, documented settings: dataclasses whose fields are made by `option`."""

from __future__ import annotations

import dataclasses
import difflib
import math
import types
import typing
from dataclasses import MISSING, dataclass
from typing import Any, Literal, cast

from .errors import SettingError


@dataclass(frozen=True)
class Bounds:
    """What `option` knows of a field beyond its type and default."""

    doc: str
    minimum: float | None = None
    maximum: float | None = None
    multiple_of: int | None = None
    unit: str = ""
    affects: bool = True


def option(
    default: Any,
    doc: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    multiple_of: int | None = None,
    unit: str = "",
    affects: bool = True,
) -> Any:
    """A field of a settings dataclass.

    Args:
        default: Value when `shot.toml` does not give one.
        doc: One or two sentences for the artist, with the reason for the default.
        minimum: Smallest value allowed (each item of a tuple).
        maximum: Largest value allowed.
        multiple_of: Whole numbers must divide by this.
        unit: Shown after the value: "px", "s", "frames".
        affects: False when the setting does not change the output (it stays out of the fingerprint).
    """
    bounds = Bounds(doc, minimum, maximum, multiple_of, unit, affects)
    return dataclasses.field(default=default, metadata={"bounds": bounds})


@dataclass(frozen=True)
class Field:
    """One setting as the loaders and writers see it."""

    name: str
    kind: Any
    default: Any
    bounds: Bounds

    def allowed(self) -> str:
        """What may be given, in words."""
        kind = self.kind
        if kind is bool:
            return "true or false"
        if typing.get_origin(kind) is Literal:
            return "one of " + ", ".join(toml_text(choice) for choice in typing.get_args(kind))
        if kind is str:
            return "a text in quotes"
        item, plural = (kind, "") if kind in (int, float) else (typing.get_args(kind)[0], "a list of ")
        if item is str:
            return "a list of texts in quotes"
        word = {int: "whole number", float: "number"}[item] + ("s" if plural else "")
        return plural + ("a " if not plural else "") + word + self._range_text()

    def _range_text(self) -> str:
        low, high, unit = self.bounds.minimum, self.bounds.maximum, self.bounds.unit
        text = ""
        if low is not None and high is not None:
            text = f" from {low:g} to {high:g}"
        elif low is not None:
            text = f" from {low:g} up"
        elif high is not None:
            text = f" up to {high:g}"
        if self.bounds.multiple_of:
            text += f", a multiple of {self.bounds.multiple_of}"
        return text + (f" ({unit})" if unit else "")


def fields_of(table: type[Any]) -> tuple[Field, ...]:
    """All settings of a dataclass made with `option`, in order."""
    kinds = typing.get_type_hints(table)
    found: list[Field] = []
    for item in dataclasses.fields(table):
        bounds = item.metadata.get("bounds")
        if isinstance(bounds, Bounds) and item.default is not MISSING:
            found.append(Field(item.name, kinds[item.name], item.default, bounds))
    return tuple(found)


def make(table: type[Any], values: dict[str, Any], *, name: str, where: str = "shot.toml") -> Any:
    """A settings object from plain values, checked.

    Args:
        table: The settings dataclass.
        values: As read from TOML.
        name: Table name, for messages ("matte").
        where: File the values come from, for messages.

    Raises:
        SettingError: Unknown key, wrong type or out of bounds; names key, value and what is allowed.
    """
    known = {field.name: field for field in fields_of(table)}
    checked: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise SettingError(f'there is no setting "{name}.{key}"', where=where, remedy=_suggest(key, known))
        checked[key] = check(known[key], value, name=name, where=where)
    return table(**checked)


def _suggest(key: str, known: dict[str, Field]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    if close:
        return f'Did you mean "{close[0]}"?'
    return "There are: " + ", ".join(sorted(known)) + "."


def check(field: Field, value: Any, *, name: str, where: str = "shot.toml") -> Any:
    """`value` in the field's type, or SettingError naming the key, the value and what is allowed."""
    try:
        return _converted(field.kind, value, field.bounds)
    except (TypeError, ValueError, OverflowError):
        shown = f'"{value}"' if isinstance(value, str) else value if not isinstance(value, bool) else str(value).lower()
        raise SettingError(
            f'"{name}.{field.name}" is {shown}, which is not allowed',
            where=where,
            remedy=f"Allowed: {field.allowed()}; the default is {toml_text(field.default)}.",
        ) from None


def _converted(kind: Any, value: Any, bounds: Bounds) -> Any:
    if typing.get_origin(kind) is Literal:
        if value not in typing.get_args(kind) or isinstance(value, bool):
            raise ValueError
        return value
    if typing.get_origin(kind) is tuple:
        if not isinstance(value, list | tuple):
            raise TypeError
        item = typing.get_args(kind)[0]
        return tuple(_converted(item, part, bounds) for part in cast(list[Any], value))
    if kind is bool or kind is str:
        if not isinstance(value, kind):
            raise TypeError
        if isinstance(value, str) and "\0" in value:
            raise ValueError
        return value
    return _number(kind, value, bounds)


def _number(kind: Any, value: Any, bounds: Bounds) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    if kind is int and value != int(value):
        raise ValueError
    number = int(value) if kind is int else float(value)
    if not math.isfinite(number):
        raise ValueError
    if bounds.minimum is not None and number < bounds.minimum:
        raise ValueError
    if bounds.maximum is not None and number > bounds.maximum:
        raise ValueError
    if bounds.multiple_of and number % bounds.multiple_of:
        raise ValueError
    return number


def plain(settings: Any, *, affecting_only: bool = False) -> dict[str, Any]:
    """Settings as JSON-able values; with `affecting_only`, just those that change the output."""
    values: dict[str, Any] = {}
    for field in fields_of(cast(type[Any], type(settings))):
        if affecting_only and not field.bounds.affects:
            continue
        value = getattr(settings, field.name)
        values[field.name] = list(cast(tuple[Any, ...], value)) if isinstance(value, tuple) else value
    return values


def parse_text(field: Field, text: str, *, name: str) -> Any:
    """A value from the command line (`key=value`), checked like one from the file."""
    kind = field.kind
    if typing.get_origin(kind) is Literal:
        choices = {str(choice): choice for choice in typing.get_args(kind)}
        value: Any = choices.get(_unquoted(text), _unquoted(text))
    elif kind is str:
        value = _unquoted(text)
    elif kind is bool:
        value = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.get(
            text.strip().lower(), text
        )
    elif typing.get_origin(kind) is tuple:
        value = _items(text, typing.get_args(kind)[0])
    else:
        value = _number_or_text(text)
    return check(field, value, name=name, where="command line")


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _items(text: str, item: type[Any]) -> list[Any]:
    inner = text.strip().removeprefix("[").removesuffix("]")
    separator = ";" if item is str and (";" in inner or "@" in inner) else ","
    parts = [_unquoted(part.strip()) for part in inner.split(separator) if part.strip()]
    return list(parts) if item is str else [_number_or_text(part) for part in parts]


def _number_or_text(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def toml_text(value: Any) -> str:
    """A value as TOML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{escaped}"'
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_text(item) for item in cast(list[Any], value)) + "]"
    if isinstance(value, types.NoneType):
        raise TypeError("TOML has no null")
    return repr(value)
