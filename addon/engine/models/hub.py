# SPDX-License-Identifier: GPL-3.0-or-later
"""Diffusion models of the hub: where they are on this machine, how they come there, how they go.

Fetched only by `get`, which somebody has asked for; a run takes what is there (`path_of`).
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import children
from ..cache import disk_error
from ..errors import Cancelled, EngineError, InputError, MissingError, SettingError
from .hub_cache import Found, cache_folder, found, take_out, write_record
from .hub_catalogue import BY_NAME, HUB_MODELS, HubModel
from .offline import OFFLINE_REMEDY, fetching_variables, offline_reason

Report = Callable[[str, int, int], bool]
"""Called with the file being fetched, bytes so far and bytes in all, also while nothing comes; True stops it."""

_CHILD = Path(__file__).with_name("hub_child.py")
_TICK_SECONDS = 0.2
_SPARE_BYTES = 200_000_000
_AGAIN = "Look at the network and get it again: what has arrived is kept."


def find(name: str) -> HubModel:
    """The entry of a name.

    Raises:
        SettingError: There is none.
    """
    if name not in BY_NAME:
        raise SettingError(f'there is no model "{name}" to fetch', remedy="There are: " + ", ".join(BY_NAME) + ".")
    return BY_NAME[name]


def states() -> list[Found]:
    """Every model of the catalogue with its state; quick."""
    return [found(model) for model in HUB_MODELS]


def path_of(name: str) -> Path:
    """The folder or file of a model that is there.

    Raises:
        SettingError: There is no such model.
        MissingError: It is not there, or not whole; the remedy is the command that gets it.
    """
    here = found(find(name))
    if here.state != "installed":
        raise not_there(here)
    return here.path


def not_there(here: Found) -> MissingError:
    """What to say about a model that is not installed."""
    model = here.model
    how = "is not there" if here.state == "missing" else f"is not whole (no {shown(here.lacking)})"
    facts = f"about {size_text(model.megabytes)}, {model.licence.identifier}"
    remedy = f"Get it ({facts}): lineboil models get {model.name}."
    return MissingError(f'the model "{model.name}" {how}', where=str(cache_folder()), remedy=remedy)


def size_text(megabytes: float) -> str:
    """A size as a person says it.

    >>> size_text(2140), size_text(98)
    ('2.1 GB', '98 MB')
    """
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"


def shown(names: tuple[str, ...]) -> str:
    """The first of some names of files, and how many more."""
    first = names[0].partition("|")[0]
    return first if len(names) == 1 else f"{first} and {len(names) - 1} more"


def get(name: str, report: Report, *, accept_licence: bool = False, allow_online: bool = True) -> Found:
    """Fetch a model, or what is missing of it; stopped at any moment, it goes on the next time.

    Args:
        name: Of the catalogue.
        report: Told the progress; its True stops it.
        accept_licence: Somebody has read the licence, where it has limits, and accepts it.
        allow_online: Whether anything may be fetched; the environment's variables may forbid it too.

    Raises:
        Cancelled: `report` said so.
        SettingError: There is no such model, or its licence has to be accepted.
        MissingError: No online access, no hub's library, no network, or the hub does not have it or give it.
        InputError: No room, or no permission to write.
    """
    model = find(name)
    here = found(model)
    if here.state == "installed":
        return here
    _look_before(model, accept_licence, allow_online)
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        done = _fetch(model, report)
        write_record(model, {
            "name": model.name, "commit": done["commit"], "files": done["files"], "licence": model.licence.identifier,
            "fetched": time.strftime("%Y-%m-%d %H:%M:%S"),
        })
    except OSError as error:
        raise disk_error(error, Path(error.filename or cache_folder())) from error
    return found(model)


def _look_before(model: HubModel, accept_licence: bool, allow_online: bool) -> None:
    reason = offline_reason() if allow_online else "online access is off"
    if reason:
        raise MissingError(
            f"{model.name} has to be fetched, and {reason}",
            remedy=OFFLINE_REMEDY,
        )
    if model.licence.limits and not accept_licence:
        raise SettingError(
            f"the licence of {model.name}, {model.licence.identifier}, {model.licence.limits} and has to be accepted",
            where=model.licence.url, remedy=f"Read it, then run: lineboil models get {model.name} --accept-licence.",
        )
    if importlib.util.find_spec("huggingface_hub") is None:
        raise MissingError(
            "this environment has no diffusion models' packages", where=sys.prefix,
            remedy="Make it for cpu-torch, cuda, rocm or mps: lineboil environment make --backend cuda; in a checkout: "
            "make env DIFFUSION=cuda.",
        )


def _fetch(model: HubModel, report: Report) -> dict[str, Any]:
    """Run the program that fetches; what it says at its end."""
    command = [sys.executable, "-I", "-X", "utf8", str(_CHILD)]
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=fetching_variables(dict(os.environ)),
        creationflags=subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0,
    )
    with children.held(child):
        try:
            _tell_child(child, json.dumps({
                "repository": model.repository, "revision": model.revision, "files": model.files,
                "cache": str(cache_folder()),
            }))
            return _follow(child, model, report)
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout):
                with contextlib.suppress(OSError):
                    if stream is not None:
                        stream.close()


def _tell_child(child: subprocess.Popen[bytes], line: str) -> None:
    # One that has died already is told by what it did not answer.
    with contextlib.suppress(OSError):
        if child.stdin is not None:
            child.stdin.write(f"{line}\n".encode())
            child.stdin.flush()


def _follow(child: subprocess.Popen[bytes], model: HubModel, report: Report) -> dict[str, Any]:
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_read, args=(child, lines), daemon=True).start()
    progress = (f"asking for {model.name}", 0, model.megabytes * 1_000_000)
    while True:
        if report(*progress):
            raise Cancelled("Stopped; what has arrived is kept")
        try:
            line = lines.get(timeout=_TICK_SECONDS)
        except queue.Empty:
            continue
        if not line:
            raise EngineError(f"the fetching of {model.name} ended without a word", remedy=_AGAIN)
        message: dict[str, Any] = json.loads(line)
        if "plan" in message:
            _check_plan(model, message["plan"])
            _tell_child(child, "go")
        elif "progress" in message:
            what, done, total = message["progress"]
            progress = (f"fetching {what}", int(done), int(total))
        elif "failed" in message:
            raise failure(model, *message["failed"])
        elif "done" in message:
            report(f"fetching {model.name}", progress[2], progress[2])
            return dict(message["done"])


def _read(child: subprocess.Popen[bytes], lines: queue.Queue[bytes]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in child.stdout or ():
            lines.put(line)
    lines.put(b"")


def _check_plan(model: HubModel, plan: dict[str, Any]) -> None:
    """Whether what the hub offers is what is known of it, and whether there is room."""
    for name, sha256 in model.sha256:
        if name in plan["files"] and plan["files"][name]["hash"] != sha256:
            raise failure(model, "changed", name)
    missing, free = int(plan["missing"]), shutil.disk_usage(cache_folder()).free
    if missing + _SPARE_BYTES > free:
        raise InputError(
            f"{model.name} needs {size_text(missing / 1e6)} more, {size_text(free / 1e6)} are free",
            where=str(cache_folder()), remedy="Make room, or let HF_HOME name a folder on another disk.",
        )


def failure(model: HubModel, why: str, detail: str) -> EngineError:
    """Why a model could not be fetched, in words an artist understands."""
    known = {
        "gated": ("its owner gives it only to those who accepted its licence there",
                  f"Sign in on {model.page}, accept it, then run `hf auth login` (or set HF_TOKEN) and get it again."),
        "repository": ("the hub does not have it, or shows it to its owner only",
                       f"Look at {model.page}; any copy of it on this machine can be named by its path instead."),
        "revision": (f"the hub has no revision {model.revision} of it", f"Look at {model.page}."),
        "file": (f"the hub has no {detail.partition('|')[0]} in it", f"Look at {model.page}; it may have moved."),
        "hash": (f"{detail} arrived damaged and was thrown away", "Get it again."),
        "changed": (f"the hub has another {detail} than the one known to this program", f"Look at {model.page}."),
        "network": (f"no connection to the hub ({detail})", _AGAIN),
        "hub": (f"the hub answers with {detail}", "Try again later: what has arrived is kept."),
        "answer": (f"the hub's answer cannot be used: {detail}", "A proxy may stand between; try another network."),
        "space": ("the disk is full", "Make room and get it again: what has arrived is kept."),
        "permission": (f"no permission to write {detail}", "Let HF_HOME name a folder you may write to."),
    }
    what, remedy = known.get(why, (detail, _AGAIN))
    kind = InputError if why in ("space", "permission") else MissingError
    return kind(f'the model "{model.name}" could not be fetched: {what}', where=model.repository, remedy=remedy)


def remove(name: str, *, is_sure: bool = False) -> int:
    """Take a model out of the hub's cache; bytes freed.

    Args:
        name: Of the catalogue.
        is_sure: Also when another program has fetched it.

    Raises:
        MissingError: It is not there.
        SettingError: Another program has fetched it, and nobody says it may go.
        InputError: A file cannot be removed.
    """
    here = found(find(name))
    if not here.commit or here.state == "missing":
        raise MissingError(f'the model "{name}" is not there', where=str(cache_folder()))
    if not here.is_ours and not is_sure:
        raise SettingError(
            f'the model "{name}" was fetched by another program, which may need it', where=str(here.path),
            remedy=f"If it may go: lineboil models remove {name} --sure.",
        )
    others = [found(model) for model in HUB_MODELS if model.repository == here.model.repository and model.name != name]
    kept = [path for other in others if other.state == "installed" for path in other.names()]
    try:
        return take_out(here, kept)
    except OSError as error:
        raise disk_error(error, Path(error.filename or here.path)) from error
