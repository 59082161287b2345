# SPDX-License-Identifier: GPL-3.0-or-later
"""What a try knew of single keys, brought back into `keys.json`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .cache import write_atomic
from .key_list import FILE_NAME, KeyList, keys_text, load_keys
from .tries import Try

WORDS = ("prompt", "seed", "strength")
"""What a single key may say of itself."""


def restore_words(root: Path, item: Try) -> bool:
    """Give the keys of a shot the prompts and seeds they had when a try was made; True when any changed.

    Keys that the try does not show stay as they are.

    Raises:
        InputError: `keys.json` is broken or cannot be written.
    """
    path = root / FILE_NAME
    if not path.is_file():
        return False
    before = load_keys(path)
    after = _with_words(before, item)
    if after == before:
        return False
    write_atomic(path, keys_text(after).encode("utf-8"), sync=True)
    return True


def _with_words(keys: KeyList, item: Try) -> KeyList:
    made = tuple(
        key
        if key.frame not in item.frames
        else replace(
            key,
            more={name: value for name, value in key.more.items() if name not in WORDS}
            | {name: value for name, value in item.keys.get(str(key.frame), {}).items() if name in WORDS},
        )
        for key in keys.keys
    )
    return replace(keys, keys=made)
