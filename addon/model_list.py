# SPDX-License-Identifier: GPL-3.0-or-later
"""The models that a diffusion model can be made of, as Blender shows and chooses them.

Panels draw many times a second: what lies on the disk is looked at anew after a few seconds only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .engine.errors import EngineError
from .engine.models import artist_folders, artist_places, hub
from .engine.models.hub_cache import Found
from .engine.models.hub_catalogue import BY_NAME
from .engine.models.locate import weighed

_KNOWN_SECONDS, _OWN_SECONDS = 3.0, 60.0
_USUAL = "sd15"
_CONTROL_KINDS = ("controlnet", "controlnet_union")


@dataclass(frozen=True)
class Choice:
    """A model that a setting can take.

    Attributes:
        name: What the setting is given.
        label: What the artist reads.
        is_here: Whether it is on the disk.
        about: What it is for, or where it lies.
    """

    name: str
    label: str
    is_here: bool
    about: str


class _Kept:
    """What was found, for some seconds."""

    def __init__(self, seconds: float, look: Callable[[], list[Any]]) -> None:
        self._seconds, self._look = seconds, look
        self._found: list[Any] = []
        self._until = 0.0

    def __call__(self) -> list[Any]:
        now = time.monotonic()
        if now >= self._until:
            try:
                self._found = self._look()
            except (EngineError, OSError):
                # A folder that cannot be read is told by the verb `models own`; a panel shows what it has.
                self._found = []
            self._until = time.monotonic() + self._seconds
        return self._found

    def forget(self) -> None:
        self._until = 0.0


_known = _Kept(_KNOWN_SECONDS, hub.states)
_own = _Kept(_OWN_SECONDS, artist_folders.files)


def forget() -> None:
    """Look at the disk again: something was fetched, removed, or a folder added."""
    _known.forget()
    _own.forget()


def family_of(settings: Any) -> str:
    """The family that the settings of `diffuse` mean; sd15 while a file of the artist's was not looked at."""
    if settings.family != "auto":
        return str(settings.family)
    name = settings.model.strip()
    if name in BY_NAME:
        return BY_NAME[name].family
    return next((item.family for item in _own() if name and _is_called(item.path, name)), "") or _USUAL


def catalogue(family: str) -> list[Found]:
    """Models known by name that go with a family, the checkpoint first."""
    return [item for item in _known() if item.model.family in ("", family)]


def lacking(settings: Any, controls: Any) -> list[Found]:
    """What the settings take and is not there: the usual checkpoint, and ControlNets of the controls in use.

    Args:
        settings: Of `diffuse`.
        controls: Settings of `controls`.
    """
    family, name = family_of(settings), settings.model.strip()
    missing = [item for item in catalogue(family) if item.state != "installed"]
    own = {part.partition("=")[0].strip() for part in settings.controlnets.split(",") if "=" in part}
    wanted = []
    for item in missing:
        model = item.model
        is_checkpoint = model.kind == "checkpoint" and model.name == (name or family)
        is_union = model.kind == "controlnet_union" and "all" not in own
        is_control = model.kind == "controlnet" and getattr(controls, model.control, False) and not own & {
            "all", model.control
        }
        if is_checkpoint or is_union or is_control:
            wanted.append(item)
    return wanted


def choices(kind: str, family: str) -> list[Choice]:
    """What a setting can take, the artist's own files first.

    Args:
        kind: checkpoint, lora or vae.
        family: Of LoRAs and VAEs; checkpoints of every family are offered.
    """
    fits = {"", family} if kind != "checkpoint" else {"sd15", "sdxl", "zimage"}
    own = [
        Choice(str(item.path), item.path.stem, True, str(item.path))
        for item in _own()
        if item.kind == kind and item.family in fits and not item.problem
    ]
    known = [
        Choice(item.model.name, item.model.name, item.state == "installed", item.model.doc)
        for item in _known()
        if item.model.kind == kind and item.model.family in fits
    ]
    return own + known


def folders() -> list[Path]:
    """Where the artist's own models are looked for."""
    return artist_places.folders()


def add_folder(folder: Path) -> int:
    """Look there too; returns how many models it holds.

    Raises:
        InputError: It is no folder.
    """
    artist_places.add(folder)
    forget()
    return sum(not item.problem and item.path.is_relative_to(folder) for item in _own())


def loras(text: str) -> list[tuple[str, float]]:
    """Names and weights of a list of LoRAs, as `diffuse.loras` holds them."""
    return weighed(text)


def loras_text(items: list[tuple[str, float]]) -> str:
    """The list as a setting."""
    return ", ".join(f"{name}:{weight:g}" for name, weight in items)


def short(name: str) -> str:
    """A model as a line of a panel shows it."""
    return Path(name).stem if "/" in name or "\\" in name else name


def _is_called(path: Path, name: str) -> bool:
    return name in (str(path), path.name, path.stem)
