# SPDX-License-Identifier: GPL-3.0-or-later
"""What a worker is asked, as one JSON object a line on its standard input (docs/worker-protocol.md)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, cast

# Verbs that a worker answers at once, beside the request it works on.
LIGHT_VERBS = ("status", "set")


@dataclass(frozen=True)
class Ask:
    """Base of everything that can be asked. `id` is the asker's number, above 0, used once."""

    kind: ClassVar[str] = ""
    id: int


@dataclass(frozen=True)
class Request(Ask):
    """Do what the words of a command line say (`["run", SHOT, "--stage", "matte"]`)."""

    kind: ClassVar[str] = "request"
    command: tuple[str, ...]


@dataclass(frozen=True)
class Cancel(Ask):
    """Stop the request of this id, running or waiting; it is answered by `failed` with error "Cancelled"."""

    kind: ClassVar[str] = "cancel"


@dataclass(frozen=True)
class Free(Ask):
    """Give back the memory of the models that are kept loaded; answered by `done`."""

    kind: ClassVar[str] = "free"


@dataclass(frozen=True)
class Quit(Ask):
    """Stop what runs and end; the same happens when standard input is closed."""

    kind: ClassVar[str] = "quit"


KINDS: dict[str, type[Ask]] = {ask.kind: ask for ask in (Request, Cancel, Free, Quit)}


def encode(ask: Ask) -> str:
    """One line of JSON, without the line break."""
    return json.dumps({"kind": ask.kind, **asdict(ask)}, ensure_ascii=True)


def decode(line: str) -> Ask | None:
    """What one line asks, or None when it cannot be understood."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    record = cast(dict[str, Any], data)
    kind = KINDS.get(str(record.get("kind", "")))
    number = record.get("id")
    if kind is None or not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return None
    if kind is Request:
        words = record.get("command")
        if not isinstance(words, list) or not all(isinstance(word, str) for word in cast(list[Any], words)):
            return None
        return Request(number, tuple(cast(list[str], words)))
    known = {item.name for item in fields(kind)}
    return kind(**{name: value for name, value in record.items() if name in known})
