# SPDX-License-Identifier: GPL-3.0-or-later
"""What single keys ask of a diffusion model for themselves, in `keys.json`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from ..image.grid import Layout, cells_mask
from ..key_list import FILE_NAME, Key, load_keys
from ..models.diffusion.request import Cell
from ..schema.diffuse import DiffuseSettings
from ..schema.diffuse_model import whole_prompt
from .context import StageContext

_OWN_WORDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "prompt": (lambda value: isinstance(value, str), "a text"),
    "seed": (lambda value: type(value) is int and value >= 0, "a whole number from 0"),
    "strength": (lambda value: type(value) in (int, float) and 0 <= value <= 1, "a number from 0 to 1"),
}


@dataclass(frozen=True)
class Words:
    """What a key of its own asks for in `keys.json`; None takes the settings'."""

    prompt: str | None = None
    seed: int | None = None
    strength: float | None = None


def key_words(context: StageContext) -> dict[int, Words]:
    """What keys ask for themselves, by frame.

    Raises:
        InputError: `keys.json` holds something else; names the key.
    """
    return {key.frame: _words(key) for key in load_keys(context.shot.root / FILE_NAME).keys}


def words_of_keys(context: StageContext, frames: Iterable[int]) -> dict[str, dict[str, Any]]:
    """The same as plain values, to be kept with a try."""
    known = key_words(context)
    return {
        str(frame): {name: value for name, value in vars(known[frame]).items() if value is not None}
        for frame in frames
        if frame in known and known[frame] != Words()
    }


def cells_of(
    settings: DiffuseSettings, layout: Layout, frames: tuple[int, ...], known: dict[int, Words]
) -> tuple[tuple[Cell, ...], float]:
    """The cells of a grid whose keys ask for something themselves, and the strength of the whole: its largest.

    Args:
        settings: Of the stage.
        layout: Of the grid.
        frames: Frames by cell.
        known: What keys ask for, by frame.
    """
    words = [known.get(frame, Words()) for frame in frames]
    strengths = [settings.strength if own.strength is None else own.strength for own in words]
    largest = max(strengths)
    cells = (
        Cell(
            cells_mask(layout, [index]),
            None if own.prompt is None else whole_prompt(settings, own.prompt),
            own.seed,
            strength if strength < largest else None,
        )
        for index, (own, strength) in enumerate(zip(words, strengths, strict=True))
        if own != Words() or strength < largest
    )
    return tuple(cells), largest


def _words(key: Key) -> Words:
    found: dict[str, Any] = {}
    for name, (fits, text) in _OWN_WORDS.items():
        value = key.more.get(name)
        if value is None:
            continue
        if not fits(value):
            raise InputError(f'frame {key.frame} has "{name}": {value!r}, not {text}', where=FILE_NAME)
        found[name] = value
    return Words(**found)
