# SPDX-License-Identifier: GPL-3.0-or-later
"""A setting's value as a Blender property holds it, and back.

Blender keeps numbers in single precision and within 32 bits, choices as texts, and has no lists of any length: those
are one text. Two values are the same setting when their encoded forms are equal.
"""

from __future__ import annotations

import struct
import typing
from typing import Any, Literal, cast

from .engine.settings import Field, check, parse_text

INTEGER_LIMIT = 2**31 - 1
FLOAT_LIMIT = 3.0e38


def encode(field: Field, value: Any) -> bool | int | float | str:
    """The property's value for a setting's value."""
    kind = field.kind
    if typing.get_origin(kind) is Literal:
        return str(value)
    if typing.get_origin(kind) is tuple:
        return _list_text(cast(tuple[Any, ...], value))
    if kind is float:
        return single(value)
    if kind is int:
        return max(-INTEGER_LIMIT, min(INTEGER_LIMIT, int(value)))
    return value


def decode(field: Field, raw: Any, *, stage: str) -> Any:
    """The setting's value for a property's value, checked.

    A whole number that must be a multiple of something becomes the nearest: a slider cannot be dragged in such steps.

    Raises:
        SettingError: Not allowed; says what is.
    """
    kind = field.kind
    if typing.get_origin(kind) in (Literal, tuple):
        return parse_text(field, str(raw), name=stage)
    if kind is float:
        return check(field, shortest(_held(field, float(raw))), name=stage)
    if kind is int and field.bounds.multiple_of:
        return check(field, _nearest(field, int(raw)), name=stage)
    return check(field, raw, name=stage)


def single(value: float) -> float:
    """The number as single precision holds it."""
    return struct.unpack("f", struct.pack("f", max(-FLOAT_LIMIT, min(FLOAT_LIMIT, value))))[0]


def shortest(value: float) -> float:
    """The shortest decimal number that single precision holds as `value`.

    >>> shortest(0.18000000715255737)
    0.18
    """
    for digits in range(1, 10):
        candidate = float(f"{value:.{digits}g}")
        if single(candidate) == single(value):
            return candidate
    return value


def _held(field: Field, value: float) -> float:
    # A limit such as 0.98 is a little more or less in single precision.
    for limit in (field.bounds.minimum, field.bounds.maximum):
        if limit is not None and single(value) == single(limit):
            return float(limit)
    return value


def _nearest(field: Field, value: int) -> int:
    step = field.bounds.multiple_of or 1
    return (value + step // 2) // step * step


def _list_text(items: tuple[Any, ...]) -> str:
    if not items or not isinstance(items[0], str):
        return ", ".join(str(item) for item in items)
    text = "; ".join(items)
    # Without a second one, a comma inside would be taken for a border.
    return text if len(items) > 1 or "@" in text or "," not in text else text + ";"
