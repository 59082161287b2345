# SPDX-License-Identifier: GPL-3.0-or-later
"""Time: scene range, frame rate, and the clip's sound as a strip."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from . import versions
from .marks import ID, Marks

_MARK = "sound"
_CHANNEL = 1


def blender_rate(rate: Fraction) -> tuple[int, float]:
    """`fps` and `fps_base` of a frame rate.

    >>> blender_rate(Fraction(30000, 1001))
    (30, 1.001)
    """
    if rate.denominator == 1001:
        return round(rate), float(Fraction(round(rate)) / rate)
    if rate.numerator <= 240:
        return rate.numerator, float(rate.denominator)
    whole = max(1, round(rate))
    return whole, float(Fraction(whole) / rate)


def set_time(marks: Marks, job: dict[str, Any], scene: Any) -> None:
    """Make the scene's range and rate those of the clip."""
    clip = job["clip"]
    fps, base = blender_rate(Fraction(*clip["rate"]))
    for holder, name, value in (
        (scene, "frame_start", clip["start"]),
        (scene, "frame_end", clip["start"] + clip["count"] - 1),
        (scene.render, "fps", fps),
        (scene.render, "fps_base", base),
    ):
        marks.attribute(scene, name, value, holder)


def place_sound(marks: Marks, job: dict[str, Any], scene: Any) -> None:
    """Put the clip's sound on the first frame, or renew its path; a strip the artist deleted stays away."""
    name = job["clip"]["sound"]
    if not name:
        return
    relative = f"//{name}"
    strip = _strip(scene)
    if strip is None and not scene.get("lineboil_sound"):
        editor = scene.sequence_editor or scene.sequence_editor_create()
        path = str(Path(job["root"]) / name)
        strip = versions.sound_strips(editor).new_sound("Sound", path, _CHANNEL, job["clip"]["start"])
        strip[ID] = _MARK
        strip.sound.filepath = relative
        scene["lineboil_sound"] = True
        marks.changes.append("sound")
    if strip is not None and strip.sound is not None:
        marks.set(
            scene,
            "sound",
            relative,
            lambda: strip.sound.filepath,
            lambda new: setattr(strip.sound, "filepath", new),
        )
    marks.attribute(scene, "sync_mode", "AUDIO_SYNC")
    versions.use_scene_in_sequencer(scene)


def _strip(scene: Any) -> Any:
    if scene.sequence_editor is None:
        return None
    strips = versions.sound_strips(scene.sequence_editor)
    return next((item for item in strips if item.type == "SOUND" and item.get(ID) == _MARK), None)
