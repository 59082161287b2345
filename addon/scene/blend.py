# SPDX-License-Identifier: GPL-3.0-or-later
"""A .blend in a Blender of our own: opening it, finding the shot's scene in it, saving it whole or not at all."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Any

import bpy

from ..engine.cache import disk_error
from ..engine.errors import BusyError, InputError, MissingError
from ..engine.shot import FILE_NAME
from . import paths, tokens, versions
from .marks import MADE

Stamp = tuple[int, int]


def stamp(path: Path) -> Stamp | None:
    """Size and date of a file; None when there is none."""
    if not path.is_file():
        return None
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def open_file(path: Path) -> None:
    """Open a .blend with its windows, which would be lost when it is saved, and without running its scripts.

    Raises:
        InputError: Not a .blend, damaged, or saved by a newer Blender.
    """
    try:
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=True, use_scripts=False)
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


def scene_of(root: Path, path: Path) -> Any:
    """The scene of a shot in the open file; None when it holds none.

    Args:
        root: The shot.
        path: Where the open file is.

    Raises:
        InputError: Several scenes of the shot, none of them the one that was shown when the file was saved.
    """
    built = [scene for scene in bpy.data.scenes if MADE in scene and scene.library is None]
    found = [scene for scene in built if paths.is_same(tokens.shot_of(scene, path), root)]
    found = found or [scene for scene in built if _was_of(scene, root, path)]
    if len(found) <= 1:
        return found[0] if found else None
    if bpy.context.scene in found:
        return bpy.context.scene
    names = ", ".join(f'"{scene.name}"' for scene in found)
    raise InputError(
        f"holds {len(found)} scenes of this shot ({names})",
        where=str(path),
        remedy="Open the file in Blender, choose the scene that is meant, and save it.",
    )


def _was_of(scene: Any, root: Path, path: Path) -> bool:
    """Whether a scene is this shot's that says so no more: the shot was moved, or an older version built it."""
    shown = tokens.shot_of(scene, path)
    if shown is None:
        return paths.is_same(path.parent, root)
    return shown.name == root.name and not (shown / FILE_NAME).is_file()


def scene_for(root: Path, path: Path) -> Any:
    """The scene to build a shot in: its own, else the one that is shown, else a new one beside another shot's."""
    found = scene_of(root, path)
    if found is not None:
        return found
    shown = bpy.context.scene
    if shown is None or MADE in shown or shown.library is not None:
        return bpy.data.scenes.new(root.name)
    return shown


def check_writable(path: Path) -> None:
    """Refuse a place that cannot be written before any work is done.

    Raises:
        MissingError: Its folder is not there.
        InputError: The file or its folder is read-only.
    """
    if not path.parent.is_dir():
        raise MissingError(
            "the folder of this .blend is not there", where=str(path), remedy="Give another place with --blend FILE."
        )
    for place in (path, path.parent):
        if place.exists() and not (os.access(place, os.W_OK) and place.stat().st_mode & stat.S_IWUSR):
            raise InputError(
                "is read-only", where=str(place), remedy="Change its rights, or give another .blend with --blend FILE."
            )


def save(path: Path, before: Stamp | None) -> None:
    """Save the open file in this place; the file that was there becomes its backup (.blend1).

    Args:
        path: Of the .blend.
        before: `stamp` when it was opened.

    Raises:
        BusyError: The file was saved by somebody else meanwhile.
        InputError: It cannot be written.
    """
    part = path.with_name(f"{path.stem}.{os.getpid()}.part.blend")
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(part), copy=True, relative_remap=False, compress=True)
        if stamp(path) != before:
            raise BusyError(
                "was saved by somebody else while it was being updated", where=str(path), remedy="Build once more."
            )
        if before is not None:
            kept = path.with_name(f"{path.stem}.{os.getpid()}.part.blend1")
            shutil.copy2(path, kept)
            os.replace(kept, path.with_name(path.name + "1"))
        os.replace(part, path)
    except RuntimeError as error:
        raise InputError(f"the scene cannot be saved ({str(error).strip()})", where=str(path)) from error
    except OSError as error:
        raise disk_error(error, path) from error
    finally:
        part.unlink(missing_ok=True)
