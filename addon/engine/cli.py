# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: `lineboil new | run | carry | keys | status | set | look | preview | sheet | check | build …`."""

from __future__ import annotations

import argparse
import contextlib
import contextvars
import io
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn, TextIO

from . import commands, control_commands, look_commands, models_commands, own_python, try_commands
from .cache import disk_error
from .errors import Cancelled, EngineError, MissingError
from .messages import Done, Failed, Reporter
from .reporters import JsonReporter, TextReporter
from .threads import share_cores

WRONG_USE = 2
_EXIT_CODES = "exit codes: 0 done, 75 try again later (the shot is in use), 130 stopped, 2 wrong use, 1 failed"


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Words of the command line; the process's own when not given.

    Returns:
        The exit code: 0 done, 75 try again, 130 stopped, 2 wrong use, 1 failed.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        options = parse(words)
    except UsageError as wrong:
        return _tell_wrong_use(wrong, is_for_programs="--json" in words)
    stream = _own_stdout()
    share_cores()
    if options.verb == "serve":
        # Only a worker needs it, and it needs this module.
        from . import serve

        return serve.serve(stream)
    reporter = JsonReporter(stream) if options.json else TextReporter(stream)
    try:
        message = _listen_and_conclude(options, reporter)
        reporter.send(message)
    except BrokenPipeError:
        # Whoever read the output has gone (`| head`): nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return 1
    return message.exit_code if isinstance(message, Failed) else int(message.result.get("exit_code", 0))


def _tell_wrong_use(wrong: UsageError, *, is_for_programs: bool) -> int:
    if is_for_programs:
        JsonReporter(sys.stdout).send(wrong.failed())
    else:
        sys.stderr.write(f"{wrong.usage}error: {wrong}\n")
    return WRONG_USE


def _listen_and_conclude(options: argparse.Namespace, reporter: JsonReporter | TextReporter) -> Done | Failed:
    try:
        _listen_to_signals()
        message = conclude(options, reporter)
        # What a library makes of being stopped while it loads is not the reason.
        return failure(Cancelled()) if isinstance(message, Failed) and _StopError.was_raised else message
    except (KeyboardInterrupt, _StopError):
        _ignore_signals()
        return failure(Cancelled())


def conclude(options: argparse.Namespace, reporter: Reporter, *, log: str = "") -> Done | Failed:
    """Do what the options say; the last message, whatever happens.

    Args:
        options: From `parse`.
        reporter: Receives every message but the last.
        log: Where standard error goes, in words, when nobody is looking at it.
    """
    try:
        # In a context of its own, so that what one command chooses is not there for the next.
        return Done(contextvars.copy_context().run(options.function, options, reporter))
    except (Exception, SystemExit) as error:
        return failure(_engine_error(error, getattr(options, "shot", None), log))


def _engine_error(error: Exception | SystemExit, shot: Path | None, log: str) -> EngineError:
    if isinstance(error, EngineError):
        return error
    if isinstance(error, MemoryError):
        return EngineError("there is not enough memory", remedy="Choose a smaller footage.long_side.")
    if isinstance(error, OSError):
        named = error.filename if isinstance(error.filename, str | os.PathLike) else None
        return disk_error(error, Path(named or shot or "."))
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] != __name__.partition(".")[0]:
        return MissingError(f"the environment is not whole ({error})", where=sys.prefix, remedy=own_python.remedy())
    return _unexpected(error, shot, log)


def failure(error: EngineError) -> Failed:
    """The message that says an error."""
    return Failed(error.what, error.where, error.remedy, type(error).__name__, error.exit_code)


class _StopError(BaseException):
    """Somebody asked the program to end.

    Not KeyboardInterrupt: Python remembers one that passes through `exec`, which imports use for data classes, and
    would end the process as if nobody had caught it.
    """

    was_raised = False


class UsageError(Exception):
    """The words are no command line; `usage` is how it is written."""

    def __init__(self, what: str, usage: str) -> None:
        self.usage = usage
        super().__init__(what)

    def failed(self) -> Failed:
        """The message for programs."""
        return Failed(str(self), remedy=" ".join(self.usage.split()), error="SettingError", exit_code=WRONG_USE)


class _Grammar(argparse.ArgumentParser):
    """Raises instead of ending the process, which may be a worker's."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, self.format_usage())


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of a command line.

    Settings may stand behind options (`new SHOT --footage CLIP matte.engine=chroma`), where argparse alone would
    not take them.

    Raises:
        UsageError: The words are no command line. `--help` and `--version` print and raise SystemExit.
    """
    grammar = parser()
    options, rest = grammar.parse_known_args(arguments)
    if rest:
        wrong = [word for word in rest if word.startswith("-") or "=" not in word]
        if wrong or not hasattr(options, "settings"):
            grammar.error(f"unrecognized arguments: {' '.join(wrong or rest)}")
        options.settings = [*options.settings, *rest]
    if options.verb == "set" and not options.settings and not options.preset:
        grammar.error("give table.key=value, or --preset NAME")
    return options


def _unexpected(error: BaseException, shot: Path | None, log: str) -> EngineError:
    """A fault of the program: the details go to a log, the sentence says where that is."""
    text = "".join(traceback.format_exception(error))
    what = f"something unexpected went wrong ({type(error).__name__}: {error})"
    own = Path(shot) / "state" / "error.log" if shot else None
    if own and own.parent.is_dir():
        with (
            contextlib.suppress(OSError),
            own.open("a", encoding="utf-8", errors="backslashreplace") as stream,
        ):
            stream.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n{text}\n")
            return EngineError(what, remedy=f"The details are in {own}; please report them.")
    sys.stderr.write(text)
    return EngineError(what, remedy=f"The details are in {log}; please report them." if log else "Please report it.")


def _own_stdout() -> TextIO:
    """The real standard output for messages; everything libraries print goes to standard error instead."""
    try:
        kept = os.dup(sys.stdout.fileno())
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    except (OSError, io.UnsupportedOperation):
        return sys.stdout
    return open(kept, "w", encoding="utf-8", errors="replace", buffering=1)


def ending_signals() -> list[signal.Signals]:
    """The signals of this system that ask a program to end."""
    names = ("SIGINT", "SIGTERM", "SIGBREAK")
    return [number for number in signal.Signals if number.name in names]


def _listen_to_signals() -> None:
    """Ctrl-C and a request to end stop the work in order."""
    _StopError.was_raised = False

    def stop(*_: Any) -> None:
        _StopError.was_raised = True
        raise _StopError

    # Only the main thread may; anybody calling from another one handles signals itself.
    with contextlib.suppress(ValueError):
        for number in ending_signals():
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, stop)


def _ignore_signals() -> None:
    """A second Ctrl-C must not cut off the last word."""
    with contextlib.suppress(ValueError):
        for number in ending_signals():
            signal.signal(number, signal.SIG_IGN)


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = _Grammar(
        prog="lineboil", description="Film a performer, restyle them, light them in 3D.", epilog=_EXIT_CODES
    )
    top.add_argument("--version", action="version", version=f"lineboil {commands.version()}")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add_making(verbs)
    _add_carrying(verbs)
    _add_keys(verbs)
    _add_looking(verbs)
    control_commands.add_verbs(verbs, _verb)
    look_commands.add_verbs(verbs, _verb)
    try_commands.add_verbs(verbs, _verb)
    models_commands.add_verbs(verbs, _verb)
    _add_blender(verbs)
    _add_serving(verbs)
    return top


def _verb(verbs: Any, name: str, function: Any, text: str, *, shot: bool = True) -> argparse.ArgumentParser:
    verb: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text, epilog=_EXIT_CODES)
    if shot:
        verb.add_argument("shot", metavar="SHOT", type=Path, help="the shot's folder")
    verb.add_argument("--json", action="store_true", help="one JSON object a line, for programs")
    verb.set_defaults(function=function)
    return verb


def _add_making(verbs: Any) -> None:
    new = _verb(verbs, "new", commands.new, "Make a shot folder for a clip.")
    new.add_argument("--footage", required=True, metavar="CLIP", type=Path, help="a video, or a folder of pictures")
    new.add_argument("settings", nargs="*", metavar="table.key=value", help="settings that differ from the defaults")
    new.add_argument("--preset", default="", metavar="NAME", help="begin with the settings of a preset, or of its file")
    run = _verb(verbs, "run", commands.run, "Make what is missing or stale, up to the movie.")
    which = run.add_mutually_exclusive_group()
    which.add_argument("--stage", default="", help="only this stage and what it reads")
    which.add_argument("--until", default="", help="every stage up to this one")
    run.add_argument("--frames", default="", metavar="A-B", help="an excerpt, like 10-40 or 1-20,30")
    change = _verb(verbs, "set", commands.set_values, "Change settings of a shot.")
    change.add_argument("settings", nargs="*", metavar="table.key=value", help="like matte.engine=chroma")
    change.add_argument("--preset", default="", metavar="NAME", help="the settings of a preset, or of its file, first")


def _add_carrying(verbs: Any) -> None:
    text = "Carry keys painted by hand over a clip: pictures named by frame number in, all frames out."
    carry = _verb(verbs, "carry", commands.carry, text, shot=False)
    carry.add_argument("--footage", required=True, metavar="CLIP", type=Path, help="a video, or a folder of pictures")
    carry.add_argument("--keys", required=True, metavar="DIR", type=Path, help="the painted keys, like 000012.png")
    carry.add_argument("--out", required=True, metavar="DIR", type=Path, help="where the frames go")
    carry.add_argument(
        "--matte", default=None, metavar="DIR", type=Path, help="a grey picture for every frame, white is the character"
    )
    carry.add_argument(
        "--motion",
        dest="set",
        default=[],
        action="append",
        type=lambda folder: f"flow.folder={Path(folder).resolve().as_posix()}",
        metavar="DIR",
        help="exact motion, a file for every frame: 000012.exr with Blender's Vector pass, or 000012.npz",
    )
    carry.add_argument(
        "--cuts", default="find", metavar="WHICH", help="find (the default), off, or the frames that begin a scene"
    )
    carry.add_argument(
        "--set", default=[], action="append", metavar="table.key=value", help="a setting, like propagate.method=linear"
    )


def _add_keys(verbs: Any) -> None:
    keys = _verb(verbs, "keys", commands.keys, "Choose the keys, or tell how many are needed.")
    keys.add_argument("--suggest", action="store_true", help="tell what so many keys show; keys.json stays as it is")
    keys.add_argument(
        "--quality",
        type=float,
        default=None,
        metavar="Q",
        help=f"share of the picture that keys show on average, {commands.keys_advice.USUAL_QUALITY} when not given",
    )


def _add_looking(verbs: Any) -> None:
    _verb(verbs, "status", commands.status, "Show what is done, stale or missing, and why.")
    preview = _verb(verbs, "preview", commands.preview, "Make one frame of a stage and show where its picture is.")
    preview.add_argument("--stage", required=True, help="the stage to look at")
    preview.add_argument("--frame", required=True, type=int, help="the frame, from 1")
    sheet = _verb(verbs, "sheet", commands.sheet, "Make a contact sheet of every stage.")
    sheet.add_argument("--frames", default="", metavar="A-B", help="the frames to show; evenly spaced when not given")
    sheet.add_argument("--out", type=Path, default=None, metavar="PNG", help="where to; SHOT/sheet.png when not given")
    check = _verb(verbs, "check", commands.check, "Say what is installed and how to get the rest.", shot=False)
    check.add_argument("shot", nargs="?", type=Path, metavar="SHOT", help="also look whether this shot can run here")
    check.add_argument("--fetch", action="store_true", help="fetch the model files that are missing")
    check.add_argument("--blender", type=Path, default=None, help="a Blender to look at")
    text = "Make, check, repair or remove the worker's own Python environment."
    # Looked after from outside it, by addon/environment.py: here it is only named.
    own = verbs.add_parser("environment", help=text, description=text, prefix_chars="\0", add_help=False)
    own.add_argument("words", nargs="*", metavar="VERB")
    own.set_defaults(function=commands.environment, json=False)


def _add_blender(verbs: Any) -> None:
    build = _verb(verbs, "build", commands.build, "Make or update the .blend: the cut-out in a lit set.")
    render = _verb(verbs, "render", commands.render, "Render the .blend to a movie with the clip's sound.")
    render.add_argument("--frames", default="", metavar="A-B", help="an excerpt, like 10-40")
    render.add_argument(
        "settings", nargs="*", metavar="key=value", help="settings of the render for this time, like quality=final"
    )
    build.add_argument(
        "--describe", action="store_true", help="only make what the scene is built from, and tell how, for programs"
    )
    for verb in (build, render):
        verb.add_argument("--blend", type=Path, default=None, help="the .blend the shot's scene is in, remembered")
        verb.add_argument("--blender", type=Path, default=None, help="Blender's program, instead of the one found")


def _add_serving(verbs: Any) -> None:
    text = "Take requests as JSON lines on standard input, for programs (docs/worker-protocol.md)."
    serve = verbs.add_parser("serve", help=text, description=text)
    serve.add_argument("--json", action="store_true", required=True, help="the only language a worker speaks")


if __name__ == "__main__":
    sys.exit(main())
