# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the frames of `lineboil carry` into the artist's folder as they are finished, under the footage's numbers."""

from __future__ import annotations

import time
from pathlib import Path

from .errors import InputError
from .frames import frame_name
from .journal import Journal
from .messages import Message, Note, Progress, Reporter, StageDone, Warned
from .schema.propagate import FOLDER
from .shot import Shot

_INTERVAL_SECONDS = 2.0


class Delivery:
    """The artist's folder. A frame painted over there stays; a picture that is not ours is never replaced.

    Args:
        out: The folder.
        shot: The private shot the frames are made in.
        count: Number of frames.
        first: Number of the first one.

    Raises:
        InputError: The folder holds pictures of others under the names of the frames; names them.
    """

    def __init__(self, out: Path, shot: Shot, count: int, first: int) -> None:
        self._out = out
        self._shot = shot
        self._names = {frame: f"{first + frame - 1:06d}.png" for frame in range(1, count + 1)}
        self._journal = Journal(shot.root.parent / "delivered.journal", out)
        self._waiting = dict(self._names)
        self._edited: list[str] = []
        self._last = 0.0
        foreign = [name for name in self._names.values() if self._journal.condition(name) == "foreign"]
        if foreign:
            more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
            raise InputError(
                f"holds pictures that were not carried here: {foreign[0]}{more}",
                where=str(out),
                remedy="Choose another folder for the frames, or take them away.",
            )

    def listening(self, reporter: Reporter) -> Reporter:
        """A reporter that passes messages on and delivers what they tell is finished."""
        return _Listener(self, reporter)

    def hear(self, message: Message) -> None:
        """Deliver now and then while frames are made."""
        if isinstance(message, Progress) and message.stage == "propagate":
            if time.monotonic() - self._last >= _INTERVAL_SECONDS:
                self._deliver()
                self._last = time.monotonic()
        elif isinstance(message, StageDone) and message.stage == "propagate":
            self._deliver()

    def finish(self, reporter: Reporter) -> None:
        """Take away frames of an earlier run that are no more, and tell of those painted over."""
        self._deliver()
        gone = {name for name in set(self._journal.entries) - set(self._names.values())}
        gone = {name for name in gone if self._journal.condition(name) in ("finished", "damaged", "missing")}
        for name in gone:
            (self._out / name).unlink(missing_ok=True)
        if gone:
            self._journal.forget(gone)
            reporter.send(Note("", f"{len(gone)} frames of an earlier run are no more and were taken away"))
        if self._edited:
            more = f" and {len(self._edited) - 1} more" if len(self._edited) > 1 else ""
            text = f"{self._edited[0]}{more} changed by hand since: kept; delete to have it carried again"
            reporter.send(Warned("", text))

    def _deliver(self) -> None:
        made = Journal(self._shot.state / "propagate.journal", self._shot.root)
        for frame, name in list(self._waiting.items()):
            source = f"{FOLDER}/{frame_name(frame)}"
            standing = made.condition(source)
            if standing not in ("finished", "edited"):
                continue
            del self._waiting[frame]
            condition = self._journal.condition(name)
            if condition == "edited":
                self._edited.append(name)
                continue
            there, new = self._journal.entries.get(name), made.entries[source]
            is_same = there is not None and (there.size, there.checksum) == (new.size, new.checksum)
            if condition != "finished" or standing != "finished" or not is_same:
                self._journal.write(name, (self._shot.root / source).read_bytes())


class _Listener:
    def __init__(self, delivery: Delivery, reporter: Reporter) -> None:
        self._delivery = delivery
        self._reporter = reporter

    def send(self, message: Message) -> bool:
        self._delivery.hear(message)
        # The footage was told of before: the keys are compared with it first.
        is_again = isinstance(message, StageDone) and message.stage == "footage"
        return False if is_again else self._reporter.send(message)
