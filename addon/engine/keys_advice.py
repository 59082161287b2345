# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells how many keys show how much of a shot, without choosing any."""

from __future__ import annotations

from typing import Any

from . import pipeline
from .errors import InputError, SettingError
from .messages import Note, Reporter
from .schema.registry import BY_NAME
from .shot import Shot
from .state import Record, ShotState

USUAL_QUALITY = 0.93


def advise(shot: Shot, reporter: Reporter, quality: float) -> dict[str, Any]:
    """Make what the keys stage reads, and tell what so many keys are predicted to show. `keys.json` stays as it is.

    Args:
        shot: The shot.
        reporter: Receives a line for every number of keys.
        quality: Share of the picture that keys should show on average, over 0 and up to 1.

    Returns:
        See `stages.keys.suggest`.

    Raises:
        SettingError: The quality is no such number.
    """
    if not 0 < quality <= 1:
        raise SettingError(f"a quality of {quality:g} cannot be had", remedy="Give a number over 0 and up to 1.")
    pipeline.run(shot, reporter, stage="keys", purpose="keys", inputs_only=True)
    # They pull in NumPy and OpenCV, which `status` and Blender's process do without.
    from .stages.context import StageContext
    from .stages.keys import suggest

    state, spec = ShotState(shot), BY_NAME["keys"]
    footage = state.footage()
    if footage is None:
        raise InputError("the footage has not been read", where=str(shot.root))
    record = state.record(spec.name) or Record(parts={})
    context = StageContext(state, spec, record, tuple(range(1, footage.count + 1)), reporter)
    result = suggest(context, quality)
    for row in result["table"]:
        reporter.send(Note(spec.name, _words(row)))
    if result["suggested"] is None:
        most = result["table"][-1]["keys"]
        reporter.send(Note(spec.name, f"{quality:.1%} is not reached with up to {most} keys".replace("%", " %")))
    return result


def _words(row: dict[str, Any]) -> str:
    frames = ", ".join(str(frame) for frame in row["frames"])
    count = f"{row['keys']} {'key shows' if row['keys'] == 1 else 'keys show'}"
    text = f"{count:>13} {row['shown']:.1%} of the picture, {row['worst']:.1%} of the worst frame".replace("%", " %")
    return f"{text}: {frames}"
