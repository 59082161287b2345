# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are: the extension's folder, this Blender, the worker's environment and how it stands."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import environment as environment_module

Start = Callable[[], tuple[list[str], Path, dict[str, str]]]

_EXAMINE_SECONDS = 2.0


@dataclass(frozen=True)
class Places:
    """What the session was told.

    Attributes:
        user_folder: The extension's own folder, for logs and the environment.
        blender: This Blender's program, for renders in the background.
        override: An environment the artist chose; empty for the extension's own.
        given_start: How to start the worker instead of by its environment (tests).
    """

    user_folder: Path = Path()
    blender: str = ""
    override: str = ""
    given_start: Start | None = None

    def start(self, environment: environment_module.Environment) -> tuple[list[str], Path, dict[str, str]]:
        """Command, log and variables of the worker.

        Raises:
            MissingError: The environment cannot be used.
        """
        if self.given_start is not None:
            return self.given_start()
        return environment_module.worker_start(environment, self.user_folder, self.blender)


class Found:
    """The environment in use, and how it stood when it was looked at last."""

    def __init__(self, places: Places) -> None:
        self.environment = environment_module.find(places.user_folder, places.override)
        self._state: environment_module.State | None = None
        self._examined = 0.0

    def state(self) -> environment_module.State:
        """How it stands, looked at again every few seconds."""
        now = time.monotonic()
        if self._state is None or now - self._examined > _EXAMINE_SECONDS:
            self._state, self._examined = self.environment.examine(), now
        return self._state
