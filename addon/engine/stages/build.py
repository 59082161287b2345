# SPDX-License-Identifier: GPL-3.0-or-later
"""The build stage: measures the figure and has Blender make or update the scene."""

from __future__ import annotations

import glob
from dataclasses import asdict
from typing import Any

from ..blender import find_blender
from ..blender_child import run_job
from ..image.files import read_rgb8
from ..messages import Message, Note, Progress
from ..schema.build import BuildSettings
from ..schema.cutout import COLOUR_FOLDER
from .build_measure import measure, read_depth_facts
from .context import StageContext

_MOST_PIXELS = 1920


def run(context: StageContext) -> None:
    """Make or update `<shot>.blend`.

    Raises:
        MissingError: No Blender.
        EngineError: Blender failed; the old file stays as it was.
    """
    settings: BuildSettings = context.settings
    blender = find_blender(settings.blender)
    context.note(f"with {blender}")
    facts = read_depth_facts(context.file("depth/depth.json"))
    subject = measure(context, facts)
    if not subject["found"]:
        context.warn("no figure was found in the matte; the set is built without one")
    try:
        result = run_job(
            blender, job(context, facts, subject), context.cache(), lambda message: pass_on(context, message)
        )
    finally:
        _remove_unfinished(context)
    changes: list[str] = result["changes"]
    if not result["is_new"] and changes:
        context.note(f"the scene was there: {len(changes)} things renewed, what you changed is kept")
    context.record(
        file=f"{context.shot.name}.blend",
        blender=result["version"],
        is_new=bool(result["is_new"]),
        renewed=len(changes),
    )


def _remove_unfinished(context: StageContext) -> None:
    # A stopped Blender cannot tidy up after itself; it saves to "name.part.blend@" first.
    for part in context.shot.root.glob(f"{glob.escape(context.shot.name)}.*.part.blend*"):
        part.unlink(missing_ok=True)


def job(context: StageContext, facts: dict[str, float], subject: dict[str, Any]) -> dict[str, Any]:
    """The build job as the Blender side reads it."""
    settings: BuildSettings = context.settings
    footage = context.footage
    height, width = read_rgb8(context.path(COLOUR_FOLDER, 1)).shape[:2]
    scale = min(1.0, (settings.long_side or _MOST_PIXELS) / max(width, height))
    if settings.long_side:
        scale = settings.long_side / max(width, height)
    sound = footage.sound if footage.sound and context.file(footage.sound).is_file() else ""
    return {
        "command": "build",
        "root": str(context.shot.root),
        "blend": str(context.file(f"{context.shot.name}.blend")),
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
        "subject": subject,
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
