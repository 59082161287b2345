# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running operator shows beside the artist, or prints where there is none."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, ClassVar

import bpy

from ..addon.session import current
from ..addon.session_task import Task

CLASSES: tuple[type, ...] = ()

_TICK_SECONDS = 0.1
_PLAIN_SECONDS = 2.0


class Beside:
    """What an operator that runs beside the artist has put into the window: a timer, and a line of text."""

    open: ClassVar[list[Beside]] = []

    def __init__(self, context: Any) -> None:
        self._timer = context.window_manager.event_timer_add(_TICK_SECONDS, window=context.window)
        self._shown = ""
        self._workspaces: set[str] = set()
        self.open.append(self)

    def show(self, workspace: Any, text: str) -> None:
        """Put a text into the status bar."""
        if text != self._shown:
            self._shown = text
            self._workspaces.add(workspace.name)
            workspace.status_text_set(text)

    def close(self) -> None:
        """Take both away."""
        if self not in self.open:
            return
        self.open.remove(self)
        bpy.context.window_manager.event_timer_remove(self._timer)
        # The artist may have gone to another workspace meanwhile.
        for workspace in bpy.data.workspaces:
            if workspace.name in self._workspaces:
                workspace.status_text_set(None)


def has_artist(context: Any) -> bool:
    """Whether somebody sits in front of a window; otherwise work is waited for."""
    return not bpy.app.background and context.window is not None


class Printer:
    """Lines for whoever runs Blender without a window."""

    def __init__(self) -> None:
        self._last = 0.0
        self._stage = ""
        self._told = 0

    def __call__(self, task: Task) -> None:
        """Tell what is new."""
        for text in task.warnings[self._told :]:
            _print(f"Lineboil: warning: {text}")
        self._told = len(task.warnings)
        now = time.monotonic()
        if not task.is_over and (task.stage != self._stage or now - self._last > _PLAIN_SECONDS):
            self._last, self._stage = now, task.stage
            _print(f"Lineboil: {task.label()}")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


@contextmanager
def stoppable() -> Generator[None]:
    """Ctrl-C asks the task to stop, where Blender itself would end at once and lose what is in work."""
    is_ours = bpy.app.background and threading.current_thread() is threading.main_thread()
    # Blender's own listener is not known to Python and cannot be put back.
    previous = (signal.signal(signal.SIGINT, lambda *_: current.cancel()) or signal.SIG_DFL) if is_ours else None
    try:
        yield
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, previous)


def register() -> None:
    """Nothing runs yet."""


def unregister() -> None:
    """Blender drops running operators with their classes, without telling them."""
    for beside in list(Beside.open):
        beside.close()
