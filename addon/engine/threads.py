# SPDX-License-Identifier: GPL-3.0-or-later
"""How many threads the libraries under the stages may start."""

from __future__ import annotations

import os

_VARIABLES = ("OPENCV_FOR_THREADS_NUM", "OPENBLAS_NUM_THREADS")


def share_cores() -> None:
    """One thread for two logical cores; to be called before OpenCV and NumPy are loaded.

    The pictures of one frame are small: a thread on every logical core takes a third more processor time and makes
    a stage hardly a tenth faster. What the person set by these variables stays.
    """
    for name in _VARIABLES:
        os.environ.setdefault(name, str(max(1, _usable_cores() // 2)))


def _usable_cores() -> int:
    # A container or the person may have given the process some of the machine's cores only; not every system tells.
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
