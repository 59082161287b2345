# SPDX-License-Identifier: GPL-3.0-or-later
"""`grids/plan.json`: which keys stand in which drawing of a diffusion model, and how they are laid in it.

It is written before the first drawing, so that a run that goes on lays the keys as the run before did, and a drawing
that the artist has painted over is cut as it was laid. Standard library only: `status` reads it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from .cache import write_json

FOLDER = "grids"
FILE_NAME = f"{FOLDER}/plan.json"
_FORMAT = 1


@dataclass(frozen=True)
class Drawing:
    """One picture that the model draws.

    Attributes:
        file: Its name, relative to the shot.
        frames: Frames by cell, row by row; one frame for a key drawn alone.
        cut: Identity of the artist's own file that the keys were cut from last; empty when it is as drawn.
    """

    file: str
    frames: tuple[int, ...]
    cut: str = ""


@dataclass(frozen=True)
class GridPlan:
    """How the keys of a shot are laid in drawings.

    Attributes:
        made_for: Fingerprint of the settings and inputs it was made for.
        columns: Of every grid.
        rows: Of every grid.
        cell: Width and height of a cell, pixels.
        frame: Width and height of the frame inside it, pixels.
        anchor: Frame of the key that all drawings agree with.
        drawings: In the order they are made.
        warnings: For the artist.
    """

    made_for: str
    columns: int
    rows: int
    cell: tuple[int, int]
    frame: tuple[int, int]
    anchor: int
    drawings: tuple[Drawing, ...]
    warnings: tuple[str, ...] = ()

    def is_laid_like(self, other: GridPlan, file: str) -> bool:
        """Whether a drawing holds the same keys in the same places in both."""
        layouts = [(plan.columns, plan.rows, plan.cell, plan.frame) for plan in (self, other)]
        return layouts[0] == layouts[1] and self._frames(file) == other._frames(file) != ()

    def _frames(self, file: str) -> tuple[int, ...]:
        return next((drawing.frames for drawing in self.drawings if drawing.file == file), ())

    def with_cut(self, file: str, identity: str) -> GridPlan:
        """The same, with the file that a drawing's keys were cut from."""
        drawings = (replace(one, cut=identity) if one.file == file else one for one in self.drawings)
        return replace(self, drawings=tuple(drawings))


def load(shot_root: Path) -> GridPlan | None:
    """The plan of a shot; None when there is none, or its file is damaged."""
    try:
        data = json.loads((shot_root / FILE_NAME).read_text(encoding="utf-8"))
        return _parse(cast(dict[str, Any], data))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(shot_root: Path, plan: GridPlan) -> None:
    """Keep the plan of a shot."""
    values = {name: value for name, value in plan.__dict__.items() if name != "drawings"}
    write_json(
        shot_root / FILE_NAME,
        {"format": _FORMAT, **values, "drawings": [drawing.__dict__ for drawing in plan.drawings]},
    )


def cut_from(shot_root: Path) -> dict[int, tuple[str, str]]:
    """The drawing each key is cut from, with the identity it had then where it was the artist's own.

    The anchor is cut from the first drawing it stands in.
    """
    plan = load(shot_root)
    found: dict[int, tuple[str, str]] = {}
    for drawing in plan.drawings if plan else ():
        for frame in drawing.frames:
            found.setdefault(frame, (drawing.file, drawing.cut))
    return found


def _parse(data: dict[str, Any]) -> GridPlan:
    if data["format"] != _FORMAT:
        raise ValueError("another format")
    drawings = (
        Drawing(str(one["file"]), tuple(int(frame) for frame in one["frames"]), str(one["cut"]))
        for one in data["drawings"]
    )
    cell, frame = ((int(data[name][0]), int(data[name][1])) for name in ("cell", "frame"))
    return GridPlan(
        made_for=str(data["made_for"]),
        columns=int(data["columns"]),
        rows=int(data["rows"]),
        cell=cell,
        frame=frame,
        anchor=int(data["anchor"]),
        drawings=tuple(drawings),
        warnings=tuple(str(text) for text in data["warnings"]),
    )
