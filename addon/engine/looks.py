# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks: how keys are drawn under one name, each a small TOML file. Several come along, artists add and share theirs.

A look is to the drawing what a preset is to the whole shot: it sets the stages `controls` and `diffuse` alone, and of
them nothing that belongs to one shot or machine. What the picture shows (`diffuse.prompt`) stays the artist's; the
look's words are in `diffuse.style`, which stands around them.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .cache import write_atomic
from .errors import InputError
from .models.registry import user_data_folder
from .shelf import Entry, Shelf

SHIPPED = Path(__file__).resolve().parents[1] / "looks"
VARIABLE = "LINEBOIL_LOOKS"
STAGES = ("controls", "diffuse")
BARRED = frozenset({
    f"diffuse.{name}"
    for name in (
        "prompt", "background_prompt", "folder", "reference", "anchor", "mode", "grid_long_side", "grid_cells",
        "cell_multiple", "device",
    )
})
"""What the picture shows, what lies in the shot's folder, how its keys are laid out, and the machine's."""

SHELF = Shelf("look", SHIPPED, STAGES, BARRED)
load, find, read, remove = SHELF.load, SHELF.find, SHELF.read, SHELF.remove


def own_folder() -> Path:
    """Where the artist's own looks are outside Blender: LINEBOIL_LOOKS, or in the user's data folder."""
    named = os.environ.get(VARIABLE, "")
    return Path(named).expanduser() if named else user_data_folder() / "lineboil" / "looks"


def save(own: Path, name: str, settings: dict[str, Any], *, doc: str = "", replace: bool = False) -> Entry:
    """Keep how a shot's keys are drawn, as one of the artist's own looks.

    Args:
        own: Folder of the artist's own looks; made when needed.
        name: For people; the file is named after it.
        settings: The shot's, by stage (`Shot.settings`).
        doc: What it is good for.
        replace: Take the place of an own one of this name.

    Raises:
        InputError: No usable name, the name is taken, or the folder cannot be written.
    """
    return SHELF.save(own, name, settings, STAGES, doc=doc, replace=replace)


def add(own: Path, path: Path, *, replace: bool = False) -> Entry:
    """Take over a look that somebody shared; it is checked first, and copied as it is.

    Args:
        own: Folder of the artist's own looks; made when needed.
        path: Its file.
        replace: Take the place of an own one of this file name.

    Raises:
        InputError: It cannot be read, its name is taken, or the folder cannot be written.
        SettingError: It has a wrong setting.
    """
    look = SHELF.read(path, is_own=True)
    target = own / f"{SHELF.file_stem(look.identifier)}.toml"
    if (SHIPPED / target.name).exists() or (target.exists() and not replace):
        raise InputError(f'there is a look "{target.stem}" already', where=str(path), remedy="Rename the file.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})", where=str(path)) from error
    write_atomic(target, data)
    return SHELF.read(target, is_own=True)
