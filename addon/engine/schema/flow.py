# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the flow stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..settings import option
from .base import StageSpec

FOLDER = "state/flow"
MOVERS_FOLDER = "state/movers"
SUFFIX = ".npz"


@dataclass(frozen=True)
class FlowSettings:
    """How the motion between neighbouring frames is found."""

    engine: Literal["dis"] = option(
        "dis", "Which motion finder: dis (dense inverse search) needs no weights and runs anywhere."
    )
    quality: Literal["fast", "medium"] = option(
        "medium", "How thoroughly each patch is searched. Medium costs little more and is clearly better at limbs."
    )
    finest_scale: int = option(
        0,
        "Where the search stops: 0 at full size, 1 at half, 2 at a quarter. 0 halves the error on a moving figure.",
        minimum=0,
        maximum=3,
    )
    long_side: int = option(
        1280,
        "Larger footage is reduced to this for the search and the motion is enlarged again: above it the time "
        "grows much faster than the accuracy.",
        minimum=64,
        maximum=8192,
        unit="px",
    )
    movers: bool = option(
        True,
        "Find what moves by itself before the scene: the carrying of keys then moves it apart from the scene, also "
        "where the matte does not know it (a ball, a door, a second person).",
    )


SPEC = StageSpec(
    name="flow",
    version=3,
    settings=FlowSettings,
    inputs=("footage",),
    folders=(FOLDER, MOVERS_FOLDER),
    suffix=SUFFIX,
    doc="Where each pixel goes in the next frame and where it came from, never across a cut; and what moves by itself.",
)
