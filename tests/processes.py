"""Looking at processes of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

PATIENCE_SECONDS = 30.0
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes through /proc")


def is_running(process: int) -> bool:
    """Whether a process runs; one that is dead and waits for its parent does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def until(is_reached: Callable[[], object], what: Callable[[], object] = lambda: "") -> None:
    """Wait for something; tells `what` when it never comes."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_reached():
        assert time.monotonic() < end, f"never came: {what()}"
        time.sleep(0.002)
