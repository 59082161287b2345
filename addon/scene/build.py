# SPDX-License-Identifier: GPL-3.0-or-later
"""The build job: a shot's finished files become, or renew, its `.blend`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import bpy

from ..engine.errors import BusyError, InputError
from ..engine.messages import Note, Progress
from . import camera, cutout, render, sets, sound, versions
from .job import Channel
from .marks import Marks
from .placement import place

_STAGE = "build"


def run(job: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """Make or update the `.blend`; the file is only written when something changed.

    Returns:
        `changes`: what was made or renewed, `is_new`, `version`: of Blender.

    Raises:
        InputError: The file is from a newer Blender, or the set cannot be read.
        BusyError: The file was saved by somebody else meanwhile.
    """
    path = Path(job["blend"])
    channel.send(Progress(_STAGE, "opening the scene", 0, 3, "steps"))
    before = _stamp(path)
    is_new = before is None
    scene = _new_scene() if is_new else _open(path)
    channel.send(Progress(_STAGE, "placing the cut-out", 1, 3, "steps"))
    marks = Marks(scene)
    _fill(marks, job, scene)
    changes = marks.changes
    channel.send(Progress(_STAGE, "saving the scene", 2, 3, "steps"))
    if changes or is_new:
        _save(path, before)
    else:
        channel.send(Note(_STAGE, "the scene is up to date; the file is left as it is"))
    channel.send(Progress(_STAGE, "saving the scene", 3, 3, "steps"))
    return {"changes": changes, "is_new": is_new, "version": bpy.app.version_string}


def _stamp(path: Path) -> tuple[int, int] | None:
    if not path.is_file():
        return None
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns


def _new_scene() -> Any:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


def _open(path: Path) -> Any:
    try:
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False, use_scripts=False)
    except RuntimeError as error:
        raise InputError(
            f"Blender cannot open this file ({str(error).strip()})",
            where=str(path),
            remedy="Put its backup (.blend1) in its place, or move it away to have a new one built.",
        ) from error
    saved = tuple(bpy.data.version)[:2]
    if saved > versions.VERSION[:2]:
        raise InputError(
            f"was saved by Blender {saved[0]}.{saved[1]}, newer than this {bpy.app.version_string}",
            where=str(path),
            remedy="Give the newer Blender with --blender PATH: an older one would lose what it does not know.",
        )
    scenes = [scene for scene in bpy.data.scenes if "lineboil_made" in scene]
    return scenes[0] if scenes else bpy.context.scene


def _fill(marks: Marks, job: dict[str, Any], scene: Any) -> None:
    settings = job["settings"]
    described = sets.load_set(settings["set"], Path(job["root"]))
    size = job["size"]
    placement = place(job["subject"], size[0] / size[1], described["wall"].get("gap", 0.6), settings["ground"])
    figure = _collection(marks, scene, "figure", "Figure")
    made = cutout.place_cutout(marks, job, figure)
    cutout.aim_filming_camera(marks, made["filming"], job["subject"]["frames"], placement.camera_heights)
    stage = _collection(marks, scene, "set", "Set")
    sets.place_set(marks, described, placement, stage)
    aperture = described["camera"].get("aperture", 4.0)
    camera.place_camera(marks, job, placement, aperture, made["focus"], stage)
    sound.set_time(marks, job, scene)
    sound.place_sound(marks, job, scene)
    render.set_output(marks, scene, size)


def _collection(marks: Marks, scene: Any, mark: str, name: str) -> Any:
    def make() -> Any:
        made = bpy.data.collections.new(name)
        scene.collection.children.link(made)
        return made

    return marks.ensure("collections", mark, make, essential=True)


def _save(path: Path, before: tuple[int, int] | None) -> None:
    part = path.with_name(f"{path.stem}.{os.getpid()}.part.blend")
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(part), copy=True, relative_remap=False, compress=True)
        if _stamp(path) != before:
            raise BusyError(
                "was saved by somebody else while it was being updated", where=str(path), remedy="Build once more."
            )
        if before is not None:
            backup = path.with_name(path.name + "1")
            kept = path.with_name(f"{path.stem}.{os.getpid()}.part.blend1")
            shutil.copy2(path, kept)
            os.replace(kept, backup)
        os.replace(part, path)
    except RuntimeError as error:
        raise InputError(f"the scene cannot be saved ({str(error).strip()})", where=str(path)) from error
    finally:
        part.unlink(missing_ok=True)
