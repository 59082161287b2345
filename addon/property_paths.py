# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that are paths: chosen in Blender's file browser, kept relative to the shot."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from .engine.shot import relative_text

FILES = ("footage.source", "matte.plate", "build.set", "build.blender", "build.file", "diffuse.reference")
FOLDERS = ("matte.strokes", "flow.folder", "matte.folder", "diffuse.folder")


def mend(scene: Any, root: Path, touched: Collection[str], blend: str) -> None:
    """Give the touched paths the form that `shot.toml` keeps.

    Args:
        scene: Its properties.
        root: The shot's folder.
        touched: Settings that the artist changed.
        blend: Where the .blend is; "" while it is not saved.
    """
    for key in (*FILES, *FOLDERS):
        if key in touched:
            stage, _, name = key.partition(".")
            settings = getattr(scene.lineboil, f"{stage}_settings")
            text = getattr(settings, name)
            kept = shot_text(text, root, blend)
            if kept != text:
                setattr(settings, name, kept)


def shot_text(text: str, root: Path, blend: str) -> str:
    """A path relative to the shot, of one that is relative to the .blend ("//...") or inside the shot's folder."""
    if text.startswith("//") and blend:
        return relative_text(Path(blend).parent / text[2:], root)
    path = Path(text)
    if path.is_absolute() and Path(os.path.normpath(path)).is_relative_to(root):
        return relative_text(path, root)
    return text
