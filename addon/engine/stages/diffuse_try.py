# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures drawn while a look is being found: small and with few steps, seen while they come, kept as tries."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..cache import write_atomic
from ..image import files
from ..image.strip import Image8, sheet_of
from ..models.diffusion.request import Request
from ..tries import Tries, Try, settings_of
from .context import StageContext

LIVE = "try-live.png"
_LOOK_SECONDS = 0.4
"""Between two quick looks: each costs a decoding."""
_FEWEST_DONE = 5
"""So few steps that are done still show where a picture is going."""

Draw = Callable[[Request, Callable[[int, int, Callable[[], Image8]], None]], Image8]


@dataclass(frozen=True)
class Variation:
    """One picture of a strip: what is drawn with which settings.

    Attributes:
        settings: `DiffuseSettings`, as they are kept with the try: with all steps.
        request: What the model is asked, reduced.
        label: What sets it apart from the others.
    """

    settings: Any
    request: Request
    label: str = ""


def few_steps(steps: int, strength: float) -> int:
    """Steps of a quick try: about half, but enough that some are done at this strength.

    >>> few_steps(30, 0.6), few_steps(20, 0.3), few_steps(4, 0.5)
    (15, 17, 4)
    """
    enough = math.ceil(_FEWEST_DONE / max(strength, 0.05))
    return min(steps, max(steps // 2, enough))


def variations_of(
    settings: Any, seeds: Sequence[int], strengths: Sequence[float], make: Callable[[Any], Request]
) -> list[list[Variation]]:
    """Rows of one strength each, columns of one seed each; the settings' own where none are given.

    Args:
        settings: `DiffuseSettings`.
        seeds: For the columns.
        strengths: Denoising strengths for the rows.
        make: From settings to the reduced request.
    """
    rows: list[list[Variation]] = []
    for strength in strengths or (settings.strength,):
        row: list[Variation] = []
        for seed in seeds or (settings.seed,):
            changed = replace(settings, seed=seed, strength=strength)
            row.append(Variation(changed, make(changed), f"seed {seed}  strength {strength:g}"))
        rows.append(row)
    return rows


def draw_tries(
    context: StageContext,
    rows: list[list[Variation]],
    draw: Draw,
    like: Try,
    device: str = "",
    finish: Callable[[Image8], Image8] = np.ascontiguousarray,
) -> tuple[list[Try], Path | None]:
    """Draw every variation, show it while it comes, and keep each as a try as soon as it is finished.

    Args:
        context: Of the diffuse stage; nothing of the stage is changed.
        rows: What is drawn.
        draw: Draws one.
        like: What all tries have in common: what, frames, keys, parent, note.
        device: What draws, for the record.
        finish: From what the model drew to what is kept: a key without what its cell has more than the frame.

    Returns:
        The tries, and a labelled sheet of all where there is more than one.

    Raises:
        Cancelled: The artist stopped; what is finished is kept.
    """
    history = Tries(context.shot.state)
    total = sum(len(row) for row in rows)
    kept: list[Try] = []
    pictures: list[list[Image8 | None]] = []
    for row in rows:
        pictures.append([])
        for variation in row:
            watch = Watch(context, like.frames[0], len(kept), total)
            started = time.monotonic()
            picture = finish(draw(variation.request, watch.step))
            pictures[-1].append(picture)
            height, width = picture.shape[:2]
            facts = {**like.facts, "size": [width, height], "steps": variation.request.steps, "device": device}
            item = replace(
                like, settings={**settings_of(context.shot.settings), **_diffuse(variation.settings)},
                seconds=round(time.monotonic() - started, 2), facts=facts,
            )
            kept.append(history.add(files.encode_png(picture), item))
            context.job.preview(like.frames[0], str(history.picture(kept[-1].number)))
    return kept, _sheet(context, rows, pictures, kept) if total > 1 else None


def _diffuse(settings: Any) -> dict[str, dict[str, Any]]:
    return settings_of({"diffuse": settings})


def _sheet(
    context: StageContext, rows: list[list[Variation]], pictures: list[list[Image8 | None]], kept: list[Try]
) -> Path:
    numbers = iter(kept)
    labels = [[f"try {next(numbers).number}: {variation.label}" for variation in row] for row in rows]
    path = context.shot.state / "preview" / f"tries-{kept[0].number:06d}-{kept[-1].number:06d}.png"
    write_atomic(path, files.encode_png(sheet_of(pictures, labels)))
    context.job.preview(0, str(path))
    return path


class Watch:
    """Tells of every step, and shows the picture now and then.

    Args:
        context: Of the diffuse stage.
        frame: The frame that is drawn.
        before: Pictures that are finished.
        total: Pictures there will be.
    """

    def __init__(self, context: StageContext, frame: int, before: int = 0, total: int = 1) -> None:
        self._context = context
        self._frame = frame
        self._before = before
        self._total = total
        self._last = time.monotonic() - _LOOK_SECONDS
        self._path = context.shot.state / "preview" / LIVE

    def step(self, done: int, of: int, look: Callable[[], Image8]) -> None:
        """Called by the model after every step; what is raised here ends the drawing."""
        what = "drawing" if self._total == 1 else f"drawing {self._before + 1} of {self._total}"
        self._context.step(what, self._before * of + done, self._total * of, "steps")
        now = time.monotonic()
        if done < of and now - self._last >= _LOOK_SECONDS:
            self._last = now
            write_atomic(self._path, files.encode_png(look()))
            self._context.job.preview(self._frame, str(self._path))
