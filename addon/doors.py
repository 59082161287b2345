# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, asked from inside Blender: the same verbs, output and exit codes as `lineboil …`.

The words are completed by what Blender has in hand and run by a child process in the worker's environment, which
writes straight to Blender's own standard output and error. No Blender in here.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .child import child_environment
from .engine import cli
from .engine.blender import VARIABLE as BLENDER_VARIABLE
from .engine.errors import EngineError, MissingError
from .engine.messages import Failed
from .engine.reporters import JsonReporter, TextReporter
from .environment import Environment, program_start
from .parent import VARIABLE as PARENT_VARIABLE
from .scene import paths

NEEDS_SHOT = ("run", "keys", "set", "status", "preview", "sheet", "try", "tries", "redraw", "build",
              "render")
NEEDS_BLEND = ("build", "render")
SELF_HELP = ("environment", "check")
"""Verbs that answer without the worker's environment, by any Python: they are how it is mended."""

ONLINE_VARIABLE = "LINEBOIL_ONLINE"
_HELP = {"-h", "--help", "--version"}
_SETTING = re.compile(r"[a-z_]+(\.[a-z_]+)?=.*", re.DOTALL)
_ADDON = Path(__file__).resolve().parent


class WrongUse(EngineError):  # noqa: N818 - as the other errors are named
    """The words are not enough."""

    exit_code = 2


@dataclass(frozen=True)
class Hand:
    """What Blender has in hand.

    Attributes:
        door: How this door is written, for sentences that name a command.
        blender: What builds and renders: Blender's program, or the Python that has the `bpy` module.
        python: A Python for what needs no packages.
        environment: The worker's.
        shot: The shot of the open .blend; None without one.
        blend: The open .blend; None when it is not saved.
        is_online: Whether Blender allows online access.
        backend: What the artist's preferences have the environment made for; "" without preferences.
    """

    door: str
    blender: str
    python: str
    environment: Environment
    shot: Path | None = None
    blend: Path | None = None
    is_online: bool = True
    backend: str = ""


def run(words: Sequence[str], hand: Hand) -> int:
    """Do what the words say, in a child process; returns its exit code."""
    try:
        command, variables = start(completed(words, hand), hand)
        return run_child(command, variables)
    except EngineError as error:
        return tell(error, is_for_programs="--json" in words)


def tell(error: EngineError, *, is_for_programs: bool) -> int:
    """Say an error as the command line does; returns its exit code."""
    reporter = JsonReporter(sys.stdout) if is_for_programs else TextReporter(sys.stdout)
    reporter.send(Failed(error.what, error.where, error.remedy, type(error).__name__, error.exit_code))
    return error.exit_code


def completed(words: Sequence[str], hand: Hand) -> list[str]:
    """The words with the shot and the .blend in hand, where they name none.

    Raises:
        WrongUse: They need a shot, and there is none in hand.
    """
    if not words or words[0] not in NEEDS_SHOT or _HELP & set(words):
        return list(words)
    verb, *rest = words
    options = _understood(words)
    if options is None or _is_setting(options.shot):
        options = _understood([verb, str(hand.shot or "."), *rest])
        if options is None:
            # No shot would make sense of them: the command line says what is wrong.
            return list(words)
        if hand.shot is None:
            raise _no_shot(verb, hand)
        rest = [str(hand.shot), *rest]
    if verb in NEEDS_BLEND and options.blend is None and hand.blend and paths.is_same(options.shot, hand.shot):
        rest += ["--blend", str(hand.blend)]
    return [verb, *rest]


def _understood(words: Sequence[str]) -> Any:
    """The options of a command line; None when it is not one."""
    try:
        return cli.parse(list(words))
    except cli.UsageError:
        return None


def _is_setting(shot: Path) -> bool:
    """Whether what stands where the shot belongs is a setting (`render quality=final`)."""
    return bool(_SETTING.fullmatch(str(shot))) and not shot.exists()


def _no_shot(verb: str, hand: Hand) -> WrongUse:
    what = "the open .blend belongs to no shot" if hand.blend else "no shot is given, and no .blend is open"
    remedy = f"Give the shot's folder: {hand.door} {verb} SHOT, or open the .blend of a shot."
    return WrongUse(what, where=str(hand.blend or ""), remedy=remedy)


def start(words: Sequence[str], hand: Hand) -> tuple[list[str], dict[str, str]]:
    """Command of the child, and environment variables on top of this process's own.

    Raises:
        MissingError: The environment is not ready, and the words need it; the remedy names this door.
    """
    state = hand.environment.examine()
    verb = words[0] if words else ""
    if verb == "environment":
        return [hand.python, "-I", str(_ADDON), *_environment_words(words, hand)], _variables(hand)
    if state.is_ready:
        command, variables = program_start(hand.environment, hand.blender)
        return [*command, *words], _variables(hand) | variables
    if verb in SELF_HELP or _HELP & set(words) or _understood(words) is None:
        return [hand.python, "-I", str(_ADDON), *words], _variables(hand)
    remedy = state.remedy
    if state.needs:
        button = "Make Environment" if state.needs == "make" else "Repair Environment"
        remedy = f"Run: {hand.door} environment {state.needs}, or press {button} in Lineboil's preferences."
    raise MissingError(state.text.rstrip("."), where=str(state.folder), remedy=remedy)


def _environment_words(words: Sequence[str], hand: Hand) -> list[str]:
    """The words with this Blender's folder, and the Python and backend its artist chose, unless they say."""
    given = list(words)
    if len(given) < 2 or given[1].startswith("-") or _HELP & set(given):
        return given
    chosen = {"--folder": str(hand.environment.folder), "--python": hand.environment.wanted_python}
    if given[1] == "make":
        chosen["--backend"] = hand.backend
    for option, value in chosen.items():
        is_given = any(word == option or word.startswith(f"{option}=") for word in given)
        given += [option, value] if value and not is_given else []
    return given


def _variables(hand: Hand) -> dict[str, str]:
    variables = {BLENDER_VARIABLE: hand.blender, PARENT_VARIABLE: str(os.getpid())}
    if not hand.is_online:
        variables[ONLINE_VARIABLE] = "0"
    return variables


def run_child(command: list[str], variables: dict[str, str]) -> int:
    """Run a program with this process's own input and output, pass signals on; returns its exit code.

    Args:
        command: Program and arguments.
        variables: On top of this process's own, which lose what is Blender's.

    Raises:
        MissingError: It cannot be started.
    """
    for stream in (sys.stdout, sys.stderr):
        # What was said before comes before.
        stream.flush()
    try:
        child = subprocess.Popen(command, env=child_environment(variables))
    except OSError as error:
        what = f"the program cannot be started ({error.strerror or error})"
        raise MissingError(what, where=command[0], remedy="Repair the worker's environment.") from error
    code = _wait(child)
    # As shells tell the end by a signal.
    return code if code >= 0 else 128 - code


def _wait(child: subprocess.Popen[bytes]) -> int:
    def pass_on(number: int, _: Any) -> None:
        # Windows itself tells every program of the console.
        if sys.platform != "win32" and child.poll() is None:
            child.send_signal(number)

    before: dict[signal.Signals, Any] = {}
    try:
        for number in cli.ending_signals():
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, pass_on)
        return child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
