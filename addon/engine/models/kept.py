# SPDX-License-Identifier: GPL-3.0-or-later
"""In a worker, models stay loaded for the next stage and the next request.

A single command keeps none: it would only take more memory (400 MB instead of 280 on the sample clip). Only
what answers the same for the same input may be kept: a model with a memory of earlier frames is made anew.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

Model = TypeVar("Model")


@dataclass(frozen=True)
class _Kept:
    names: tuple[str, ...]
    stamp: tuple[tuple[int, int], ...]
    model: Any


_models: dict[tuple[object, ...], _Kept] = {}
_elsewhere: list[Callable[[], list[str]]] = []
_lock = threading.Lock()
_is_holding = threading.Event()


def hold() -> None:
    """From now on models are kept."""
    _is_holding.set()


def kept(files: Sequence[Path], *settings: object, make: Callable[[], Model]) -> Model:
    """The model in some files, loaded unless it is kept already; always loaded before `hold` is called.

    Args:
        files: Where the model is. When one of them has been replaced since, the model is loaded anew.
        settings: What else the model depends on; hashable.
        make: Loads it. What it raises passes through, and nothing is kept.
    """
    if not _is_holding.is_set():
        return make()
    key = (*(str(path) for path in files), *settings)
    stamp = tuple((stat.st_size, stat.st_mtime_ns) for stat in (path.stat() for path in files))
    with _lock:
        entry = _models.get(key)
        if entry is None or entry.stamp != stamp:
            _models.pop(key, None)
            entry = _models[key] = _Kept(tuple(path.name for path in files), stamp, make())
        return entry.model


def also_frees(others: Callable[[], list[str]]) -> None:
    """Have `free` let go of what is kept elsewhere too; `others` returns the names of its files."""
    if others not in _elsewhere:
        _elsewhere.append(others)


def free() -> list[str]:
    """Let go of every kept model and give their memory back to the system.

    Returns:
        Names of the models' files, sorted.
    """
    with _lock:
        names = sorted({name for entry in _models.values() for name in entry.names})
        _models.clear()
    for others in _elsewhere:
        names += others()
    names = sorted(set(names))
    gc.collect()
    _give_back()
    return names


def _give_back() -> None:
    # The C library keeps what was freed for itself, which another program then cannot have.
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
