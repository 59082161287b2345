# SPDX-License-Identifier: GPL-3.0-or-later
"""The verb `environment` of the command line: make, check, repair, remove or plan the worker's environment."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import signal
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .engine.cache import disk_error
from .engine.errors import EngineError
from .engine.messages import Done, Failed, Message, Note, Status
from .engine.reporters import JsonReporter, TextReporter
from .environment import (
    BACKENDS,
    Environment,
    Plan,
    State,
    available_backends,
    find,
    suggested_backend,
)
from .environment_meter import STAGE
from .environment_python import pythons

AnyReporter = JsonReporter | TextReporter
ONLINE_VARIABLE = "LINEBOIL_ONLINE"

_EXIT_CODES = "exit codes: 0 done, 75 try again later (it is in use), 130 stopped, 2 wrong use, 1 failed"


def main(words: list[str]) -> int:
    """Do what the words after `environment` say; returns the exit code."""
    options = parser().parse_args(words)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    reporter: AnyReporter = JsonReporter(sys.stdout) if options.json else TextReporter(sys.stdout)
    try:
        listen(reporter, options.json)
        environment = _environment(options)
        result: dict[str, Any] = options.function(environment, options, reporter)
        reporter.send(Done(result))
    except EngineError as error:
        return _fail(reporter, error)
    except BrokenPipeError:
        # Whoever read the output has gone: nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as error:
        return _fail(reporter, disk_error(error, Path(error.filename or ".")))
    return 0


def parser() -> argparse.ArgumentParser:
    """The grammar of the words after `environment`."""
    top = argparse.ArgumentParser(
        prog="lineboil environment", epilog=_EXIT_CODES,
        description="The worker's own Python environment: make, check, repair, remove it, or see what it would take.",
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    texts: dict[str, tuple[Callable[..., dict[str, Any]], str]] = {
        "plan": (_plan, "Say what making it would fetch, and the room it takes."),
        "make": (_make, "Make it, complete it, or change it to another backend."),
        "check": (_check, "Look at every file, import the packages, and say what is wrong."),
        "repair": (_repair, "Put back what is missing, damaged or of another version."),
        "remove": (_remove, "Take away an environment that Lineboil made."),
    }
    for name, (function, text) in texts.items():
        verb = verbs.add_parser(name, help=text, description=text, epilog=_EXIT_CODES)
        verb.add_argument("--backend", default="", metavar="NAME", help=f"one of: {', '.join(BACKENDS)}")
        verb.add_argument("--folder", default="", help="where it is; found when not given")
        verb.add_argument("--python", default="", help="a Python to make it with; found when not given")
        verb.add_argument("--offline", action="store_true", help="fetch nothing")
        verb.add_argument("--json", action="store_true", help="one JSON object a line, for programs")
        verb.set_defaults(function=function)
    return top


def listen(reporter: AnyReporter, is_for_program: bool) -> None:
    """Let Ctrl-C, a request to end, and for programs the end of standard input stop the work in order."""

    def stop(*_: Any) -> None:
        reporter.stop.set()

    # Only the main thread may; anybody calling from another one handles signals itself.
    with contextlib.suppress(ValueError):
        for number in signal.Signals:
            if number.name in ("SIGINT", "SIGTERM", "SIGBREAK") and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, stop)
    if is_for_program and _is_pipe():
        threading.Thread(target=_wait_for_end, args=(stop,), daemon=True).start()


def _is_pipe() -> bool:
    """Whether standard input is held by the program that started this: it ends with that."""
    try:
        return stat.S_ISFIFO(os.fstat(0).st_mode)
    except OSError:
        return False


def _wait_for_end(stop: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 4096):
            continue
    stop()


def _environment(options: argparse.Namespace) -> Environment:
    is_offline = options.offline or os.environ.get(ONLINE_VARIABLE) == "0"
    if options.folder:
        return Environment(Path(options.folder), python=options.python, allow_online=not is_offline)
    return find(None, python=options.python, allow_online=not is_offline)


def _report(reporter: AnyReporter) -> Callable[[Message], None]:
    def send(message: Message) -> None:
        reporter.send(message)

    return send


def _fail(reporter: AnyReporter, error: EngineError) -> int:
    with contextlib.suppress(OSError):
        reporter.send(Failed(error.what, error.where, error.remedy, type(error).__name__, error.exit_code))
    return error.exit_code


def _made(environment: Environment) -> dict[str, Any]:
    state = environment.examine()
    return {"environment": str(environment.folder), "state": state.text, "ready": state.is_ready}


def _make(environment: Environment, options: argparse.Namespace, reporter: AnyReporter) -> dict[str, Any]:
    environment.make(options.backend or environment.backend or "cpu", _report(reporter), reporter.stop.is_set)
    return _made(environment)


def _repair(environment: Environment, options: argparse.Namespace, reporter: AnyReporter) -> dict[str, Any]:
    environment.repair(options.backend, _report(reporter), reporter.stop.is_set)
    return _made(environment)


def _remove(environment: Environment, options: argparse.Namespace, reporter: AnyReporter) -> dict[str, Any]:
    environment.remove()
    return {"removed": str(environment.folder)}


def _check(environment: Environment, options: argparse.Namespace, reporter: AnyReporter) -> dict[str, Any]:
    state: State = environment.check()
    for detail in state.details:
        reporter.send(Note(STAGE, detail))
    reporter.send(Status(STAGE, "done" if state.is_ready else "missing", why=state.text))
    if not state.is_ready:
        raise EngineError(state.text.rstrip("."), where=str(state.folder), remedy=state.remedy)
    return {"environment": str(environment.folder), "state": state.text, "ready": True}


def _plan(environment: Environment, options: argparse.Namespace, reporter: AnyReporter) -> dict[str, Any]:
    names = [options.backend] if options.backend else [item.name for item in available_backends()]
    suited = suggested_backend()
    for name in names:
        plan: Plan = environment.plan(name)
        hint = " Suits the graphics card of this machine." if name == suited and name != "cpu" else ""
        reporter.send(Note(STAGE, f"{plan.text} {BACKENDS[name].text}{hint}"))
        if plan.problem is not None:
            reporter.send(Note(STAGE, f"But: {plan.problem.sentence()}"))
    if not environment.python.is_file():
        reporter.send(Note(STAGE, f"It would be made with {next(pythons(options.python))}."))
    first = environment.plan(names[0])
    return {
        "environment": str(environment.folder), "backend": first.backend, "packages": first.packages[0],
        "download megabytes": first.download_megabytes, "disk megabytes": first.disk_megabytes,
        "free megabytes": first.free_megabytes, "suggested backend": suited,
    }
