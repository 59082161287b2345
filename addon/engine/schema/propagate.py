# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the propagate stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import InputError
from ..footage import FILE_NAME as FOOTAGE_FILE
from ..footage import load_footage
from ..frames import frame_name
from ..key_list import FILE_NAME, key_frames
from ..settings import option
from ..spans import runs_between
from . import upscale_keys
from .base import StageSpec
from .diffuse import FOLDER as KEYS_FOLDER
from .upscale_keys import FOLDER as LARGE_KEYS_FOLDER

FOLDER = "propagated"


@dataclass(frozen=True)
class PropagateSettings:
    """How the redrawn keys are carried to the frames between them."""

    method: Literal["layers", "linear"] = option(
        "layers",
        "layers carries the character and the background each on its own; linear is the plain crossfade along the "
        "motion that other programs do, to compare.",
    )
    plane: bool = option(
        True,
        "Where the background moves like one flat picture, hold it to the key directly: it does not swim then.",
    )
    refine: bool = option(
        True, "Compare each frame with its keys' footage and correct the drift of the motion. Costs half of the time."
    )
    recolour: bool = option(
        True,
        "Learn from the keys what becomes of the footage's colours and edges, and follow the footage where that "
        "explains the paint: light that changes, eyes that blink, a mouth that opens.",
    )
    trust: float = option(
        1.0,
        "How strongly a key counts less where its footage looks unlike the frame's; 0 goes by time alone.",
        minimum=0.0,
        maximum=10.0,
    )
    engine: Literal["auto", "cpu", "torch"] = option(
        "auto",
        "What mixes the frames: the processor (cpu), or PyTorch on a graphics card (torch). auto takes the card where "
        "PyTorch and a card are there. The motion is followed by the processor in any case.",
    )
    lookup: Literal["linear", "cubic", "lanczos"] = option(
        "lanczos", "How colours between pixels of a key are made, once for each frame: lanczos keeps lines crispest."
    )


def files(settings: PropagateSettings, shot_root: Path) -> list[Path]:
    """The list of keys, which the artist edits."""
    return [shot_root / FILE_NAME]


def paint_folder(settings: Mapping[str, Any]) -> str:
    """Folder of the keys that are carried: enlarged first, or as they were redrawn.

    Args:
        settings: Of all stages.
    """
    return LARGE_KEYS_FOLDER if upscale_keys.SPEC.enabled(settings["upscale_keys"]) else KEYS_FOLDER


def spans(settings: Mapping[str, Any], shot_root: Path) -> dict[str, tuple[str, ...]]:
    """Runs of frames with the painted keys they are made from; none before footage and keys are known."""
    try:
        scenes, keys = load_footage(shot_root / FOOTAGE_FILE).scenes, key_frames(shot_root)
    except InputError:
        return {}
    return {
        run: tuple(f"{paint_folder(settings)}/{frame_name(key)}" for key in made_from)
        for run, made_from in runs_between(scenes, keys).items()
    }


SPEC = StageSpec(
    name="propagate",
    version=5,
    settings=PropagateSettings,
    inputs=("footage", "flow", "matte", "keys", "diffuse", "upscale_keys"),
    folders=(FOLDER,),
    doc="The redrawn keys carried to every frame along the motion of the footage.",
    picture=FOLDER,
    files=files,
    requires=("diffuse",),
    spans=spans,
    span_inputs=("keys", "diffuse", "upscale_keys", FILE_NAME),
    frame_local=True,
)
