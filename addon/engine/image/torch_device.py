# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether PyTorch is there and what it can run on. It is imported here and in the other `torch_*` files, nowhere else.

PyTorch comes with the larger environments only, and takes seconds to load: nothing is imported before it is asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_DRIVERS_ON_LINUX = ("/dev/nvidiactl", "/dev/nvhost-ctrl", "/dev/nvmap", "/dev/kfd", "/dev/dxg")
"""NVIDIA, its small boards, AMD, and either through Windows."""


@dataclass(frozen=True)
class Device:
    """What PyTorch runs on.

    Attributes:
        kind: As PyTorch calls it: cuda (NVIDIA, and AMD by ROCm), mps (Apple) or cpu.
        name: As its maker calls it.
    """

    kind: str
    name: str


def is_installed() -> bool:
    """Whether PyTorch can be imported; it is not imported for this."""
    return importlib.util.find_spec("torch") is not None


def graphics_card() -> Device | None:
    """The card that PyTorch can use; None without one or without a PyTorch that loads."""
    if not _may_have_card() or not is_installed():
        return None
    try:
        torch: Any = importlib.import_module("torch")
    except (ImportError, OSError):
        # A build whose driver libraries are not there fails with either.
        return None
    if torch.cuda.is_available():
        return Device("cuda", str(torch.cuda.get_device_name(0)))
    if torch.backends.mps.is_available():
        return Device("mps", "Apple GPU")
    return None


def _may_have_card() -> bool:
    """Whether a card's driver is there: PyTorch takes seconds to load, in vain without one."""
    if sys.platform == "darwin":
        return True
    if sys.platform == "win32":
        system = Path(os.environ.get("SYSTEMROOT", "C:/Windows")) / "System32"
        return any(next(system.glob(name), None) for name in ("nvcuda.dll", "amdhip64*.dll"))
    return any(Path(place).exists() for place in _DRIVERS_ON_LINUX)


def best_device() -> Device:
    """The card, or the processor where there is none."""
    return graphics_card() or Device("cpu", "processor")
