# SPDX-License-Identifier: GPL-3.0-or-later
"""One job of the child process: read it, do it, tell of it as JSON lines, end."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from ..engine.errors import EngineError
from ..engine.messages import Done, Failed, Message, encode

Job = dict[str, Any]


class Channel:
    """The way out: JSON lines on the real standard output, while everything Blender prints goes to stderr."""

    def __init__(self) -> None:
        sys.stdout.flush()
        self._stream = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
        os.dup2(2, 1)

    def send(self, message: Message) -> None:
        """Deliver one message at once."""
        self._stream.write(encode(message) + "\n")
        self._stream.flush()


def main(path: Path) -> None:
    """Do the job in the file `path` and end the process.

    `os._exit` because Blender as a module can hang in its own destructors (seen in 4.5).
    """
    channel = Channel()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    code = 0
    try:
        channel.send(Done(_run(json.loads(path.read_text(encoding="utf-8")), channel)))
    except EngineError as error:
        code = error.exit_code
        channel.send(Failed(error.what, error.where, error.remedy, type(error).__name__, code))
    except Exception as error:  # noqa: BLE001  the edge of the process: nothing may end it without a message
        code = 1
        traceback.print_exc()
        channel.send(Failed(f"Blender could not do this: {error}", error=type(error).__name__))
    sys.stderr.flush()
    os._exit(code)


def _end_with_parent() -> None:
    # The parent holds the other end of stdin for as long as it lives.
    while os.read(0, 4096):
        pass
    os._exit(130)


def _run(job: Job, channel: Channel) -> dict[str, Any]:
    from . import build, render

    if job["command"] == "build":
        return build.run(job, channel)
    return render.run(job, channel)
