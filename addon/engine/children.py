# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes this one has started and must not leave behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Generator

_living: set[subprocess.Popen[bytes]] = set()


@contextlib.contextmanager
def held(child: subprocess.Popen[bytes]) -> Generator[None, None, None]:
    """While the block lasts, `end_all` ends this child too."""
    _living.add(child)
    try:
        yield
    finally:
        _living.discard(child)


def end_all() -> None:
    """Kill every held child at once; for a process that is about to end without order."""
    for child in list(_living):
        with contextlib.suppress(OSError):
            end(child)


def end(child: subprocess.Popen[bytes]) -> None:
    """Kill a child and, where it leads a session of its own, what it started."""
    if sys.platform != "win32" and child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(child.pid) == child.pid:
                os.killpg(child.pid, signal.SIGKILL)
    child.kill()
