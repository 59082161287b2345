# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine says while it works: the typed messages, and their form as one JSON object a line.

`KINDS` is the one list. A message is `{"kind": ..., fields}`; a reader ignores fields it does not know.
`done` or `failed` is always the last message of a request. Lines of a worker also carry `id`: the request they belong
to, 0 for the worker itself (docs/worker-protocol.md).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Protocol, cast

PROTOCOL_VERSION = 1


@dataclass(frozen=True)
class Message:
    """Base of all messages."""

    kind: ClassVar[str] = ""


@dataclass(frozen=True)
class StageStarted(Message):
    """A stage begins: how many frames it will make and how many are finished already."""

    kind: ClassVar[str] = "stage_started"
    stage: str
    pending: int = 0
    finished: int = 0


@dataclass(frozen=True)
class Progress(Message):
    """Work goes on. Rates are in units per second; `seconds_left` is -1 while unknown."""

    kind: ClassVar[str] = "progress"
    stage: str
    what: str
    done: int
    total: int
    unit: str = "frames"
    rate: float = 0.0
    seconds_left: float = -1.0


@dataclass(frozen=True)
class StageDone(Message):
    """A stage is finished: frames made now, frames reused, seconds taken."""

    kind: ClassVar[str] = "stage_done"
    stage: str
    made: int = 0
    reused: int = 0
    seconds: float = 0.0
    passed_through: bool = False


@dataclass(frozen=True)
class Note(Message):
    """A choice the engine made, in words."""

    kind: ClassVar[str] = "note"
    stage: str
    text: str


@dataclass(frozen=True)
class Warned(Message):
    """Something the artist should know; the work goes on."""

    kind: ClassVar[str] = "warning"
    stage: str
    text: str


@dataclass(frozen=True)
class Preview(Message):
    """A picture worth showing now."""

    kind: ClassVar[str] = "preview"
    stage: str
    frame: int
    path: str


@dataclass(frozen=True)
class Status(Message):
    """State of one stage: `done`, `stale`, `partial`, `missing` or `off`, with the reason."""

    kind: ClassVar[str] = "status"
    stage: str
    state: str
    finished: int = 0
    total: int = 0
    why: str = ""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Failed(Message):
    """The request ended with an error."""

    kind: ClassVar[str] = "failed"
    what: str
    where: str = ""
    remedy: str = ""
    error: str = "EngineError"
    exit_code: int = 1


@dataclass(frozen=True)
class Done(Message):
    """The request ended well; `result` says where things are."""

    kind: ClassVar[str] = "done"
    result: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Hello(Message):
    """The first line of a worker: who speaks which protocol."""

    kind: ClassVar[str] = "hello"
    protocol: int
    version: str = ""
    process: int = 0
    python: str = ""


@dataclass(frozen=True)
class Heartbeat(Message):
    """A worker is alive: the request it works on (0 for none) and the memory its process takes."""

    kind: ClassVar[str] = "heartbeat"
    busy: int = 0
    memory_bytes: int = 0


KINDS: dict[str, type[Message]] = {
    message.kind: message
    for message in (
        StageStarted, Progress, StageDone, Note, Warned, Preview, Status, Failed, Done, Hello, Heartbeat,
    )
}

# What a field may hold, so that a reader can count on it whatever a process prints.
_VALUES: dict[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float": (int, float), "bool": (bool,), "dict[str, Any]": (dict,),
}


class Reporter(Protocol):
    """Takes messages; answers whether the work should stop."""

    def send(self, message: Message) -> bool:
        """Deliver `message`; True when the receiver asked to stop."""
        ...


class SilentReporter:
    """Drops everything, for callers that only want the result."""

    def send(self, message: Message) -> bool:
        """Never asks to stop."""
        return False


def encode(message: Message, request: int | None = None) -> str:
    """One line of JSON, without the line break; a worker names the request it answers."""
    head: dict[str, Any] = {"kind": message.kind} if request is None else {"kind": message.kind, "id": request}
    return json.dumps({**head, **asdict(message)}, ensure_ascii=True)


def decode(line: str) -> Message | None:
    """The message of one line, or None when the line is not a message (a library printed something)."""
    return _message_of(_record_of(line))


def decode_answer(line: str) -> tuple[int, Message] | None:
    """Request and message of one line of a worker, or None when it is not one."""
    record = _record_of(line)
    message = _message_of(record)
    request = record.get("id")
    if message is None or not isinstance(request, int) or isinstance(request, bool):
        return None
    return request, message


def _record_of(line: str) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return cast(dict[str, Any], data) if isinstance(data, dict) else {}


def _message_of(record: dict[str, Any]) -> Message | None:
    kind = KINDS.get(str(record.get("kind", "")))
    if kind is None:
        return None
    known = {item.name for item in fields(kind)}
    try:
        message = kind(**{name: value for name, value in record.items() if name in known})
    except TypeError:
        return None
    fits = all(isinstance(getattr(message, item.name), _VALUES[str(item.type)]) for item in fields(message))
    return message if fits else None
