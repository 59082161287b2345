# SPDX-License-Identifier: GPL-3.0-or-later
"""The last known state of every stage of the shots that are being looked at, and when to ask for it again."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from .engine.messages import Failed, Message, StageDone, StageStarted, Status
from .engine.schema.registry import BY_NAME
from .engine.shot import FILE_NAME
from .session_task import StageView, Task

# Looking at the files of a shot costs about a millisecond.
_LOOK_SECONDS = 1.0
# A shot whose panel is closed is no longer asked for.
_WISH_SECONDS = 5.0
# After an answer that was an error.
_RETRY_SECONDS = 5.0


@dataclass
class _Page:
    views: dict[str, StageView] = field(default_factory=dict[str, StageView])
    coming: dict[str, StageView] = field(default_factory=dict[str, StageView])
    stamp: tuple[int, ...] = ()
    wished: float = -1e9
    looked: float = -1e9
    is_stale: bool = True
    error: Failed | None = None


class StatusBook:
    """What is known of the stages of each shot."""

    def __init__(self) -> None:
        self._pages: dict[Path, _Page] = {}

    def views(self, shot: Path) -> dict[str, StageView]:
        """Every stage in the order of the work; `unknown` before the first answer."""
        known = self._pages[shot].views if shot in self._pages else {}
        return {name: known.get(name) or StageView() for name in BY_NAME}

    def error(self, shot: Path) -> Failed | None:
        """Why the shot could not be looked at, when it could not."""
        return self._pages[shot].error if shot in self._pages else None

    def wish(self, shot: Path) -> None:
        """Somebody looks at this shot now."""
        self._pages.setdefault(shot, _Page()).wished = time.monotonic()

    def renew(self, shot: Path) -> None:
        """What is known may be out of date."""
        if shot in self._pages:
            self._pages[shot].is_stale = True

    def forget(self, shot: Path | None = None) -> None:
        """Drop what is known of a shot, or of all."""
        if shot is None:
            self._pages.clear()
        else:
            self._pages.pop(shot, None)

    def due(self) -> Path | None:
        """A shot that somebody looks at and whose files have changed since the last answer."""
        now = time.monotonic()
        for shot, page in self._pages.items():
            pause = _RETRY_SECONDS if page.error else _LOOK_SECONDS
            if now - page.wished > _WISH_SECONDS or (not page.is_stale and now - page.looked < pause):
                continue
            if page.error and now - page.looked < pause:
                continue
            page.looked = now
            stamp = _stamp(shot)
            if page.is_stale or stamp != page.stamp:
                page.stamp = stamp
                return shot
        return None

    def asked(self, shot: Path) -> None:
        """The question is on its way."""
        page = self._pages.setdefault(shot, _Page())
        page.is_stale, page.coming = False, {}

    def answer(self, shot: Path, message: Message) -> bool:
        """Take in a message of the answer; True when something to show changed."""
        page = self._pages.get(shot)
        if page is None:
            return False
        if isinstance(message, Status):
            page.coming[message.stage] = StageView(
                message.state, message.finished, message.total, message.why, message.facts
            )
            return False
        if isinstance(message, Failed):
            changed = page.error != message
            page.error = message
            return changed
        changed = page.error is not None or page.views != page.coming
        page.views, page.error = page.coming, None
        return changed

    def follow(self, task: Task, message: Message) -> None:
        """A stage of the running task began or ended: files are known to have changed."""
        page = self._pages.get(task.shot) if task.shot else None
        if page is None:
            return
        if isinstance(message, StageStarted):
            total = message.finished + message.pending
            page.views[message.stage] = replace(
                page.views.get(message.stage) or StageView(), standing="partial", finished=message.finished, total=total
            )
        elif isinstance(message, StageDone) and not message.passed_through:
            page.is_stale = page.is_stale or bool(message.made or message.seconds)
            total = message.made + message.reused
            page.views[message.stage] = replace(
                page.views.get(message.stage) or StageView(), standing="done", why="", finished=total, total=total
            )


def _stamp(shot: Path) -> tuple[int, ...]:
    """Changes whenever settings or the record of a stage change."""
    times: list[int] = []
    places = [shot / FILE_NAME, shot / "keys.json", *(shot / "state" / f"{name}.json" for name in BY_NAME)]
    for place in places:
        times.append(0)
        with contextlib.suppress(OSError):
            times[-1] = place.stat().st_mtime_ns
    return tuple(times)
