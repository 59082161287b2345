# SPDX-License-Identifier: GPL-3.0-or-later
"""A command line that Blender started ends, in order, when that Blender is gone, however it went."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any

VARIABLE = "LINEBOIL_PARENT"
"""Process number of the Blender that waits for this program."""

_LOOK_SECONDS = 1.0
_SYNCHRONIZE = 0x00100000
_FOREVER = 0xFFFFFFFF


def end_with_parent() -> None:
    """From now on this process is asked to stop when the one named by LINEBOIL_PARENT has ended.

    The variable is taken out: what this process starts has a parent of its own.
    """
    text = os.environ.pop(VARIABLE, "")
    if not text.isdigit():
        return
    threading.Thread(target=_stop_after, args=(int(text),), name="parent", daemon=True).start()


def _stop_after(parent: int) -> None:
    if sys.platform == "win32":
        _wait_windows(parent)
        signal.raise_signal(signal.SIGINT)
    else:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        # To the process, not to this thread: a call the main thread waits in has to end.
        os.kill(os.getpid(), signal.SIGTERM)


def _wait_windows(parent: int) -> None:
    import ctypes

    # By name, because only Windows has it.
    kernel: Any = vars(ctypes)["windll"].kernel32
    handle = kernel.OpenProcess(_SYNCHRONIZE, False, parent)
    if handle:
        kernel.WaitForSingleObject(handle, _FOREVER)
        kernel.CloseHandle(handle)
