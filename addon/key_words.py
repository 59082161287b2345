# SPDX-License-Identifier: GPL-3.0-or-later
"""What single keys ask for themselves, read from and written into the `keys.json` of the scene's shot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .engine.cache import write_atomic
from .engine.errors import InputError
from .engine.key_list import FILE_NAME, Key, keys_text, load_keys


@dataclass(frozen=True)
class Words:
    """Words, seed and strength (0..1) of one key; None takes the settings'."""

    prompt: str | None = None
    seed: int | None = None
    strength: float | None = None

    def text(self) -> str:
        """In one line; empty when the key asks for nothing."""
        told = [self.prompt or ""]
        told += [f"seed {self.seed}"] if self.seed is not None else []
        told += [f"strength {self.strength:g}"] if self.strength is not None else []
        return ", ".join(part for part in told if part)


_NAMES = tuple(vars(Words()))
# Panels are drawn often: the file is read when it changed.
_known: dict[str, Any] = {}


def find(root: Path, frame: int) -> tuple[int, Words] | None:
    """The key at or nearest to a frame and what it asks for; None without keys, or while the file is broken."""
    path = root / FILE_NAME
    try:
        stamp = (str(path), path.stat().st_mtime_ns)
        if _known.get("stamp") != stamp:
            _known.update(stamp=stamp, keys=load_keys(path).keys)
    except (OSError, InputError):
        return None
    keys: tuple[Key, ...] = _known["keys"]
    if not keys:
        return None
    key = min(keys, key=lambda item: (abs(item.frame - frame), item.frame))
    return key.frame, _words(key)


def write(root: Path, frame: int, words: Words) -> None:
    """Give a key its words; with any it is the artist's, so that a new choice of keys keeps it.

    Raises:
        InputError: The frame is no key, or the file is broken or cannot be written.
    """
    path = root / FILE_NAME
    before = load_keys(path)
    if frame not in before.frames:
        raise InputError(f"frame {frame} is no key", where=str(path))
    keys = tuple(_with(key, words) if key.frame == frame else key for key in before.keys)
    write_atomic(path, keys_text(replace(before, keys=keys)).encode("utf-8"), sync=True)
    _known.clear()


def _with(key: Key, words: Words) -> Key:
    own = {name: value for name, value in vars(words).items() if value is not None}
    rest = {name: value for name, value in key.more.items() if name not in _NAMES}
    return replace(key, more=rest | own, added_by="artist" if own else key.added_by)


def _words(key: Key) -> Words:
    prompt, seed, strength = (key.more.get(name) for name in _NAMES)
    return Words(
        prompt if isinstance(prompt, str) else None,
        seed if type(seed) is int else None,
        float(strength) if type(strength) in (int, float) else None,  # type: ignore[arg-type]
    )
