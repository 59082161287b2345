# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the controls stage: what holds a diffusion model to the footage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..key_list import key_frames
from ..settings import option
from .base import StageSpec
from .controls_recipes import FOLDER, identity_of, network_names, recipes, wanted_kinds
from .diffuse_model import KINDS


@dataclass(frozen=True)
class ControlsSettings:
    """Which pictures are made of every key, for ControlNets to hold the drawing to."""

    lineart: bool = option(True, "The lines of the footage, as if drawn: holds shapes and faces.")
    softedge: bool = option(False, "Soft edges: holds shapes more loosely than lines.")
    canny: bool = option(False, "Thin hard edges: holds every detail, texture too.")
    depth: bool = option(True, "How near things are, from the depth stage: holds the space.")
    openpose: bool = option(
        True, "The skeletons of people with hands and faces, from the pose stage: holds the acting."
    )
    mlsd: bool = option(
        False, "Straight lines only, none of the character's: holds rooms and buildings, and leaves people free."
    )
    segmentation: bool = option(
        False,
        "What is where, in the colours of ADE20K. Without a network only what is sure is told, the rest stays black; "
        "paint the file over to tell more.",
    )
    lineart_engine: Literal["filter", "drawings"] = option(
        "filter",
        "lineart: filter draws contours of light and colour. drawings asks the network of Informative Drawings, which "
        "the lineart ControlNets were trained behind (`lineboil models get lines`).",
    )
    softedge_engine: Literal["filter", "dexined"] = option(
        "filter",
        "softedge: filter draws what stands out at two widths. dexined asks a network for edges (`lineboil models get "
        "edges`).",
    )
    line_weight: float = option(1.0, "lineart: thickness of the lines, by the filter.", minimum=0.3, maximum=4.0)
    canny_low: int = option(100, "canny: gradient that still goes on an edge.", minimum=1, maximum=500)
    canny_high: int = option(200, "canny: gradient that begins an edge.", minimum=1, maximum=500)
    shortest_line: float = option(
        0.03, "mlsd: shortest line that is kept, as a share of the picture's diagonal.", minimum=0.005, maximum=0.5
    )
    hands: bool = option(True, "openpose: draw hands.")
    face: bool = option(True, "openpose: draw faces.")
    openpose_engine: Literal["landmarks", "vitpose"] = option(
        "landmarks",
        "openpose: landmarks draws what the pose stage followed. vitpose finds the bodies of each key anew by larger "
        "networks (`lineboil models get people body`), hands and faces stay the pose stage's.",
    )
    segmentation_engine: Literal["layout", "upernet"] = option(
        "layout",
        "segmentation: layout tells the person by the matte, the floor where feet stand on it, plain walls and clear "
        "sky; what is not sure stays black. upernet names 150 kinds of things by a network (`lineboil models get "
        "segments`).",
    )


def _identity(settings: ControlsSettings) -> dict[str, str]:
    return identity_of(network_names(settings))


def _is_asked_for(settings: Mapping[str, Any]) -> bool:
    """Only a diffusion model reads controls."""
    return settings["diffuse"].engine == "diffusion"


SPEC = StageSpec(
    name="controls",
    version=2,
    settings=ControlsSettings,
    inputs=("footage", "pose", "matte", "depth", "keys"),
    folders=(FOLDER,),
    extra_outputs=tuple(f"{FOLDER}/{kind}" for kind in KINDS),
    doc="Lines, depth and skeletons of the keys, which hold a diffusion model to the footage.",
    identity=_identity,
    frames=key_frames,
    enabled=lambda settings: bool(wanted_kinds(settings)),
    shot_enabled=_is_asked_for,
    recipes=recipes,
    span_inputs=("pose", "matte", "depth", "keys"),
)
