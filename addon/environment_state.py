# SPDX-License-Identifier: GPL-3.0-or-later
"""How an environment stands, in plain words, with the button that mends it. Files only; starts nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .engine import own_python
from .environment_lock import BACKENDS
from .environment_look import (
    ROOT,
    Needs,
    State,
    installed,
    kind_of,
    maker_at_work,
    package_problems,
    python_problem,
    python_version,
)

if TYPE_CHECKING:
    from .environment import Environment

ELSEWHERE = "Choose an empty folder, or a Python environment, in Lineboil's preferences."

_MAKE = "Press Make Environment in Lineboil's preferences, or run: lineboil environment make."
_BY_HAND = "Lineboil did not make it and leaves it alone: install the packages of requirements/cpu.txt into it."
_OTHER_PYTHON = (
    "Lineboil did not make it and leaves it alone: choose another environment, or none, in Lineboil's preferences."
)
_SHOWN_NAMES = 3


def state_of(environment: Environment) -> State:
    """The state; only the first thing that is wrong decides.

    Raises:
        EngineError: The lock files of the program cannot be read.
        OSError: The folder cannot be read.
    """
    folder, kind = environment.folder, kind_of(environment.folder)
    if kind in ("absent", "other"):
        return _nothing(folder, kind)
    if kind == "ours":
        maker = maker_at_work(folder)
        if maker:
            return State(False, f"It is being made now: {maker}.", "Wait until that is finished.", "", None,
                         environment.backend, folder)
        if not own_python.marker(folder).get("finished"):
            return broken(environment, _half_made_text(environment), "make")
    wrong = python_problem(folder)
    if wrong:
        state = broken(environment, f"The environment cannot be used: {wrong}.", "repair")
        # No package helps a Python that is of no use.
        return replace(state, remedy=_OTHER_PYTHON) if kind == "foreign" else state
    missing, other = package_problems(folder, environment.lock(environment.backend or "cpu"), to_run=True)
    if missing or (other and kind != "foreign"):
        return broken(environment, _package_text(missing, other), "repair", _package_details(folder, missing, other))
    models = [f"the model {item.model.file_name} is {item.state}" for item in environment.lacking_models()]
    if models:
        text = f"The environment lacks {_models_text(len(models))}: {shown(models)}."
        return broken(environment, text, "repair", tuple(models))
    return _ready(environment, kind, other)


def broken(environment: Environment, text: str, needs: Needs, details: tuple[str, ...] = ()) -> State:
    """A state that is not ready, with the remedy that suits who made the environment."""
    kind = kind_of(environment.folder)
    remedies = {"checkout": own_python.REMEDY_CHECKOUT, "foreign": _BY_HAND}
    remedy = remedies.get(kind, _MAKE if needs == "make" else own_python.REMEDY_EXTENSION)
    python = environment.python if environment.python.is_file() else None
    return State(False, text, remedy, needs if kind == "ours" else "", python, environment.backend, environment.folder,
                 details)


def shown(items: Sequence[str]) -> str:
    """The first few of a list, and how many more there are."""
    more = f" and {len(items) - _SHOWN_NAMES} more" if len(items) > _SHOWN_NAMES else ""
    return ", ".join(items[:_SHOWN_NAMES]) + more


def _nothing(folder: Path, kind: str) -> State:
    if kind == "other":
        text = f"The folder {folder} holds things that Lineboil did not make."
        if folder.is_file():
            text = f"{folder} is a file, not a folder."
        return State(False, text, ELSEWHERE, "", None, "", folder)
    if folder == ROOT / ".venv":
        text = "The checkout has no environment yet."
        return State(False, text, own_python.REMEDY_CHECKOUT, "", None, "", folder)
    return State(False, "The worker's environment is not made yet.", _MAKE, "make", None, "", folder)


def _half_made_text(environment: Environment) -> str:
    lock = environment.lock(environment.backend or "cpu")
    total = lacking = len(lock.requirements)
    if not python_problem(environment.folder):
        lacking = sum(len(names) for names in package_problems(environment.folder, lock))
    models = len(environment.lacking_models())
    rest = f", {_models_text(models)} {'is' if models == 1 else 'are'} missing" if models else ""
    return f"The environment is half made: {total - lacking} of {total} packages are there{rest}."


def _models_text(number: int) -> str:
    return "1 model" if number == 1 else f"{number} models"


def _ready(environment: Environment, kind: str, other: list[str]) -> State:
    folder, backend = environment.folder, environment.backend
    version = ".".join(str(part) for part in python_version(folder))
    name = BACKENDS[backend].title if backend else "an environment of yours"
    details = [f"It is in {folder}.", f"Its models are in {environment.models}."]
    details += [f"{item} is of another version than Lineboil is tested with." for item in other]
    made_in = str(own_python.marker(folder).get("folder", folder))
    if kind == "ours" and made_in != str(folder):
        details.append(f"It was moved here from {made_in}, which does no harm.")
    return State(True, f"Ready: {name}, Python {version}.", "", "", environment.python, backend, folder,
                 tuple(details))


def _package_text(missing: list[str], other: list[str]) -> str:
    parts = [
        f"{len(names)} package{'s are' if len(names) > 1 else ' is'} {how} ({shown(names)})"
        for names, how in ((missing, "missing"), (other, "of another version")) if names
    ]
    return f"The environment needs a repair: {', '.join(parts)}."


def _package_details(folder: Path, missing: list[str], other: list[str]) -> tuple[str, ...]:
    here = installed(folder)
    return (*(f"{name} is missing" for name in missing), *(f"{name} {here[name]} is another version" for name in other))
