# SPDX-License-Identifier: GPL-3.0-or-later
"""Which shot a scene belongs to.

`scene.lineboil.shot` holds the folder: relative to the .blend ("//../shot") where that is near, else absolute. The
custom property `lineboil_shot` says the same to Blenders without the extension, and from a scene built headless.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bpy

from .engine.errors import EngineError, InputError
from .settings_file import SettingsFile

PROPERTY = "lineboil_shot"
_STEPS_UP = 3
_files: dict[Path, SettingsFile] = {}


def shot_root(scene: Any) -> Path | None:
    """The shot's folder, which need not be there; None when the scene has no shot or its .blend no place yet."""
    text = shot_text(scene)
    return resolve(text, bpy.data.filepath) if text else None


def shot_text(scene: Any) -> str:
    """The folder as the scene keeps it; "" without a shot."""
    return str(scene.lineboil.shot or scene.get(PROPERTY, "")).replace("\\", "/" if os.sep == "/" else "\\")


def resolve(text: str, blend: str) -> Path | None:
    """The folder that a kept text means in a .blend; None when it is relative and the .blend was never saved."""
    path = Path(text.removeprefix("//") or ".").expanduser() if text.startswith("//") else Path(text).expanduser()
    if path.is_absolute():
        return Path(os.path.normpath(path))
    return Path(os.path.normpath(Path(blend).parent / path)) if blend else None


def kept_text(root: Path, blend: str) -> str:
    """How a .blend keeps the folder: relative when it is near, so that both can be moved together."""
    if blend:
        try:
            relative = Path(os.path.relpath(root, Path(blend).parent)).as_posix()
        except ValueError:
            # Another drive.
            return str(root)
        if relative.split("/").count("..") <= _STEPS_UP:
            return f"//{relative}"
    return str(root)


def set_shot(scene: Any, root: Path | None) -> None:
    """Give a scene its shot, or none; its properties then show the shot's settings."""
    scene.lineboil.shot = "" if root is None else kept_text(Path(os.path.abspath(root)), bpy.data.filepath)
    keep(scene)


def keep(scene: Any) -> None:
    """Write the scene's shot where Blenders without the extension keep it."""
    text = str(scene.lineboil.shot)
    if text:
        scene[PROPERTY] = text
    elif PROPERTY in scene:
        del scene[PROPERTY]


def adopt(scene: Any) -> None:
    """A scene that was built headless shows its shot."""
    if not scene.lineboil.shot and scene.get(PROPERTY):
        root = shot_root(scene)
        if root is not None:
            set_shot(scene, root)


def before_save(path: str) -> None:
    """Make the shots of all scenes relative to where the .blend is about to be saved."""
    for scene in bpy.data.scenes:
        root = shot_root(scene)
        if root is not None and scene.library is None:
            _rewrite(scene, kept_text(root, path), was=bpy.data.filepath, now=path)


def after_save(path: str) -> None:
    """Undo `before_save` after a copy was saved elsewhere, or nothing at all: this .blend stays where it is."""
    present = bpy.data.filepath
    for scene in bpy.data.scenes:
        text = shot_text(scene)
        root = resolve(text, path) if text else None
        if root is not None and scene.library is None:
            _rewrite(scene, kept_text(root, present), was=path, now=present)


def _rewrite(scene: Any, text: str, *, was: str, now: str) -> None:
    if text != scene.lineboil.shot:
        # Straight into the data: it is the same shot, which need not be read again.
        scene.lineboil["shot"] = text
        keep(scene)


def settings_file(root: Path) -> SettingsFile:
    """The settings of a shot folder; the same object for every scene."""
    return _files.setdefault(root, SettingsFile(root))


def shot_problem(scene: Any) -> EngineError | None:
    """Why the scene's shot cannot be used: folder gone, `shot.toml` broken or from a newer version; None if it can."""
    text = shot_text(scene)
    if not text:
        return None
    root = shot_root(scene)
    if root is None:
        return InputError(
            "the shot is given relative to this .blend, which is not saved",
            where=text,
            remedy="Say where the shot is with Relink Shot.",
        )
    file = settings_file(root)
    file.look()
    return file.problem


def forget() -> None:
    """Drop what was read of all shots."""
    _files.clear()
