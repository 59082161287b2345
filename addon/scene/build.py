# SPDX-License-Identifier: GPL-3.0-or-later
"""A shot's finished files become, or renew, a scene: in the file that is open, or in a .blend of a child process."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import bpy

from ..engine.errors import BusyError, InputError
from ..engine.messages import Note, Progress
from . import blend, camera, cutout, render, sets, sound, startup, tokens
from .job import Channel
from .marks import ID, TOKEN, Changes, Marks, is_own
from .placement import Placement, place
from .tokens import STAMP

_STAGE = "build"
# While a build is on its way the scene says how far it is: an undo between two steps is noticed by it.
_STEP = "lineboil_step"
_MOST_RESTARTS = 3

Standing = Literal["done", "stale", "missing"]


@dataclass(frozen=True)
class Plan:
    """What every step works from: plain numbers and words, nothing of Blender's."""

    job: dict[str, Any]
    described: dict[str, Any]
    placement: Placement


def fill_steps(scene: Any, job: dict[str, Any], blend_path: Path | None = None) -> Generator[str, None, Changes]:
    """Make or renew a shot's things in a scene, in steps short enough for a fluid window.

    Only what an earlier build made there is touched, and the scene's own settings unless the artist has set them.
    Between two steps anything may happen: every step looks its things up again; after an undo the build begins anew.
    A generator that is closed early leaves a scene that the next build completes.

    Args:
        scene: Any scene of the open file, in view or not.
        job: As `lineboil build --describe` gives it.
        blend_path: Where the open file will be saved; where it is saved now when not given.

    Yields:
        Before each step what it does, in words.

    Returns:
        What was changed, and notes for the artist.

    Raises:
        InputError: A set or a picture cannot be read, the scene is linked from another file, or was removed meanwhile.
        BusyError: The scene was undone again and again.
    """
    identity = scene.session_uid
    if not is_own(scene):
        raise InputError("this scene is linked from another file", where=scene.name, remedy="Build in another scene.")
    plan, changes = _plan(job), Changes()
    at, restarts = 0, 0
    try:
        while at < len(_STEPS):
            what, step = _STEPS[at]
            yield what
            found = _scene(identity, job)
            if at and found.get(_STEP) != at:
                at, restarts = 0, restarts + 1
                if restarts > _MOST_RESTARTS:
                    raise BusyError("was changed while it was being built", where=found.name, remedy="Build again.")
                continue
            step(Marks(found, _place_of(blend_path), changes), plan)
            at += 1
            found[_STEP] = at
    finally:
        _forget_step(identity)
    return changes


def fill(scene: Any, job: dict[str, Any], blend_path: Path | None = None) -> Changes:
    """All of `fill_steps` at once."""
    steps = fill_steps(scene, job, blend_path)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def standing(scene: Any, stamp: str) -> Standing:
    """How a scene stands to the shot's present state, whose stamp the worker tells with the status of `build`."""
    if figure(scene) is None:
        return "missing"
    return "done" if stamp and scene.get(STAMP) == stamp else "stale"


def figure(scene: Any) -> Any:
    """The figure's card in a scene, or None before it was built."""
    token = scene.get(TOKEN)
    return next((item for item in scene.objects if item.get(ID) == "card" and item.get(TOKEN) == token), None)


def _plan(job: dict[str, Any]) -> Plan:
    settings = job["settings"]
    described = sets.load_set(settings["set"], Path(job["root"]))
    width, height = job["size"]
    gap = described["wall"].get("gap", 0.6)
    return Plan(job, described, place(job["subject"], width / height, gap, settings["ground"]))


def _scene(identity: int, job: dict[str, Any]) -> Any:
    found = next((item for item in bpy.data.scenes if item.session_uid == identity), None)
    if found is None:
        raise InputError(
            "the scene was removed while it was being built", where=job["root"], remedy="Build again in another one."
        )
    return found


def _forget_step(identity: int) -> None:
    for item in bpy.data.scenes:
        if item.session_uid == identity and _STEP in item:
            del item[_STEP]


def _place_of(blend_path: Path | None) -> Path | None:
    if blend_path is not None:
        return blend_path
    return Path(bpy.data.filepath) if bpy.data.filepath else None


def _begin(marks: Marks, plan: Plan) -> None:
    startup.examine(marks)
    tokens.claim(marks, Path(plan.job["root"]))
    for mark, name in (("figure", "Figure"), ("set", "Set")):
        _collection(marks, mark, name)


def _collection(marks: Marks, mark: str, name: str) -> None:
    scene = marks.scene

    def make() -> Any:
        made = bpy.data.collections.new(name)
        scene.collection.children.link(made)
        return made

    found = marks.ensure("collections", mark, make, essential=True)
    if found not in set(scene.collection.children_recursive):
        scene.collection.children.link(found)
        marks.changes.append(f"{found.name} shown again")


def _place_camera(marks: Marks, plan: Plan) -> None:
    aperture = plan.described["camera"].get("aperture", 4.0)
    camera.place_camera(marks, plan.job, plan.placement, aperture)


def _place_sound(marks: Marks, plan: Plan) -> None:
    sound.set_time(marks, plan.job)
    sound.place_sound(marks, plan.job)


def _end(marks: Marks, plan: Plan) -> None:
    if marks.scene.get(STAMP) != plan.job["stamp"]:
        marks.scene[STAMP] = plan.job["stamp"]
        marks.changes.append("stamp")


_STEPS: tuple[tuple[str, Callable[[Marks, Plan], None]], ...] = (
    ("looking at the scene", _begin),
    ("loading the pictures", lambda marks, plan: cutout.load_pictures(marks, plan.job)),
    ("making the figure's material", lambda marks, plan: cutout.make_material(marks, plan.job)),
    ("making the relief", lambda marks, plan: cutout.make_relief(marks)),
    ("placing the cut-out", lambda marks, plan: cutout.place_card(marks, plan.job)),
    ("aiming the filming camera", lambda marks, plan: cutout.aim(marks, plan.job, plan.placement)),
    ("placing floor and wall", lambda marks, plan: sets.place_surfaces(marks, plan.described, plan.placement)),
    ("placing the lights", lambda marks, plan: sets.place_lights(marks, plan.described, plan.placement)),
    ("placing the camera", _place_camera),
    ("placing the sound", _place_sound),
    ("setting the output", lambda marks, plan: render.set_output(marks, plan.job)),
    ("finishing the scene", _end),
)


def run(job: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Make or update the `.blend`; the file is only written when something changed.

    Returns:
        `changes`: what was made or renewed, `is_new`, `version`: of Blender.

    Raises:
        InputError: The file is from a newer Blender or read-only, or the set cannot be read.
        BusyError: The file was saved by somebody else meanwhile.
    """
    path = Path(job["blend"])
    total = len(_STEPS) + 2
    channel.send(Progress(_STAGE, "opening the scene", 0, total, "steps"))
    before = blend.stamp(path)
    if before is None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        scene = bpy.context.scene
    else:
        blend.open_file(path)
        scene = blend.scene_for(Path(job["root"]), path)
    changes = _fill_and_tell(scene, job, path, channel)
    channel.send(Progress(_STAGE, "saving the scene", total - 1, total, "steps"))
    if changes or before is None:
        blend.check_writable(path)
        blend.save(path, before)
    else:
        channel.send(Note(_STAGE, "the scene is up to date; the file is left as it is"))
    channel.send(Progress(_STAGE, "saving the scene", total, total, "steps"))
    return {"changes": list(changes), "is_new": before is None, "version": bpy.app.version_string}


def _fill_and_tell(scene: Any, job: dict[str, Any], path: Path, channel: Channel) -> Changes:
    steps = fill_steps(scene, job, path)
    done = 0
    while True:
        try:
            what = next(steps)
        except StopIteration as end:
            changes: Changes = end.value
            break
        done += 1
        channel.send(Progress(_STAGE, what, min(done, len(_STEPS)), len(_STEPS) + 2, "steps"))
    for note in changes.notes:
        channel.send(Note(_STAGE, note))
    return changes
