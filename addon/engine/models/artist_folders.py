# SPDX-License-Identifier: GPL-3.0-or-later
"""Model files the artist has already: in the folders of A1111's web UI, Forge or ComfyUI, used where they lie.

What a file is stands in its head, which is read once: a cache remembers it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ..cache import write_json
from ..errors import EngineError, InputError, SettingError
from .artist_places import folders, places, read_object
from .family import Family, Kind, recognise
from .registry import user_data_folder
from .safetensors_header import REFUSED, SUFFIX, refused

_MOST_FILES = 20_000
_CACHE_VERSION = 3
_FRESH_SECONDS = 3.0
_NET_FILE = "diffusion_pytorch_model.safetensors"


@dataclass(frozen=True)
class Own:
    """A model file of the artist's.

    Attributes:
        path: Where it lies; a file, or a folder in diffusers' layout.
        kind: What it is.
        family: What it goes with; "" where it does not show.
        v_prediction: Whether a checkpoint was trained to tell velocity.
        bytes: Size.
        problem: Why it cannot be used, as a sentence; "" when it can.
    """

    path: Path
    kind: Kind
    family: Family
    v_prediction: bool
    bytes: int
    problem: str = ""


_seen: dict[tuple[Path, ...], tuple[float, list[Own]]] = {}


def files(wanted: Iterable[Path] | None = None) -> list[Own]:
    """Every model file in the folders, sorted by family, kind and name.

    Args:
        wanted: The folders; those of `folders` when not given.
    """
    known = read_object(_cache_path())
    old: dict[str, Any] = known.get("files", {}) if known.get("version") == _CACHE_VERSION else {}
    new: dict[str, Any] = {}
    found: dict[str, Own] = {}
    for folder in folders() if wanted is None else wanted:
        for place in places(folder):
            for path in _walk(place):
                own = _looked_at(path, old, new)
                if own is not None:
                    found.setdefault(os.path.realpath(path), own)
    if new != old:
        with suppress(OSError):
            _cache_path().parent.mkdir(parents=True, exist_ok=True)
            write_json(_cache_path(), {"version": _CACHE_VERSION, "files": new})
    return sorted(found.values(), key=lambda own: (own.family, own.kind, own.path.name.lower()))


def named(name: str, wanted: Iterable[Path] | None = None) -> Path | None:
    """The artist's file of a name, with or without its suffix and folders; None when there is none.

    Raises:
        SettingError: Several files are called so.
        InputError: The one that is called so cannot be used.
    """
    word = name.replace("\\", "/").strip("/").lower()
    if not word:
        return None
    hits = [own for own in lately(wanted) if _is_called(own.path, word)]
    usable = [own for own in hits if not own.problem]
    # Prompts name embeddings; one that is called like a LoRA is not meant where that may be.
    usable = [own for own in usable if own.kind != "embedding"] or usable
    if hits and not usable:
        raise refused(hits[0].path) if hits[0].path.suffix.lower() in REFUSED else InputError(
            hits[0].problem.rstrip("."), where=str(hits[0].path))
    if len(usable) > 1:
        shown = ", ".join(str(own.path) for own in usable[:4])
        raise SettingError(f'{len(usable)} models are called "{name}"', remedy=f"Give the path of one: {shown}.")
    return usable[0].path if usable else None


def lately(wanted: Iterable[Path] | None = None) -> list[Own]:
    """`files`, looked at a moment ago: how a shot stands is asked for several names at once."""
    now, places = time.monotonic(), tuple(folders() if wanted is None else wanted)
    if places not in _seen or now - _seen[places][0] > _FRESH_SECONDS:
        _seen.clear()
        _seen[places] = (now, files(places))
    return _seen[places][1]


def _is_called(path: Path, word: str) -> bool:
    whole = path.as_posix().lower()
    return any(text == word or text.endswith("/" + word) for text in (whole, whole.removesuffix(path.suffix.lower())))


def _walk(place: Path) -> Iterator[Path]:
    """Files that may be models, and folders in diffusers' layout; links to folders are followed once."""
    seen: set[str] = set()
    count = 0
    for root, below, names in os.walk(place, followlinks=True):
        real = os.path.realpath(root)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        if "model_index.json" in names or {"config.json", _NET_FILE} <= set(names):
            # A model in diffusers' layout is one, not its parts.
            below.clear()
            yield Path(root)
            continue
        below[:] = sorted(name for name in below if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith((SUFFIX, *REFUSED)):
                count += 1
                if count > _MOST_FILES:
                    return
                yield Path(root) / name


def _looked_at(path: Path, old: dict[str, Any], new: dict[str, Any]) -> Own | None:
    """What a file is, by the cache while the file is as it was."""
    try:
        stat = path.stat()
    except OSError:
        # A link to what is gone.
        return None
    key, stamp = str(path), [stat.st_size, stat.st_mtime_ns]
    row = old.get(key)
    if not (isinstance(row, list) and len(cast(list[Any], row)) == 6 and row[:2] == stamp):
        row = [*stamp, *_read_kind(path)]
    new[key] = row
    kind, family, velocity, problem = cast(list[Any], row)[2:]
    size = stat.st_size if not os.path.isdir(path) else _bytes_in(path)
    return Own(path, kind, family, bool(velocity), size, str(problem))


def _bytes_in(folder: Path) -> int:
    paths = (os.path.join(root, name) for root, _, names in os.walk(folder) for name in names)
    return sum(os.path.getsize(path) for path in paths if os.path.isfile(path))


def _read_kind(path: Path) -> list[Any]:
    try:
        what = recognise(path)
    except EngineError as error:
        return ["unknown", "", False, f"{error.what}. {error.remedy}".strip()]
    return [what.kind, what.family, what.v_prediction, what.problem]


def _cache_path() -> Path:
    return user_data_folder() / "lineboil" / "model_heads.json"
