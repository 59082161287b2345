# SPDX-License-Identifier: GPL-3.0-or-later
"""The render stage: Blender renders what is missing, frame by frame; then the film with the clip's sound."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..blender import find_blender
from ..blender_child import run_job
from ..cache import is_whole
from ..errors import InputError, MissingError
from ..frames import range_text
from ..image.video import write_movie
from ..messages import Message, Note, Preview
from ..schema.build import blend_of
from ..schema.render import FOLDER, RenderSettings
from .context import StageContext


def run(context: StageContext) -> None:
    """Make the wanted frames in `render/` and the film of them: `<shot>_render.mp4`, or with `_A-B` for an excerpt.

    Raises:
        MissingError: There is no scene, or no Blender.
        EngineError: Blender failed; finished frames stay.
    """
    blend = blend_of(context.settings_of("build"), context.shot.root)
    if not blend.is_file():
        raise MissingError(
            "there is no scene to render",
            where=str(blend),
            remedy=f"Make one with: lineboil build {context.shot.root}.",
        )
    pending = context.pending()
    if pending:
        _render(context, blend, pending)
    movie = _film(context)
    context.record(movie=movie, frames=range_text(context.frames))


def _render(context: StageContext, blend: Path, pending: list[int]) -> None:
    settings: RenderSettings = context.settings
    blender = find_blender(context.settings_of("build").blender)
    folder = context.cache("fresh")
    shutil.rmtree(folder, ignore_errors=True)
    follower = _Follower(context, pending)
    is_preview = settings.quality == "preview"
    job: dict[str, Any] = {
        "command": "render",
        "blend": str(blend),
        "root": str(context.shot.root),
        "folder": str(folder),
        "frames": pending,
        "start": 1,
        "engine": settings.engine,
        "device": settings.device,
        "samples": settings.preview_samples if is_preview else 0,
        "long_side": settings.preview_long_side if is_preview else 0,
    }
    result = run_job(blender, job, context.cache(), follower.take)
    context.record(blender=result["version"], engine=result["engine"], device=result["device"])


class _Follower:
    """Takes finished frames from Blender's process into the shot."""

    def __init__(self, context: StageContext, pending: list[int]) -> None:
        self._context = context
        self._done = 0
        self._total = len(pending)

    def take(self, message: Message | None) -> None:
        """One message, or None for a quiet moment."""
        if isinstance(message, Preview):
            self._adopt(message)
        elif isinstance(message, Note):
            self._context.note(message.text)
        self._context.step("rendering", self._done, self._total)

    def _adopt(self, message: Preview) -> None:
        part = Path(message.path)
        if not is_whole(part):
            raise InputError("this rendered frame is damaged", where=message.path, remedy="Render again.")
        self._context.adopt_frame(FOLDER, message.frame, part)
        self._done += 1
        self._context.job.preview(message.frame, str(self._context.path(FOLDER, message.frame)))


def _film(context: StageContext) -> str:
    settings: RenderSettings = context.settings
    footage = context.footage
    first, last = context.frames[0], context.frames[-1]
    frames = range(first, last + 1)
    if tuple(frames) != context.frames:
        context.note("the chosen frames have gaps; the film is cut together without sound")
    is_run = tuple(frames) == context.frames
    is_all = is_run and first == 1 and last == footage.count
    name = f"{context.shot.name}_render" + ("" if is_all else f"_{range_text(context.frames)}") + ".mp4"
    sound = context.file(footage.sound) if settings.sound and footage.sound and is_run else None
    made = context.cache() / "film.mp4"
    write_movie(
        made,
        _pictures(context),
        frame_rate=footage.frame_rate,
        sound=sound if sound and sound.is_file() else None,
        sound_offset_seconds=-float((first - 1) / footage.frame_rate),
        quality=settings.film_quality,
        report=lambda count: context.step("encoding", count, len(context.frames)),
    )
    context.adopt(name, made)
    return name


def _pictures(context: StageContext) -> Iterator[npt.NDArray[np.uint8]]:
    for frame in context.frames:
        yield context.read_rgb8(FOLDER, frame)
