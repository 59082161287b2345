# SPDX-License-Identifier: GPL-3.0-or-later
"""What single keys ask of a diffusion model for themselves, in `keys.json`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from ..key_list import FILE_NAME, Key, load_keys
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
