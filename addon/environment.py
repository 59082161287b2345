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
    Needs,
    State,
    existing,
    kind_of,
    maker_at_work,
    models_of,
    package_problems,
    python_of,
    python_problem,
    python_version,
    write_problem,
)

__all__ = (
    "BACKENDS", "VARIABLE", "Environment", "Plan", "State", "available_backends", "find", "main", "suggested_backend",
    "worker_start",
)

VARIABLE = "LINEBOIL_ENVIRONMENT"
PYTHON_VARIABLE = "LINEBOIL_PYTHON"

Report = Callable[[Message], None]
ShouldStop = Callable[[], bool]

_MAKE = "Press Make Environment in Lineboil's preferences, or run: lineboil environment make."
_ELSEWHERE = "Choose an empty folder, or a Python environment, in Lineboil's preferences."
_BY_HAND = "Lineboil did not make it and leaves it alone: install the packages of requirements/cpu.txt into it."
_SHOWN_NAMES = 3


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
            return self._examine()
        except EngineError as error:
            return State(False, error.sentence(), error.remedy, "", None, "", self.folder)
        except OSError as error:
            text = f"The environment in {self.folder} cannot be read ({error.strerror or error})."
            return State(False, text, _ELSEWHERE, "", None, "", self.folder)

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
        return self._broken("The environment is damaged: " + _shown(problems) + ".", "repair", tuple(problems))

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
        from .environment_make import remove

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
            return MissingError("the folder holds things that Lineboil did not make", where=where, remedy=_ELSEWHERE)
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

    def _examine(self) -> State:
        kind = kind_of(self.folder)
        if kind in ("absent", "other"):
            return self._nothing(kind)
        maker = maker_at_work(self.folder) if kind == "ours" else ""
        if maker:
            return State(False, f"It is being made now: {maker}.", "Wait until that is finished.", "", None,
                         self.backend, self.folder)
        lock = self.lock(self.backend or "cpu")
        missing, other = package_problems(self.folder, lock, to_run=True)
        wrong = python_problem(self.folder)
        if kind == "ours" and not own_python.marker(self.folder).get("finished"):
            total = len(lock.requirements)
            lacking = total if wrong else sum(len(names) for names in package_problems(self.folder, lock))
            return self._broken(
                f"The environment is half made: {total - lacking} of {total} packages are there.", "make"
            )
        if wrong:
            return self._broken(f"The environment cannot be used: {wrong}.", "repair")
        if missing or (other and kind != "foreign"):
            return self._broken(_package_text(missing, other), "repair", _package_details(self.folder, missing, other))
        models = [f"the model {item.model.file_name} is {item.state}" for item in self.lacking_models()]
        if models:
            return self._broken(f"The environment lacks {len(models)} models: {_shown(models)}.", "repair",
                                tuple(models))
        return self._ready(kind, other)

    def _nothing(self, kind: str) -> State:
        if kind == "other":
            text = f"The folder {self.folder} holds things that Lineboil did not make."
            return State(False, text, _ELSEWHERE, "", None, "", self.folder)
        if self.folder == ROOT / ".venv":
            text, remedy, needs = "The checkout has no environment yet.", own_python.REMEDY_CHECKOUT, ""
        else:
            text, remedy, needs = "The worker's environment is not made yet.", _MAKE, "make"
        return State(False, text, remedy, needs, None, "", self.folder)

    def _broken(self, text: str, needs: Needs, details: tuple[str, ...] = ()) -> State:
        """A state that is not ready, with the remedy that suits who made it."""
        kind = kind_of(self.folder)
        remedy = {"checkout": own_python.REMEDY_CHECKOUT, "foreign": _BY_HAND}.get(
            kind, _MAKE if needs == "make" else own_python.REMEDY_EXTENSION
        )
        python = self.python if self.python.is_file() else None
        return State(False, text, remedy, needs if kind == "ours" else "", python, self.backend, self.folder, details)

    def _ready(self, kind: str, other: list[str]) -> State:
        version = ".".join(str(part) for part in python_version(self.folder))
        name = BACKENDS[self.backend].title if self.backend else "an environment of yours"
        details = [f"It is in {self.folder}.", f"Its models are in {self.models}."]
        details += [f"{item} is of another version than Lineboil is tested with" for item in other]
        made_in = str(own_python.marker(self.folder).get("folder", self.folder))
        if kind == "ours" and made_in != str(self.folder):
            details.append(f"It was moved here from {made_in}, which does no harm.")
        return State(True, f"Ready: {name}, Python {version}.", "", "", self.python, self.backend, self.folder,
                     tuple(details))


def _shown(items: Sequence[str]) -> str:
    more = f" and {len(items) - _SHOWN_NAMES} more" if len(items) > _SHOWN_NAMES else ""
    return ", ".join(items[:_SHOWN_NAMES]) + more


def _package_text(missing: list[str], other: list[str]) -> str:
    parts = [
        f"{len(names)} package{'s are' if len(names) > 1 else ' is'} {how} ({_shown(names)})"
        for names, how in ((missing, "missing"), (other, "of another version")) if names
    ]
    return f"The environment is incomplete: {', '.join(parts)}."


def _package_details(folder: Path, missing: list[str], other: list[str]) -> tuple[str, ...]:
    from .environment_look import installed

    here = installed(folder)
    return (*(f"{name} is missing" for name in missing), *(f"{name} {here[name]} is another version" for name in other))


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
