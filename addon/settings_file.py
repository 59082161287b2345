# SPDX-License-Identifier: GPL-3.0-or-later
"""A shot's `shot.toml` seen from a program that stays open: read again when it changed, never blindly overwritten."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from .engine.cache import disk_error
from .engine.errors import EngineError, InputError
from .engine.schema.registry import STAGES
from .engine.settings import fields_of
from .engine.shot import FILE_NAME, Shot

Values = dict[str, Any]
"""Settings as "table.key": value."""

_LOOK_SECONDS = 0.5


class SettingsFile:
    """The settings of one shot folder.

    Args:
        root: The shot's folder; need not be there.

    Attributes:
        values: All settings as they were read last; empty when they never could be.
        problem: Why the file cannot be used now; None when it can.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.values: Values = {}
        self.problem: EngineError | None = None
        self._stamp: tuple[int, ...] | None = None
        self._looked = -_LOOK_SECONDS

    @property
    def path(self) -> Path:
        """The file."""
        return self.root / FILE_NAME

    def look(self, *, now: bool = False) -> bool:
        """Read the file when it changed; True when values or problem are others than before.

        Looks at the disk at most twice a second unless `now` is given: panels draw often.
        """
        if not now and time.monotonic() - self._looked < _LOOK_SECONDS:
            return False
        self._looked = time.monotonic()
        stamp = _stamp(self.path)
        if stamp == self._stamp and stamp is not None:
            return False
        before = (self.values, str(self.problem))
        self._stamp = stamp
        self._read()
        return (self.values, str(self.problem)) != before

    def _read(self) -> None:
        try:
            if not self.root.is_dir():
                raise InputError(
                    "the shot's folder is not there",
                    where=str(self.root),
                    remedy="Say where it is now with Relink Shot.",
                )
            self.values, self.problem = _plain(Shot(self.root)), None
        except EngineError as error:
            self.problem = error
        except OSError as error:
            self.problem = InputError(f"cannot be read ({error.strerror or error})", where=str(self.path))

    def write(self, values: Values) -> None:
        """Change settings in the file as it is now; comments and order stay.

        Raises:
            EngineError: It cannot be read or written; nothing is changed then.
        """
        try:
            shot = Shot(self.root)
            shot.change(values)
        except OSError as error:
            raise disk_error(error, self.path) from error
        self.values = _plain(shot)
        self.problem = None
        self._stamp = _stamp(self.path)


def _plain(shot: Shot) -> Values:
    return {
        f"{spec.name}.{field.name}": getattr(shot.settings[spec.name], field.name)
        for spec in STAGES
        for field in fields_of(spec.settings)
    }


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
