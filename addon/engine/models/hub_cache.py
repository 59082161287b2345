# SPDX-License-Identifier: GPL-3.0-or-later
"""The Hugging Face cache on this machine, looked at by its files only: shared with the artist's other programs.

`models--OWNER--NAME/blobs` has the contents by hash, `snapshots/COMMIT` the names that point to them, `refs` the commit
of a branch.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, cast

from ..cache import write_json
from .hub_catalogue import HubModel

State = Literal["installed", "partly", "missing"]

_COMMIT = re.compile(r"[0-9a-f]{40}")
_RECORD = ".lineboil-{name}.json"


@dataclass(frozen=True)
class Found:
    """A model of the hub and how it stands in the cache.

    Attributes:
        model: Its entry.
        state: Whether all of it is there.
        path: The file or folder the program takes; where it would be when it is missing.
        commit: Which revision is there; "" when none is.
        lacking: What of `model.files` is not there.
        is_ours: Whether Lineboil fetched it, and so has checked it by hash.
    """

    model: HubModel
    state: State
    path: Path
    commit: str
    lacking: tuple[str, ...]
    is_ours: bool

    def names(self) -> list[str]:
        """Names in the repository of the files that are there."""
        snapshot = repository_folder(self.model.repository) / "snapshots" / self.commit
        there = [path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file()]
        return sorted({name for item in self.model.files for name in chosen(item, there)})


def cache_folder() -> Path:
    """Where the hub's files are for every program of this user: HF_HUB_CACHE, HF_HOME, or the usual place."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return Path(os.path.expandvars(os.environ[name])).expanduser()
    home = os.environ.get("HF_HOME")
    if home:
        return Path(os.path.expandvars(home)).expanduser() / "hub"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".cache") / "huggingface" / "hub"


def repository_folder(repository: str) -> Path:
    """Where a repository's files are."""
    return cache_folder() / ("models--" + repository.replace("/", "--"))


def found(model: HubModel) -> Found:
    """How a model stands. Quick: names and sizes only."""
    folder = repository_folder(model.repository)
    best = Found(model, "missing", folder, "", model.files, is_ours=False)
    for commit in _commits(folder, model.revision):
        snapshot = folder / "snapshots" / commit
        here = _in_snapshot(model, snapshot, commit)
        if here.state == "installed":
            return here
        if len(here.lacking) < len(best.lacking):
            best = here
    return best


def _in_snapshot(model: HubModel, snapshot: Path, commit: str) -> Found:
    names = sorted(path.relative_to(snapshot).as_posix() for path in snapshot.rglob("*") if path.is_file())
    record = read_record(model, commit)
    recorded = cast(dict[str, dict[str, Any]], record.get("files", {}))
    lacking = [item for item in model.files if not item.startswith("?") and not chosen(item, names)]
    lacking += [name for name, facts in recorded.items() if _size(snapshot / name) != facts.get("bytes")]
    state: State = "installed" if not lacking else "partly" if len(lacking) < len(model.files) else "missing"
    return Found(model, state, _main(model, snapshot, names), commit, tuple(lacking), is_ours=bool(recorded))


def _main(model: HubModel, snapshot: Path, names: list[str]) -> Path:
    """What the program takes: a folder, or the file that is there of the alternatives."""
    there = chosen(model.main, names)
    return snapshot / there[0] if there else snapshot / model.main


def chosen(item: str, names: Iterable[str]) -> list[str]:
    """The names of files that an entry's item stands for: those of its first alternative that has any.

    >>> chosen("a.bin|b*.txt|c.txt", ["b1.txt", "b2.txt", "c.txt"])
    ['b1.txt', 'b2.txt']
    """
    listed = list(names)
    for pattern in item.removeprefix("?").split("|"):
        # An asterisk stays within its folder.
        found = [name for name in listed if name.count("/") == pattern.count("/") and fnmatchcase(name, pattern)]
        if found:
            return found
    return []


def _commits(folder: Path, revision: str) -> list[str]:
    """Commits that are there: the wanted one first, then the newest."""
    if _COMMIT.fullmatch(revision):
        return [revision]
    try:
        there = [path for path in (folder / "snapshots").iterdir() if path.is_dir()]
    except OSError:
        return []
    newest = [path.name for path in sorted(there, key=lambda path: path.stat().st_mtime, reverse=True)]
    try:
        named = (folder / "refs" / revision).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return newest
    return [named, *(name for name in newest if name != named)] if named in newest else newest


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _record_path(model: HubModel) -> Path:
    return repository_folder(model.repository) / _RECORD.format(name=model.name.replace("/", "--"))


def read_record(model: HubModel, commit: str) -> dict[str, Any]:
    """What was noted when Lineboil fetched this model at this commit; empty when it did not."""
    try:
        value = json.loads(_record_path(model).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    record = cast(dict[str, Any], value) if isinstance(value, dict) else {}
    return record if record.get("commit") == commit else {}


def write_record(model: HubModel, record: dict[str, Any]) -> None:
    """Note what was fetched: commit, files with bytes and hash, and which licence was accepted."""
    write_json(_record_path(model), record)


def take_out(here: Found, kept: Iterable[str]) -> int:
    """Remove the files of a model from the cache, with contents that no other name points to; bytes freed.

    Args:
        here: The model.
        kept: Names in the same repository that other models need.

    Raises:
        OSError: A file cannot be removed.
    """
    folder = repository_folder(here.model.repository)
    snapshot = folder / "snapshots" / here.commit
    blobs: dict[Path, int] = {}
    for name in sorted({*here.names()} - {*kept}):
        path = snapshot / name
        blobs[path.resolve()] = _size(path)
        path.unlink()
        _drop_empty(path.parent, snapshot.parent)
    left = {path.resolve() for path in (folder / "snapshots").rglob("*") if path.is_symlink()}
    for blob in blobs:
        if blob not in left:
            blob.unlink(missing_ok=True)
    _record_path(here.model).unlink(missing_ok=True)
    return sum(max(size, 0) for blob, size in blobs.items() if blob not in left)


def _drop_empty(folder: Path, end: Path) -> None:
    while folder != end and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
