# SPDX-License-Identifier: GPL-3.0-or-later
"""Time: scene range, frame rate, and the clip's sound as a strip."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from ..engine.errors import InputError
from . import versions
from .marks import ID, TOKEN, Marks
from .tokens import SOUND

_MARK = "sound"


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


def set_time(marks: Marks, job: dict[str, Any]) -> None:
    """Make the scene's range and rate those of the clip, unless the artist has set them for another purpose."""
    clip, scene = job["clip"], marks.scene
    fps, base = blender_rate(Fraction(*clip["rate"]))
    last = clip["start"] + clip["count"] - 1
    for part, holder, name, value in (
        ("frame range", scene, "frame_start", clip["start"]),
        ("frame range", scene, "frame_end", last),
        ("frame rate", scene.render, "fps", fps),
        ("frame rate", scene.render, "fps_base", base),
    ):
        if not marks.is_left(part):
            marks.attribute(scene, name, value, holder)


def place_sound(marks: Marks, job: dict[str, Any]) -> None:
    """Put the clip's sound on the first frame, or renew its path; a strip the artist deleted stays away."""
    name = job["clip"]["sound"]
    if not name:
        return
    if not versions.has_sound():
        marks.changes.notes.append("this Blender was made without sound: the scene has none")
        return
    scene, path = marks.scene, Path(job["root"]) / name
    strip = _strip(scene)
    if strip is None and not scene.get(SOUND):
        strip = _new_strip(marks, path, job["clip"]["start"])
    if strip is not None and strip.sound is not None:
        _part_sound(marks, strip)
        sound = strip.sound
        marks.path(scene, "sound", path, lambda: sound.filepath, lambda new: setattr(sound, "filepath", new))
    if not marks.is_left("sound sync"):
        marks.attribute(scene, "sync_mode", "AUDIO_SYNC")
    versions.use_scene_in_sequencer(scene)


def _new_strip(marks: Marks, path: Path, start: int) -> Any:
    scene = marks.scene
    editor = scene.sequence_editor or scene.sequence_editor_create()
    strips = versions.sound_strips(editor)
    taken = {item.channel for item in strips}
    channel = next(number for number in range(1, len(taken) + 2) if number not in taken)
    try:
        strip = strips.new_sound("Sound", str(path), channel, start)
    except RuntimeError as error:
        raise InputError(
            f"Blender cannot read this sound ({str(error).strip()})", where=str(path), remedy="Run the shot again."
        ) from error
    strip[ID] = _MARK
    marks.mark(strip.sound, _MARK)
    scene[SOUND] = True
    marks.changes.append("sound")
    return strip


def _part_sound(marks: Marks, strip: Any) -> None:
    """Blender shares the sound between copies of a scene; its path is that of one shot."""
    if strip.sound.get(TOKEN, marks.token) != marks.token:
        strip.sound = strip.sound.copy()
    if strip.sound.get(TOKEN) != marks.token:
        marks.mark(strip.sound, _MARK)


def _strip(scene: Any) -> Any:
    if scene.sequence_editor is None:
        return None
    strips = versions.sound_strips(scene.sequence_editor)
    return next((item for item in strips if item.type == "SOUND" and item.get(ID) == _MARK), None)
