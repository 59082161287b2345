# SPDX-License-Identifier: GPL-3.0-or-later
"""Presets: settings of several stages under one name, each a small TOML file. Several come along, artists add theirs.

How such files are read, checked and kept is in `shelf`; `looks` are the other kind of them.
"""

from __future__ import annotations

import os
from pathlib import Path

from .models.registry import user_data_folder
from .schema.registry import STAGES
from .shelf import Entry, Shelf, differing

__all__ = ["SHIPPED", "SHOT_ONLY", "Preset", "differing", "file_stem", "find", "load", "own_folder", "read", "remove",
           "save"]

SHIPPED = Path(__file__).resolve().parents[1] / "presets"
VARIABLE = "LINEBOIL_PRESETS"
SHOT_ONLY = frozenset({
    "footage.source", "footage.start_seconds", "footage.end_seconds", "footage.start_frame", "footage.end_frame",
    "footage.cuts", "footage.no_cuts", "pose.boxes", "matte.box", "matte.plate", "build.file", "build.blender",
})
"""Settings that belong to one clip, file or machine, and so to no preset."""

Preset = Entry
SHELF = Shelf("preset", SHIPPED, tuple(spec.name for spec in STAGES), SHOT_ONLY)
load, find, read, save, remove, file_stem = (
    SHELF.load, SHELF.find, SHELF.read, SHELF.save, SHELF.remove, SHELF.file_stem,
)


def own_folder() -> Path:
    """Where the artist's own presets are outside Blender: LINEBOIL_PRESETS, or in the user's data folder."""
    named = os.environ.get(VARIABLE, "")
    return Path(named).expanduser() if named else user_data_folder() / "lineboil" / "presets"
