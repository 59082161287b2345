# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that fetches from the hub (`hub_child.py`): started, followed, stopped, and its refusals in words."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import children
from ..errors import Cancelled, EngineError, InputError, MissingError
from .hub_cache import cache_folder
from .hub_catalogue import HubModel
from .offline import fetching_variables

Report = Callable[[str, int, int], bool]
"""Called with the file being fetched, bytes so far and bytes in all, also while nothing comes; True stops it."""

_CHILD = Path(__file__).with_name("hub_child.py")
_TICK_SECONDS = 0.2
_SPARE_BYTES = 200_000_000
_AGAIN = "Look at the network and get it again: what has arrived is kept."


def fetch(model: HubModel, report: Report) -> dict[str, Any]:
    """Have a model's files in the cache; the commit, and bytes and hash of each file.

    Raises:
        Cancelled: `report` said so.
        MissingError: No network, or the hub does not have it or give it.
        InputError: No room, or no permission to write.
    """
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
            f"{model.name} needs {missing / 1e6:.0f} MB more, {free / 1e6:.0f} MB are free",
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
