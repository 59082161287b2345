# SPDX-License-Identifier: GPL-3.0-or-later
"""Making, completing, repairing and removing the worker's environment.

One package after the other is installed, all pinned, so that a stop at any moment loses one package at most. The
marker says "finished" only at the end, after the environment's own Python has looked at everything.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .engine import errors, own_python
from .engine.cache import disk_error, write_json
from .engine.errors import Cancelled, EngineError, InputError, MissingError
from .engine.lock import ShotLock
from .engine.messages import Failed, Message, Note, Progress, decode
from .engine.models import registry
from .environment_lock import BACKENDS, Lock, Requirement, is_version, normal, read_lock
from .environment_look import (
    PARTS,
    ROOT,
    installed,
    lock_on,
    package_problems,
    python_of,
    python_problem,
    python_version,
)
from .environment_meter import STAGE, Meter
from .environment_pip import Follower, pip_error
from .environment_python import pythons
from .environment_remove import clear_leftovers, drop_other_records, refuse_while_used, remove_parts

if TYPE_CHECKING:
    from .environment import Environment, Report, ShouldStop

_MODULES = {
    "numpy": "numpy", "opencv-python-headless": "cv2", "av": "av", "scenedetect-headless": "scenedetect",
    "ai-edge-litert": "ai_edge_litert.interpreter", "ncnn": "ncnn", "torch": "torch",
    "diffusers": "diffusers", "transformers": "transformers", "peft": "peft",
}
_PROBE = Path(__file__).with_name("environment_probe.py")
# pip tells its bytes since this version.
_RAW_PIP = (24, 1)
_OFFLINE_REMEDY = (
    "Switch on Allow Online Access in Blender's preferences (System, Network) for as long as it is fetched; in a "
    "terminal leave out --offline and LINEBOIL_ONLINE."
)


class Maker:
    """One making or repair.

    Args:
        environment: What is made.
        report: Told the progress.
        should_stop: Asked often.
    """

    def __init__(self, environment: Environment, report: Report, should_stop: ShouldStop) -> None:
        self.environment = environment
        self.folder = environment.folder
        self.report = report
        self.should_stop = should_stop
        self.meter = Meter(report)
        self.follower = Follower(
            self.folder / "install.log", self.folder / "temporary", _pip_variables(), should_stop
        )

    def make(self, backend: str) -> None:
        """Make, complete or change; see `Environment.make`."""
        self._change(backend, is_thorough=False)

    def repair(self, backend: str) -> None:
        """Put everything in order; see `Environment.repair`."""
        self._change(backend, is_thorough=True)

    def _change(self, backend: str, *, is_thorough: bool) -> None:
        problem = self.environment.problem(backend)
        if problem is not None:
            raise problem
        self._look_for_room(backend)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with lock_on(self.folder, "make the environment") as held:
                self._locked(held, backend, is_thorough)
        except OSError as error:
            raise disk_error(error, Path(error.filename or self.folder)) from error
        finally:
            shutil.rmtree(self.folder / "temporary", ignore_errors=True)

    def _locked(self, held: ShotLock, backend: str, is_thorough: bool) -> None:
        self.follower.held = held.descriptor
        refuse_while_used(self.folder)
        before = own_python.marker(self.folder).get("backend", "")
        self._mark(backend, is_finished=False)
        self._make_python()
        lock = self.environment.lock(backend)
        clear_leftovers(self.folder)
        again = list(self._probe(lock)) if is_thorough else []
        self._install(lock, again)
        if before in BACKENDS and before != backend:
            self._drop(before, lock)
        self._fetch_models(is_thorough)
        problems = self._probe(lock)
        if problems:
            raise EngineError(
                "the environment is not in order: " + "; ".join(f"{name} {text}" for name, text in problems.items()),
                where=str(self.folder), remedy="Repair it; if it stays so, remove it and make it anew.",
            )
        self._mark(backend, is_finished=True)

    def _look_for_room(self, backend: str) -> None:
        """What can be known before anything is changed."""
        plan = self.environment.plan(backend)
        needs_network = plan.download_megabytes > 0 and "--no-index" not in self.environment.pip_arguments
        if needs_network and not self.environment.allow_online:
            raise MissingError(
                f"about {plan.download_megabytes} MB have to be fetched, and online access is off",
                remedy=_OFFLINE_REMEDY,
            )
        # The fetched files lie beside the installed ones for a while.
        needed = plan.disk_megabytes + plan.download_megabytes
        if needed > plan.free_megabytes:
            raise InputError(
                f"about {needed} MB are needed, {plan.free_megabytes} MB are free", where=str(self.folder),
                remedy="Make room, or choose a folder on another disk.",
            )
        if plan.packages[0]:
            self._note(plan.text)

    def _make_python(self) -> None:
        """The environment's Python with pip, kept when it is good, made anew when it is not."""
        if not python_problem(self.folder) and installed(self.folder).get("pip"):
            return
        failures: list[str] = []
        for python in pythons(self.environment.wanted_python):
            remove_parts(self.folder, PARTS)
            self._note(f"making an environment with {python}")
            command = [str(python.path), "-I", "-m", "venv", str(self.folder)]
            code, lines = self.follower.run(command, lambda line: None)
            if code == 0 and not python_problem(self.folder):
                return
            reason = python_problem(self.folder) if code == 0 else (lines or ["it gave no reason"])[-1]
            failures.append(f"{python}: {reason}")
        if any("no space left" in failure.lower() for failure in failures):
            raise pip_error("Python", failures, self.folder / "install.log")
        raise MissingError(
            "no Python could make the environment: " + "; ".join(failures),
            remedy="Install Python 3.11 or 3.13 with its venv part, or name another one in Lineboil's preferences.",
        )

    def _install(self, lock: Lock, again: list[str]) -> None:
        """The packages of a lock that are missing or another version, and those to install again."""
        missing, other = package_problems(self.folder, lock)
        wanted = {*missing, *other, *again}
        self.meter.begin([item for item in lock.requirements], wanted, self.environment.locks)
        for item in lock.requirements:
            if normal(item.name) in wanted:
                self._install_one(item, is_again=normal(item.name) in again)

    def _install_one(self, item: Requirement, *, is_again: bool) -> None:
        self.meter.start(item.name)
        arguments = ["--only-binary=:all:", "--no-warn-script-location", "--no-compile", "--prefer-binary"]
        # A package from another index names what it needs itself; all others are in the lock.
        arguments += ["--extra-index-url", item.index] if item.index else ["--no-deps"]
        arguments += ["--force-reinstall"] if is_again else []
        arguments += ["--progress-bar", "raw"] if self._pip_is_new() else ["--progress-bar", "off"]
        command = [
            str(python_of(self.folder)), "-I", "-m", "pip", "install", *arguments, *self.environment.pip_arguments,
            f"{item.name}=={item.version}",
        ]
        code, lines = self.follower.run(command, self.meter.line)
        if not code:
            drop_other_records(self.folder, item)
        if code or not is_version(installed(self.folder).get(normal(item.name), ""), item.version):
            raise pip_error(f"{item.name} {item.version}", lines, self.follower.log)
        self.meter.finish(item.name)

    def _pip_is_new(self) -> bool:
        parts = installed(self.folder).get("pip", "").split(".")[:2]
        return len(parts) == 2 and all(part.isdigit() for part in parts) and (int(parts[0]), int(parts[1])) >= _RAW_PIP

    def _drop(self, before: str, lock: Lock) -> None:
        """Take out what only the previous backend needed: gigabytes."""
        previous = read_lock(before, python_version(self.folder), self.environment.locks)
        gone = [name for name in previous.versions() if name not in lock.versions() and name in installed(self.folder)]
        if gone:
            self._note(f"removing {len(gone)} packages of {BACKENDS[before].title}")
            command = [str(python_of(self.folder)), "-I", "-m", "pip", "uninstall", "--yes", *gone]
            code, lines = self.follower.run(command, lambda line: None)
            if code:
                raise pip_error("the change of the backend", lines, self.follower.log)

    def _probe(self, lock: Lock) -> dict[str, str]:
        return probe(self.environment, lock, self.follower)

    def _fetch_models(self, is_thorough: bool) -> None:
        """The models, by the environment's own Python; the program checks their hashes."""
        if not self.environment.with_models:
            return
        whole = [item for item in registry.installed(self.environment.models) if item.state == "installed"] \
            if is_thorough or not self.environment.lacking_models() else []
        if len(whole) == len(registry.MODELS):
            return
        if not self.environment.allow_online:
            raise MissingError("the models have to be fetched, and online access is off", remedy=_OFFLINE_REMEDY)
        failed: list[Failed] = []
        variables = self.follower.variables
        self.follower.variables = variables | {"LINEBOIL_MODELS": str(self.environment.models)}
        command = [str(python_of(self.folder)), "-I", str(ROOT / "addon"), "check", "--fetch", "--json"]
        try:
            code, lines = self.follower.run(command, lambda line: self._relay(decode(line), failed))
        finally:
            self.follower.variables = variables
        if failed:
            kind: Any = getattr(errors, failed[0].error, EngineError)
            raise kind(failed[0].what, where=failed[0].where, remedy=failed[0].remedy)
        if code:
            raise EngineError(f"the models could not be fetched: {(lines or ['no reason was given'])[-1]}")

    def _relay(self, message: Message | None, failed: list[Failed]) -> None:
        if isinstance(message, Failed):
            failed.append(message)
        elif isinstance(message, Progress | Note):
            self.report(message)

    def _note(self, text: str) -> None:
        self.report(Note(STAGE, text))

    def _mark(self, backend: str, *, is_finished: bool) -> None:
        version = python_version(self.folder)
        write_json(self.folder / own_python.MARKER, {
            "backend": backend, "finished": is_finished, "folder": str(self.folder),
            "python": f"{version[0]}.{version[1]}", "lock": self.environment.lock(backend).digest,
            "changed": time.strftime("%Y-%m-%d %H:%M:%S"),
        })


def probe(environment: Environment, lock: Lock, follower: Follower) -> dict[str, str]:
    """What the environment's own Python finds wrong, by package; "python" is the interpreter itself."""
    asked = {"packages": lock.versions(), "modules": {name: _MODULES[name] for name in lock.versions()
                                                      if name in _MODULES}}
    lines: list[str] = []
    command = [str(environment.python), "-I", str(_PROBE)]
    try:
        code, _ = follower.run(command, lines.append, json.dumps(asked))
    except Cancelled:
        raise
    except EngineError as error:
        return {"python": error.what}
    try:
        answer = json.loads(lines[-1])
        found: dict[str, str] = {str(name): str(text) for name, text in answer["problems"].items()}
    except (IndexError, ValueError, KeyError, TypeError, AttributeError):
        return {"python": f"does not start (code {code}{': ' + lines[-1] if lines else ''})"}
    return found


def thorough_problems(environment: Environment) -> list[str]:
    """Everything that is wrong with an environment that looks ready. Takes seconds."""
    lock = environment.lock(environment.backend or "cpu")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        follower = Follower(Path(os.devnull), Path(temporary), _pip_variables(), lambda: False)
        found = [f"{name} {text}" for name, text in probe(environment, lock, follower).items()]
    if environment.with_models:
        every = registry.installed(environment.models)
        found += [f"the model {item.model.file_name} is {item.state}" for item in every if item.state != "installed"]
    return found


def _pip_variables() -> dict[str, str]:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # Settings of pip that would send packages elsewhere than into the environment.
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_REQUIREMENT", "PIP_CONSTRAINT"):
        variables.pop(name, None)
    return variables | {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                        "PIP_REQUIRE_VIRTUALENV": "1", "PYTHONUNBUFFERED": "1"}
