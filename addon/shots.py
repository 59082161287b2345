# SPDX-License-Identifier: GPL-3.0-or-later
"""Which shot a scene belongs to.

`scene.lineboil.shot` holds the folder: relative to the .blend ("//../shot") when that is saved, else absolute. The
custom property `lineboil_shot` says the same to Blenders without the extension, and tells it after a build headless.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bpy

from .engine.errors import EngineError, InputError
from .quiet import quietly
from .scene import paths
from .scene.tokens import STAMP
from .settings_file import SettingsFile

PROPERTY = "lineboil_shot"
_files: dict[Path, SettingsFile] = {}
_left: dict[str, Path] = {}
"""Folders by the words that meant them before this .blend was saved elsewhere: undo brings the words back."""


def shot_root(scene: Any) -> Path | None:
    """The shot's folder, which need not be there; None when the scene has no shot or its .blend no place yet."""
    return paths.absolute(shot_text(scene), _blend_of(scene))


def shot_text(scene: Any) -> str:
    """The folder as the scene keeps it; "" without a shot."""
    return _plain(str(scene.lineboil.shot or scene.get(PROPERTY, "")))


def _plain(text: str) -> str:
    # "//" and backslashes: saved on Windows, or typed there.
    return text.replace("\\", "/") if text.startswith("//") else str(Path(text).expanduser()) if text else ""


def _blend_of(scene: Any) -> Path | None:
    """The file that the scene's own words are relative to."""
    return _blend() if scene.library is None else Path(bpy.path.abspath(scene.library.filepath))


def _blend() -> Path | None:
    return Path(bpy.data.filepath) if bpy.data.filepath else None


def set_shot(scene: Any, root: Path | None) -> None:
    """Give a scene its shot, or none; its properties then show the shot's settings."""
    scene.lineboil.shot = "" if root is None else paths.text_of(Path(os.path.abspath(root)), _blend())


def chosen(scene: Any) -> None:
    """The scene was given another shot: write it where Blenders without the extension find it."""
    text = str(scene.lineboil.shot)
    _left.pop(text, None)
    if text:
        scene[PROPERTY] = text
    elif PROPERTY in scene:
        del scene[PROPERTY]
    if STAMP in scene:
        # It shows the pictures of the shot it had, which may be the same ones in a folder that is gone.
        del scene[STAMP]


def adopt(scene: Any) -> None:
    """Show the shot of a scene that was built headless; find it again after undo went back before a Save As."""
    text = shot_text(scene)
    if text in _left:
        _rewrite(scene, paths.text_of(_left[text], _blend()))
    elif text and not scene.lineboil.shot:
        _rewrite(scene, text)


def before_save(path: str) -> None:
    """Make the shots of all scenes relative to where the .blend is about to be saved."""
    for scene in bpy.data.scenes:
        text, root = shot_text(scene), shot_root(scene)
        if root is not None and scene.library is None:
            _rewrite(scene, paths.text_of(root, Path(path)))
            if text.startswith("//") and shot_text(scene) != text:
                _left[text] = root


def after_save(path: str) -> None:
    """The .blend is saved: make its shots relative to where it is now, which is elsewhere after saving a copy."""
    for scene in bpy.data.scenes:
        root = paths.absolute(shot_text(scene), Path(path))
        if root is not None and scene.library is None:
            _rewrite(scene, paths.text_of(root, _blend()))
            _left.pop(shot_text(scene), None)


def _rewrite(scene: Any, text: str) -> None:
    """Other words for the same folder."""
    with quietly():
        if scene.lineboil.shot != text:
            scene.lineboil.shot = text
        if scene.get(PROPERTY) != text:
            scene[PROPERTY] = text


def settings_file(root: Path) -> SettingsFile:
    """The settings of a shot folder; the same object for every scene."""
    return _files.setdefault(root, SettingsFile(root))


def shot_problem(scene: Any) -> EngineError | None:
    """Why the scene's shot cannot be used: folder gone, `shot.toml` broken or from a newer version; None if it can."""
    text = shot_text(scene)
    if not text:
        return None
    if scene.library is not None:
        return linked_problem(scene)
    root = shot_root(scene)
    if root is None:
        return InputError(
            "the shot is given relative to this .blend, which is not saved",
            where=text,
            remedy="Say where the shot is with Relink Shot.",
        )
    file = settings_file(root)
    # A script goes on at once after it has changed something on the disk.
    file.look(now=bpy.app.background)
    return file.problem


def linked_problem(scene: Any) -> InputError:
    """What to tell whoever wants to work in a scene that belongs to another file."""
    return InputError(
        f'the scene "{scene.name}" is linked from another file',
        where=str(bpy.path.abspath(scene.library.filepath)),
        remedy="Open that file to work on its shot, or choose another scene.",
    )


def forget() -> None:
    """Drop what is known of all shots: another .blend is open."""
    _files.clear()
    _left.clear()
