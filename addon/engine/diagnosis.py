# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed here, what is missing, and how to get it, in plain words."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from . import blender, own_python
from .errors import EngineError, MissingError
from .job import Job
from .messages import Reporter
from .models import offline, registry
from .shot import Shot, resolve_path

_MINIMUM_PYTHON = (3, 11)
_LOW_DISK_BYTES = 2 << 30

# Import name, distribution, what it is for.
_PACKAGES = (
    ("numpy", "numpy", "arrays"),
    ("cv2", "opencv-python-headless", "pictures, flow"),
    ("av", "av", "video in and out"),
    ("scenedetect", "scenedetect-headless", "shot cuts"),
    ("ai_edge_litert", "ai-edge-litert", "person networks"),
    ("ncnn", "ncnn", "upscaler"),
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes:
        name: What it is.
        is_good: Whether it can be used.
        text: What was found.
        remedy: What to do when it is not good.
        is_needed: Whether the road stops without it.
    """

    name: str
    is_good: bool
    text: str
    remedy: str = ""
    is_needed: bool = True


def findings() -> list[Finding]:
    """Everything the road needs on this machine."""
    return [_python(), _environment(), *(_package(*entry) for entry in _PACKAGES), _models(), _blender()]


def shot_findings(shot: Shot) -> list[Finding]:
    """What one shot needs: its clip, and room on the disk."""
    source: str = shot.settings["footage"].source
    clip = resolve_path(source, shot.root) if source else None
    found = clip is not None and clip.exists()
    free = shutil.disk_usage(shot.root).free
    return [
        Finding("clip", found, str(clip or "none given"), "Set footage.source to where the clip is now."),
        Finding("disk", free > _LOW_DISK_BYTES, f"{free / 2**30:.1f} GB free", "Make room.", is_needed=False),
    ]


def fetch_models(reporter: Reporter, *, allow_online: bool = True) -> None:
    """Get the model files that are missing, with progress.

    Raises:
        MissingError: One is missing, and nothing may be fetched.
    """
    job = Job(reporter, "models")
    if not (allow_online and offline.is_online()) and registry.lacking(registry.models_folder()):
        raise MissingError("the models have to be fetched, and online access is off", remedy=offline.OFFLINE_REMEDY)
    registry.fetch(report=lambda what, done, total: job.step(f"fetching {what}", done, total, "bytes"))


def _python() -> Finding:
    text = f"{platform.python_version()} in {Path(sys.prefix)}"
    return Finding("python", sys.version_info[:2] >= _MINIMUM_PYTHON, text, "Install Python 3.11 or 3.13.")


def _environment() -> Finding:
    """Who made the environment this runs in, and whether that was finished; the packages are looked at one by one."""
    folder = Path(sys.prefix)
    marker = own_python.marker(folder)
    if marker:
        is_whole = bool(marker.get("finished"))
        text = f"made by Lineboil for {marker.get('backend', '?')}" + ("" if is_whole else ", half made")
        return Finding("environment", is_whole, text, own_python.REMEDY_EXTENSION, is_needed=False)
    if (folder / own_python.CHECKOUT_MARKER).is_file():
        return Finding("environment", True, "the checkout's own")
    return Finding("environment", True, "an environment of yours, not made by Lineboil")


def _package(module: str, distribution: str, purpose: str) -> Finding:
    if importlib.util.find_spec(module) is None:
        return Finding(distribution, False, f"not installed ({purpose})", own_python.remedy())
    try:
        version = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        version = "of unknown version"
    return Finding(distribution, True, f"{version} ({purpose})")


def _models() -> Finding:
    every = registry.installed()
    lacking = [entry for entry in every if entry.state != "installed"]
    if not lacking:
        return Finding("models", True, f"{len(every)} files in {registry.models_folder()}")
    names = ", ".join(f"{entry.model.file_name} ({entry.state})" for entry in lacking[:3])
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    return Finding("models", False, names + more, registry.REMEDY)


def _blender() -> Finding:
    try:
        found = blender.find_blender()
    except EngineError as error:
        return Finding("blender", False, error.what, error.remedy, is_needed=False)
    return Finding("blender", True, str(found), is_needed=False)
