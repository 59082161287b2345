# SPDX-License-Identifier: GPL-3.0-or-later
"""From what an artist writes in a setting to the file or folder it means. Standard library only."""

from __future__ import annotations

import os
from pathlib import Path

from ..cache import digest, file_identity
from ..errors import MissingError, SettingError
from . import artist_folders, hub_cache
from .hub_catalogue import BY_NAME, entry


def locate(name: str, root: Path | None = None, *, what: str = "model", remedy: str = "") -> Path:
    """Where a model is.

    Args:
        name: A name of the catalogue, a file or folder, or what a file in the artist's folders is called, or a
            place on the hub (owner/name) that is in its cache.
        root: What a path may be relative to.
        what: Of it, for messages.
        remedy: When it is not there.

    Raises:
        MissingError: It is not installed, or there is no such file.
        SettingError: Several files of the artist's are called so.
    """
    if name in BY_NAME:
        found = hub_cache.found(BY_NAME[name])
        if found.state != "installed":
            megabytes = BY_NAME[name].megabytes
            size = f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes} MB"
            raise MissingError(
                f'the {what} "{name}" is not installed ({size})',
                where=str(found.path),
                remedy=remedy or f"Run: lineboil models get {name}",
            )
        return found.path
    path = Path(os.path.expanduser(name))
    places = [path] if path.is_absolute() or root is None else [root / path, path.absolute()]
    for place in places:
        # os.path: what may not be looked at, or is no name of a file at all, is not there.
        if os.path.exists(place):
            return place
    own = artist_folders.named(name)
    if own is not None:
        return own
    model = entry(name)
    if model is not None and hub_cache.found(model).state == "installed":
        return hub_cache.found(model).path
    raise MissingError(
        f'there is no {what} "{name}"',
        where=str(places[0].parent),
        remedy=remedy or "Give a .safetensors file, a folder, or a name of `lineboil models list` or `models own`.",
    )


def identity_of(name: str) -> str:
    """What tells one version of a model from another, for fingerprints: its files' sizes and samples of them."""
    try:
        path = locate(name)
    except (MissingError, SettingError):
        return "missing"
    if path.is_file():
        return file_identity(path)
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix in (".safetensors", ".json"))
    return digest([(file.relative_to(path).as_posix(), file_identity(file)) for file in files])


def weighed(text: str) -> list[tuple[str, float]]:
    """Names with weights, "ink:0.8, C:/lcm.safetensors:1"; a name alone weighs 1.

    >>> weighed("ink:0.8, C:/lcm.safetensors")
    [('ink', 0.8), ('C:/lcm.safetensors', 1.0)]
    """
    found: list[tuple[str, float]] = []
    for part in (part.strip() for part in text.split(",")):
        name, _, weight = part.rpartition(":")
        try:
            found.append((name.strip(), float(weight)) if name else (part, 1.0))
        except ValueError:
            found.append((part, 1.0))
    return [(name, weight) for name, weight in found if name]


def assigned(text: str, setting: str) -> dict[str, str]:
    """What is set to what in a text like "lineart=name, depth=file".

    Raises:
        SettingError: A part has no equals sign; names the setting.
    """
    found: dict[str, str] = {}
    for part in (part.strip() for part in text.split(",") if part.strip()):
        kind, equals, name = part.partition("=")
        if not equals or not name.strip():
            raise SettingError(
                f'"{setting}" has "{part}", which is not kind=model',
                where="shot.toml",
                remedy='Write it like "lineart=name, depth=file".',
            )
        found[kind.strip()] = name.strip()
    return found
