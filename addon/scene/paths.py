# SPDX-License-Identifier: GPL-3.0-or-later
"""How a .blend names files and folders: relative to itself ("//...") where that is possible. No Blender here."""

from __future__ import annotations

import os
from pathlib import Path


def text_of(target: Path, blend: Path | None) -> str:
    """The text that stands for a file or folder in a .blend.

    Args:
        target: Absolute.
        blend: Where the .blend is saved; None while it is not.

    Returns:
        "//..." with forward slashes; absolute when the file is not saved or lies on another drive.
    """
    if blend is None:
        return target.as_posix()
    try:
        relative = os.path.relpath(target, os.path.abspath(blend.parent))
        whole = os.path.relpath(os.path.realpath(target), os.path.realpath(blend.parent))
    except ValueError:
        return target.as_posix()
    # Blender goes up by the words of the path, not through links: only a way down is safe to take from resolved paths.
    chosen = relative if whole.startswith(os.pardir) else whole
    return "//" if chosen == os.curdir else "//" + chosen.replace(os.sep, "/")


def absolute(text: str, blend: Path | None) -> Path | None:
    """What a text of a .blend points to; None when it is empty, or relative while the file is not saved."""
    if text.startswith("//"):
        return None if blend is None else Path(os.path.abspath(os.path.join(blend.parent, text[2:])))
    return Path(os.path.abspath(text)) if text else None


def is_same(first: Path | None, second: Path | None) -> bool:
    """Whether two paths are one place; links count as what they lead to."""
    if first is None or second is None:
        return False
    return os.path.normcase(os.path.realpath(first)) == os.path.normcase(os.path.realpath(second))
