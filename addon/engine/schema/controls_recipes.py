# SPDX-License-Identifier: GPL-3.0-or-later
"""What each picture of the controls stage is made from: a painted matte makes only those anew that look at it."""

from __future__ import annotations

from typing import Any

from ..frames import frame_name
from ..key_list import key_frames
from ..models.hub_catalogue import BY_NAME
from .base import Recipe, Situation
from .diffuse_model import KINDS

FOLDER = "controls"
LANDMARKS = "pose/landmarks.npz"

_SETTINGS = {
    "lineart": ("lineart_engine", "line_weight"),
    "softedge": ("softedge_engine",),
    "canny": ("canny_low", "canny_high"),
    "openpose": ("openpose_engine", "hands", "face"),
    "mlsd": ("shortest_line",),
    "segmentation": ("segmentation_engine",),
}
_NETWORKS = {
    ("lineart", "drawings"): ("lines",),
    ("softedge", "dexined"): ("edges",),
    ("openpose", "vitpose"): ("people", "body"),
    ("segmentation", "upernet"): ("segments",),
}
_VERSIONS = {"mlsd": 3}


def wanted_kinds(settings: Any) -> tuple[str, ...]:
    """Kinds of control that are made, in the order of `KINDS`."""
    return tuple(kind for kind in KINDS if getattr(settings, kind))


def networks_of(kind: str, settings: Any) -> tuple[str, ...]:
    """The catalogue's names of the networks that a kind asks."""
    return _NETWORKS.get((kind, getattr(settings, f"{kind}_engine", "")), ())


def network_names(settings: Any) -> tuple[str, ...]:
    """The catalogue's names of all networks that are asked."""
    return tuple(name for kind in wanted_kinds(settings) for name in networks_of(kind, settings))


def identity_of(names: tuple[str, ...]) -> dict[str, str]:
    """Networks with where they come from and in which version."""
    return {name: f"{BY_NAME[name].repository} {BY_NAME[name].revision}" for name in names}


def recipes(situation: Situation) -> dict[str, Recipe]:
    """By file what it is made from, for every key: those that are switched off too, and the strip of each key last."""
    settings = situation.settings["controls"]
    wanted = wanted_kinds(settings)
    found: dict[str, Recipe] = {}
    for frame in key_frames(situation.root):
        name = frame_name(frame)
        for kind in KINDS:
            found[f"{FOLDER}/{kind}/{name}"] = Recipe(
                settings=_SETTINGS.get(kind, ()),
                files=_sources(kind, frame, situation),
                identity=tuple(identity_of(networks_of(kind, settings)).items()),
                version=_VERSIONS.get(kind, 2),
                is_wanted=kind in wanted,
            )
        found[f"{FOLDER}/{name}"] = Recipe(
            settings=KINDS, outputs=tuple(f"{FOLDER}/{kind}/{name}" for kind in wanted), is_wanted=bool(wanted)
        )
    return found


def _sources(kind: str, frame: int, situation: Situation) -> tuple[str, ...]:
    name, settings = frame_name(frame), situation.settings["controls"]
    picture, depth = f"{_picture_folder(situation)}/{name}", f"depth/{name}"
    matte = (f"matte/{name}",) if situation.is_enabled("matte") else ()
    landmarks = (LANDMARKS,) if situation.is_enabled("pose") else ()
    if kind == "depth":
        return (depth,)
    if kind == "openpose":
        return (*landmarks, *((picture,) if settings.openpose_engine == "vitpose" else ()))
    if kind == "segmentation" and settings.segmentation_engine == "layout":
        return (picture, *matte, *landmarks)
    if kind == "mlsd":
        return (picture, *matte)
    return (picture,)


def _picture_folder(situation: Situation) -> str:
    """As `StageContext.picture` finds it: the matte stage may take a screen's colour off the character."""
    usual = "frames"
    return str(situation.facts("matte").get("picture", usual)) if situation.is_enabled("matte") else usual
