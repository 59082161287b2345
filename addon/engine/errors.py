# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, in words an artist understands."""

from __future__ import annotations


class EngineError(Exception):
    """A failure with what went wrong, where, and what to do about it.

    Args:
        what: One clause, without a full stop.
        where: The file, frame or setting it is about; empty when `what` says it.
        remedy: What the artist can do; empty when nothing can be said.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """The whole message as text for a person."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}. {self.remedy}".rstrip() if self.remedy else f"{head}."

    def __reduce__(self) -> tuple[object, ...]:
        """Errors cross process borders whole."""
        return (_rebuild, (type(self), self.what, self.where, self.remedy))


def _rebuild(kind: type[EngineError], what: str, where: str, remedy: str) -> EngineError:
    return kind(what, where=where, remedy=remedy)


class InputError(EngineError):
    """The artist's file or request cannot be used as it is."""


class SettingError(EngineError):
    """A setting is unknown or out of its bounds."""


class MissingError(EngineError):
    """Something that has to be installed or made first is not there."""


class BusyError(EngineError):
    """Somebody else works on this shot: trying again later can succeed."""

    exit_code = 75


class Cancelled(EngineError):
    """The artist stopped the work. What is finished stays finished."""

    exit_code = 130

    def __init__(self, what: str = "Stopped; what is finished is kept", *, where: str = "", remedy: str = "") -> None:
        super().__init__(what, where=where, remedy=remedy)
