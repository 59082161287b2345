# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the flow stage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import InputError
from ..settings import option
from .base import StageSpec

FOLDER = "state/flow"
MOVERS_FOLDER = "state/movers"
REGIONS_FOLDER = "state/regions"
SUFFIX = ".npz"


@dataclass(frozen=True)
class FlowSettings:
    """How the motion between neighbouring frames is found."""

    engine: Literal["dis", "given"] = option(
        "dis",
        "Where the motion comes from. dis: dense inverse search, needs no weights and runs anywhere. given: your own "
        "exact motion, one file a frame, as a renderer knows it.",
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
    folder: str = option(
        "motion",
        "given: where your motion is, relative to the shot, one file a frame, named by it: OpenEXR renders of Blender "
        "with the Vector pass (0012.exr), or NumPy archives (0012.npz) with the arrays to_next and to_previous, each "
        "(height, width, 2): how many pixels right and down a pixel moves to the next and to the previous frame.",
    )
    first_number: int = option(
        1, "given: the number of the file that belongs to the shot's first frame.", minimum=0
    )
    movers: bool = option(
        True,
        "Find what moves by itself before the scene: the carrying of keys then moves it apart from the scene, also "
        "where the matte does not know it (a ball, a door, a second person). Flat parts of it are found as well.",
    )


def files(settings: FlowSettings, shot_root: Path) -> list[Path]:
    """The folder of given motion.

    Raises:
        InputError: It is not there: what was made from it stays, as with a clip.
    """
    if settings.engine != "given":
        return []
    path = Path(settings.folder).expanduser()
    folder = path if path.is_absolute() else shot_root / path
    if not folder.is_dir():
        raise InputError(
            "there is no such folder of motion",
            where=str(folder),
            remedy="Look at the path; flow.engine=dis finds the motion instead.",
        )
    return [folder]


SPEC = StageSpec(
    name="flow",
    version=4,
    settings=FlowSettings,
    inputs=("footage",),
    folders=(FOLDER, MOVERS_FOLDER, REGIONS_FOLDER),
    suffix=SUFFIX,
    files=files,
    doc="Where each pixel goes in the next frame and where it came from, never across a cut; what moves by itself, and "
    "what of the scene is flat.",
)
