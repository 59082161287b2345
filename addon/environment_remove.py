# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing an environment, or parts of it, and nothing else."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from .engine import own_python
from .engine.cache import write_json
from .engine.errors import BusyError, InputError, MissingError
from .environment_lock import Requirement, is_version, normal
from .environment_look import LOCK_NAME, MORE_PARTS, PARTS, has_content, kind_of, lock_on, site_packages


def remove(folder: Path) -> None:
    """Take away an environment that Lineboil made; see `Environment.remove`."""
    if kind_of(folder) != "ours":
        raise MissingError(
            "there is no environment that Lineboil made", where=str(folder), remedy="Nothing was removed."
        )
    with lock_on(folder, "remove the environment"):
        refuse_while_used(folder)
        # Half removed must never count as whole.
        write_json(folder / own_python.MARKER, own_python.marker(folder) | {"finished": False})
        remove_parts(folder, (*PARTS, *MORE_PARTS))
    with contextlib.suppress(OSError):
        (folder / LOCK_NAME).unlink(missing_ok=True)
        if not has_content(folder):
            folder.rmdir()


def remove_parts(folder: Path, parts: tuple[str, ...]) -> None:
    """Remove these entries of a folder, links as links.

    Raises:
        InputError: One cannot be removed.
    """
    for name in parts:
        path = folder / name
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise InputError(
                f"cannot be removed ({error.strerror or error})", where=str(error.filename or path),
                remedy="Close every Blender and program that uses the environment, then try again.",
            ) from error


def refuse_while_used(folder: Path) -> None:
    """Raise BusyError while a worker runs in an environment."""
    working = own_python.users(folder)
    if working:
        raise BusyError(
            f"a worker uses this environment ({', '.join(working)})", where=str(folder),
            remedy="Let it finish, or close the Blender it belongs to, then try again.",
        )


def clear_leftovers(folder: Path) -> None:
    """What a killed pip leaves and later stumbles over: half-written records, and packages it had moved aside."""
    packages = site_packages(folder)
    for path in sorted(packages.iterdir()) if packages.is_dir() else []:
        is_cut_off = path.name.endswith(".dist-info") and not (path / "RECORD").is_file()
        if path.name.startswith("~") or is_cut_off:
            remove_parts(packages, (path.name,))


def drop_other_records(folder: Path, item: Requirement) -> None:
    """Remove the records of other versions of a package, which pip leaves when they did not fit its files."""
    packages = site_packages(folder)
    for path in sorted(packages.glob("*.dist-info")):
        name, _, version = path.name.removesuffix(".dist-info").partition("-")
        if normal(name) == normal(item.name) and not is_version(version, item.version):
            remove_parts(packages, (path.name,))
