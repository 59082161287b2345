# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs in the worker's environment: backends, their lock files, and the sizes of packages."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .engine.errors import EngineError, SettingError

LOCK_FOLDER = Path(__file__).resolve().parents[1] / "requirements"
SUPPORTED = ((3, 11), (3, 13), (3, 12))
"""Versions of Python an environment can be made with, the best tested first."""

_TORCH = "With it diffusion models redraw keys on the card, and the frames between them are mixed there."
_UNKNOWN_MEGABYTES = 1.0


@dataclass(frozen=True)
class Backend:
    """A choice of the packages.

    Attributes:
        name: What settings and commands call it; its lock file is `requirements/<name>.txt`.
        title: Its label.
        text: What it is for, honestly.
        systems: Values of `platform.system()` it exists for.
    """

    name: str
    title: str
    text: str
    systems: tuple[str, ...]


BACKENDS = {
    backend.name: backend
    for backend in (
        Backend("cpu", "CPU", "Everything but diffusion models, on every machine: small.",
                ("Linux", "Windows", "Darwin")),
        Backend("cpu-torch", "CPU with PyTorch", "As CPU, and diffusion models on the processor: minutes a picture.",
                ("Linux", "Windows", "Darwin")),
        Backend("cuda", "CUDA", f"As CPU, and PyTorch for NVIDIA graphics cards. {_TORCH}", ("Linux", "Windows")),
        Backend("rocm", "ROCm", f"As CPU, and PyTorch for AMD graphics cards. {_TORCH}", ("Linux",)),
        Backend("mps", "MPS", f"As CPU, and PyTorch for Apple silicon. {_TORCH}", ("Darwin",)),
    )
}


@dataclass(frozen=True)
class Requirement:
    """One pinned package. `index` is an additional place it comes from, "" for the usual one only."""

    name: str
    version: str
    index: str = ""


@dataclass(frozen=True)
class Lock:
    """All packages of a backend for one version of Python on this system, in the order they are installed."""

    backend: str
    requirements: tuple[Requirement, ...]
    digest: str

    def versions(self) -> dict[str, str]:
        """Version by normal name."""
        return {normal(item.name): item.version for item in self.requirements}


def normal(name: str) -> str:
    """The one spelling of a package's name.

    >>> normal("Ai_Edge.LiteRT")
    'ai-edge-litert'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def is_version(found: str, wanted: str) -> bool:
    """Whether an installed version is the pinned one. A pin without a build label takes any build but the processor's,
    which would leave a graphics card unused.
    """
    version, _, build = found.partition("+")
    return found == wanted or ("+" not in wanted and build != "cpu" and version == wanted)


def available_backends() -> list[Backend]:
    """The backends there are for this kind of machine."""
    system = platform.system()
    here = [item for item in BACKENDS.values() if system in item.systems]
    return [item for item in here if item.name != "mps" or _is_apple_silicon()]


def suggested_backend() -> str:
    """The backend that suits the graphics card, found without starting anything. A suggestion, never more."""
    if _is_apple_silicon():
        return "mps"
    if shutil.which("nvidia-smi") or Path("/proc/driver/nvidia/version").exists():
        return "cuda"
    return "rocm" if Path("/dev/kfd").exists() else "cpu"


def _is_apple_silicon() -> bool:
    return sys.platform == "darwin" and platform.machine() == "arm64"


def machine_problem() -> str:
    """Why no environment can be made on this kind of machine; "" when it can."""
    machine = platform.machine().lower()
    if sys.platform == "win32" and machine not in ("amd64", "x86_64"):
        return "the packages for person networks do not exist for Windows on ARM"
    if sys.platform == "darwin" and machine != "arm64":
        return "the packages for person networks do not exist for Macs with Intel processors"
    return ""


def checked_backend(name: str) -> str:
    """The name of a backend that exists for this machine.

    Raises:
        SettingError: There is none of this name, or not for this system.
    """
    names = ", ".join(item.name for item in available_backends())
    if name not in BACKENDS:
        raise SettingError(f'there is no backend "{name}"', remedy=f"There are: {names}.")
    if name not in names.split(", "):
        raise SettingError(f"{BACKENDS[name].title} does not exist for this machine", remedy=f"There are: {names}.")
    return name


def read_lock(backend: str, python: tuple[int, int], folder: Path = LOCK_FOLDER) -> Lock:
    """The packages of a backend for a version of Python.

    Raises:
        SettingError: There is no such backend.
        EngineError: A lock file is missing or cannot be understood: the installation of the program is damaged.
    """
    if backend not in BACKENDS:
        raise SettingError(f'there is no backend "{backend}"', remedy="There are: " + ", ".join(BACKENDS) + ".")
    lines = _lines(folder / f"{backend}.txt")
    index = next((line.split(None, 1)[1] for line in lines if line.startswith("--extra-index-url")), "")
    values = {"python_version": f"{python[0]}.{python[1]}", "sys_platform": sys.platform,
              "platform_system": platform.system(), "platform_machine": platform.machine()}
    found: dict[str, Requirement] = {}
    for line in lines:
        if not line.startswith("-"):
            item = _requirement(line, values, index)
            if item is not None:
                found[normal(item.name)] = item
    digest = hashlib.sha256("\n".join(lines).encode("utf-8")).hexdigest()[:16]
    return Lock(backend, tuple(found.values()), digest)


def _lines(path: Path) -> list[str]:
    """Lines of a lock file with those of the files it names, without comments."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise EngineError(
            "a lock file of the environment is missing", where=str(path), remedy="Install Lineboil again."
        ) from error
    found: list[str] = []
    for raw in text.splitlines():
        line = re.split(r"(?:^|\s)#", raw)[0].strip()
        if line.startswith("-r "):
            found += _lines(path.parent / line.split(None, 1)[1])
        elif line:
            found.append(line)
    return found


def _requirement(line: str, values: dict[str, str], index: str) -> Requirement | None:
    """The package of a line; None when its condition is not met here."""
    match = re.fullmatch(r"([\w.-]+)==([\w.+!-]+)\s*(?:;\s*(.+))?", line)
    if match is None:
        raise EngineError("a lock file of the environment is damaged", where=line, remedy="Install Lineboil again.")
    name, version, condition = match.groups()
    if condition and not all(_holds(part.strip(), values) for part in condition.split(" and ")):
        return None
    return Requirement(name, version, index if "+" in version else "")


def _holds(condition: str, values: dict[str, str]) -> bool:
    match = re.fullmatch(r"""(\w+)\s*(<=|>=|==|!=|<|>)\s*["']([^"']*)["']""", condition)
    if match is None or match[1] not in values:
        raise EngineError(
            "a lock file of the environment is damaged", where=condition, remedy="Install Lineboil again."
        )
    here, wanted = _comparable(match[1], values[match[1]]), _comparable(match[1], match[3])
    return {"<": here < wanted, "<=": here <= wanted, ">": here > wanted, ">=": here >= wanted,
            "==": here == wanted, "!=": here != wanted}[match[2]]


def _comparable(name: str, text: str) -> list[tuple[int, str]]:
    if name != "python_version":
        return [(0, text)]
    return [(int(part), "") for part in text.split(".")]


@cache
def _sizes(path: Path, changed: int) -> dict[str, tuple[float, float]]:
    rows = (line.split("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines())
    return {_size_key(row[0]): (float(row[1]), float(row[2])) for row in rows if len(row) == 3}


def _size_key(word: str) -> str:
    match = re.fullmatch(r"([\w.-]+)(.*)", word)
    return normal(match[1]) + match[2] if match else word


def megabytes(name: str, version: str, folder: Path = LOCK_FOLDER) -> tuple[float, float]:
    """Megabytes to fetch and on the disk of a package; a small guess for one that is not in `sizes.txt`."""
    path = folder / "sizes.txt"
    table = _sizes(path, path.stat().st_mtime_ns) if path.is_file() else {}
    own, build, system = normal(name), version.partition("+")[2], platform.system()
    for key in (f"{own}+{build}@{system}", f"{own}+{build}", f"{own}@{system}", own):
        if key in table:
            return table[key]
    return (_UNKNOWN_MEGABYTES, _UNKNOWN_MEGABYTES)
