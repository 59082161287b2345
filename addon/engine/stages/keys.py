# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys stage: which frames are redrawn. The artist's keys, locks and removals in `keys.json` stay."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import InputError
from ..key_list import FILE_NAME, Key, KeyList, keys_text, load_keys, merge
from ..schema.keys import KeysSettings
from .context import StageContext
from .keys_choice import Choice, Chooser, Demand
from .keys_reasons import reasons
from .keys_table import measure

_MOST_SUGGESTED = 60


def run(context: StageContext) -> None:
    """Choose the keys of every scene and write `keys.json`."""
    settings: KeysSettings = context.settings
    before = _present(context)
    if _is_complete(settings.count, context.footage.scenes, before):
        _write(context, merge(before, []))
        return
    choosers = _choosers(context, before, settings.count)
    if settings.count:
        choices = _shared_out(choosers, settings.count)
        if sum(len(choice.frames) for choice in choices) > settings.count:
            total = sum(len(choice.frames) for choice in choices)
            context.warn(f"{total} keys instead of {settings.count}: every scene needs one, and yours stay")
    else:
        choices = [chooser.as_needed() for chooser in choosers]
    chosen: list[Key] = []
    for chooser, choice in zip(choosers, choices, strict=True):
        why = reasons(chooser.table, chooser.demand, choice.frames)
        chosen += [Key(frame, why[frame], added_by="lineboil") for frame in choice.frames]
    _write(context, merge(before, chosen))


def suggest(context: StageContext, quality: float) -> dict[str, Any]:
    """How much of the picture is predicted to be shown by so many keys. Writes nothing.

    Args:
        context: Of the stage; its inputs are made.
        quality: Share of the picture, 0..1, that keys should show on average.

    Returns:
        `quality`; `table`, from fewest to most keys, each with `keys`, `shown` (mean over all frames of the share of
        the picture that some key shows, the figure weighted), `worst` (the same of the worst frame) and `frames`;
        `suggested`, the smallest number of keys that reaches the quality, or None when none of the table does.
    """
    before = _present(context)
    total = context.footage.count
    choosers = _choosers(context, before, 0)
    rows: list[dict[str, Any]] = []
    suggested = None
    for choices in _every_share(choosers, max(_MOST_SUGGESTED, len(before.fixed))):
        shown = 1 - sum(choice.missing for choice in choices) / total
        frames = sorted(frame for choice in choices for frame in choice.frames)
        worst = 1 - max(choice.worst for choice in choices)
        rows.append({"keys": len(frames), "shown": round(shown, 4), "worst": round(worst, 4), "frames": frames})
        if suggested is None and shown >= quality:
            suggested = len(frames)
        if suggested is not None and len(rows) >= 8 and len(frames) >= suggested + 3:
            break
    return {"quality": quality, "suggested": suggested, "table": rows}


def _is_complete(count: int, scenes: tuple[tuple[int, int], ...], before: KeyList) -> bool:
    """Whether the artist's own keys are all that is asked for: then there is nothing to compare."""
    frames = [key.frame for key in before.fixed]
    everywhere = all(any(first <= frame <= last for frame in frames) for first, last in scenes)
    return len(frames) == count and everywhere


def _present(context: StageContext) -> KeyList:
    """What the artist decided so far; nothing when there is no file yet."""
    path = context.file(FILE_NAME)
    if not path.is_file():
        return KeyList()
    keys = load_keys(path)
    count = context.footage.count
    beyond = [key.frame for key in keys.fixed if key.frame > count]
    if beyond:
        raise InputError(
            f"has a key at frame {beyond[0]}, but the shot has {count} frames",
            where=str(path),
            remedy="Move or delete that key.",
        )
    return keys


def _choosers(context: StageContext, before: KeyList, count: int) -> list[Chooser]:
    """One for every scene, its frames compared."""
    settings: KeysSettings = context.settings
    rate = float(context.footage.frame_rate)
    demand = Demand(
        settings.coverage,
        settings.figure_weight,
        max(1, round(settings.minimum_gap * rate)),
        max(1, round(settings.maximum_gap * rate)),
    )
    choosers: list[Chooser] = []
    for first, last in context.footage.scenes:
        fixed = [key.frame for key in before.fixed if first <= key.frame <= last]
        table = measure(context, (first, last), demand.maximum_gap, fixed, count, settings.figure_weight)
        if not settings.prefer_sharp:
            table.sharpness = np.ones_like(table.sharpness)
        choosers.append(Chooser(table, demand, fixed, before.removed))
    return choosers


def _shared_out(choosers: list[Chooser], count: int) -> list[Choice]:
    """Keys for every scene, so many in all: at least one and the artist's each."""
    choices: list[Choice] = []
    for choices in _every_share(choosers, count):
        if sum(len(choice.frames) for choice in choices) >= count:
            break
    return choices


def _every_share(choosers: list[Chooser], most: int) -> Any:
    """Yields the choices of all scenes, from the fewest keys to `most`, each time with one more where it helps most."""
    tables = [chooser.by_number(most) for chooser in choosers]
    numbers = [min(table, default=0) for table in tables]
    nothing = [chooser.judged([]) for chooser in choosers]
    while True:
        yield [table.get(number, none) for table, number, none in zip(tables, numbers, nothing, strict=True)]
        gains = [
            table[number].error - table[number + 1].error if number + 1 in table else -np.inf
            for table, number in zip(tables, numbers, strict=True)
        ]
        scene = int(np.argmax(gains))
        if not np.isfinite(gains[scene]) or sum(numbers) >= most:
            return
        numbers[scene] += 1


def _write(context: StageContext, keys: KeyList) -> None:
    context.write_text(FILE_NAME, keys_text(keys))
    count, frames = len(keys.keys), ", ".join(str(frame) for frame in keys.frames)
    context.note(f"{count} {'key' if count == 1 else 'keys'}: {frames}")
    context.record(keys=len(keys.keys), yours=len(keys.fixed))
