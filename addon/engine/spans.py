# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of frames that depend on a part of a stage's inputs only: what stays finished when another part changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .schema.base import StageSpec


def runs_between(scenes: Iterable[tuple[int, int]], keys: Iterable[int]) -> dict[str, tuple[int, ...]]:
    """Each key alone and the frames between neighbouring keys of a scene, with the keys they are made from.

    >>> runs_between([(1, 9)], [1, 4])
    {'1-1': (1,), '2-3': (1, 4), '4-4': (4,), '5-9': (4,)}
    """
    found: dict[str, tuple[int, ...]] = {}
    ordered = sorted(keys)
    for first, last in scenes:
        before: tuple[int, ...] = ()
        low = first
        for key in (key for key in ordered if first <= key <= last):
            if low < key:
                found[f"{low}-{key - 1}"] = (*before, key)
            found[f"{key}-{key}"] = (key,)
            before, low = (key,), key + 1
        if before and low <= last:
            found[f"{low}-{last}"] = before
    return found


def unchanged_frames(spec: StageSpec, old: dict[str, Any], new: dict[str, Any]) -> set[int]:
    """Frames that a change of fingerprint does not touch: none, when more changed than `spans` tells of.

    Args:
        spec: The stage.
        old: Parts of the fingerprint that the frames were made with.
        new: Its parts now.
    """
    if any(old.get(name) != new.get(name) for name in ("version", "settings", "identity")):
        return set()
    for group in ("files", "inputs"):
        before, now = old.get(group, {}), new[group]
        if any(before.get(name) != now.get(name) for name in {*before, *now} - set(spec.span_inputs)):
            return set()
    before, now = old.get("spans", {}), new.get("spans", {})
    return {frame for run, stamp in now.items() if before.get(run) == stamp for frame in _frames(run)}


def _frames(run: str) -> range:
    first, _, last = run.partition("-")
    return range(int(first), int(last) + 1)
