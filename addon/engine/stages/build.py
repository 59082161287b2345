# SPDX-License-Identifier: GPL-3.0-or-later
"""The build stage: measures the figure and has Blender make or update the scene, or tells how it is made."""

from __future__ import annotations

import glob
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..blender import find_blender
from ..blender_child import run_job
from ..errors import InputError
from ..image.files import read_rgb8
from ..messages import Message, Note, Progress, Reporter
from ..schema.build import SPEC, BuildSettings, blend_of
from ..schema.cutout import COLOUR_FOLDER
from ..shot import Shot, relative_text
from ..state import Record, ShotState
from .build_measure import figure_of, read_depth_facts
from .context import StageContext

_MOST_PIXELS = 1920


def run(context: StageContext) -> None:
    """Make or update the shot's `.blend`.

    Raises:
        MissingError: No Blender, or the folder of a .blend elsewhere is not there.
        EngineError: Blender failed; the old file stays as it was.
    """
    settings: BuildSettings = context.settings
    blend = blend_of(settings, context.shot.root)
    _check_is_there(context, blend)
    blender = find_blender(settings.blender)
    context.note(f"with {blender}")
    described = job(context)
    if not described["subject"]["found"]:
        context.warn("no figure was found in the matte; the set is built without one")
    try:
        result = run_job(blender, described, context.cache(), lambda message: pass_on(context, message))
    finally:
        _remove_unfinished(blend)
    changes: list[str] = result["changes"]
    if not result["is_new"] and changes:
        context.note(f"the scene was there: {len(changes)} things renewed, what you changed is kept")
    context.record(
        file=relative_text(blend, context.shot.root),
        blender=result["version"],
        is_new=bool(result["is_new"]),
        renewed=len(changes),
    )


def describe(shot: Shot, reporter: Reporter) -> dict[str, Any]:
    """What a scene of the shot is built from, for a Blender that builds it in the file it has open.

    Everything that the build reads must be up to date.

    Returns:
        `job` for `scene.build.fill_steps`, and its `stamp`.

    Raises:
        InputError: A file is damaged. `Cancelled` when the reporter asked to stop.
    """
    state = ShotState(shot)
    footage = state.footage()
    frames = tuple(range(1, footage.count + 1)) if footage else ()
    described = job(StageContext(state, SPEC, Record(), frames, reporter))
    return {"job": described, "stamp": described["stamp"]}


def _check_is_there(context: StageContext, blend: Path) -> None:
    """A file of the artist's that was moved is not silently replaced by a new one."""
    if blend.is_file() or not context.settings.file:
        return
    if context.facts_of("build").get("file") == relative_text(blend, context.shot.root):
        raise InputError(
            "the .blend this shot was built in is not there any more",
            where=str(blend),
            remedy='Say where it is with --blend FILE, or have a new one made: lineboil set SHOT build.file="".',
        )


def _remove_unfinished(blend: Path) -> None:
    # A stopped Blender cannot tidy up after itself; it saves to "name.part.blend@" first.
    for part in blend.parent.glob(f"{glob.escape(blend.stem)}.*.part.blend*"):
        part.unlink(missing_ok=True)


def job(context: StageContext) -> dict[str, Any]:
    """The build job as the Blender side reads it."""
    settings: BuildSettings = context.settings
    footage, root = context.footage, context.shot.root
    facts = read_depth_facts(context.file("depth/depth.json"))
    height, width = read_rgb8(context.path(COLOUR_FOLDER, 1)).shape[:2]
    scale = min(1.0, (settings.long_side or _MOST_PIXELS) / max(width, height))
    if settings.long_side:
        scale = settings.long_side / max(width, height)
    sound = footage.sound if footage.sound and context.file(footage.sound).is_file() else ""
    return {
        "command": "build",
        "root": str(root),
        "blend": str(blend_of(settings, root)),
        "stamp": context.state.scene_stamp(),
        "clip": {
            "first": 1,
            "start": 1,
            "count": footage.count,
            "width": footage.width,
            "height": footage.height,
            "rate": [footage.frame_rate.numerator, footage.frame_rate.denominator],
            "sound": sound,
        },
        "size": [2 * max(1, round(width * scale / 2)), 2 * max(1, round(height * scale / 2))],
        "depth": facts,
        "subject": figure_of(context, facts),
        "settings": asdict(settings),
    }


def pass_on(context: StageContext, message: Message | None) -> None:
    """Give a message of Blender's process to the artist; the quiet ticks only ask whether to stop."""
    if isinstance(message, Progress):
        context.step(message.what, message.done, message.total, message.unit)
    elif isinstance(message, Note):
        context.note(message.text)
    else:
        context.step("waiting for Blender", 0, 1, "steps")
