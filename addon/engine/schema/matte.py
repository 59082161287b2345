# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings and descriptor of the matte stage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..frames import list_frames
from ..models.registry import identity as model_identity
from ..settings import option
from .base import StageSpec

EngineName = Literal["auto", "person", "chroma", "plate", "motion", "alpha", "given", "off"]


@dataclass(frozen=True)
class MatteSettings:
    """How the character is cut out of the footage."""

    engine: EngineName = option(
        "auto",
        "person: people, found by small networks. chroma: green or blue screen. plate: difference to a picture of the "
        "empty set. motion: whatever moves against the background. alpha: the clip's own alpha. given: your own "
        "pictures, one a frame. off: no cut-out, the whole picture is the character. auto looks at the clip, picks "
        "one and says why.",
    )
    box: tuple[str, ...] = option(
        (),
        'Where to look, in pixels of the frames: "x,y,w,h@frame", moved evenly between the frames given and held '
        "outside them. Two boxes at one frame are two people (or things), in the same order at every frame. A box of "
        'size 0 ("0,0,0,0@80") says that it is out of the picture from there on. Outside the boxes the matte is empty. '
        "Empty by default: person takes the boxes of the people found.",
    )
    key_colour: str = option(
        "", 'chroma: the screen\'s colour as "#00b140" or "r,g,b" (0-255). Empty takes it from the picture\'s border.'
    )
    tolerance: float = option(
        1.0,
        "chroma and plate: how far a colour may be from the screen or plate and still count as background. 1 is as "
        "measured on the clip; more cuts away more.",
        minimum=0.1,
        maximum=5.0,
    )
    softness: float = option(
        1.0,
        "chroma and plate: width of the step from background to character. Less is crisper, more keeps hair and blur.",
        minimum=0.0,
        maximum=5.0,
    )
    despill: float = option(
        1.0,
        "chroma: how much of the screen's colour is taken out of the character's edges and shine; 0 leaves it in.",
        minimum=0.0,
        maximum=1.0,
    )
    plate: str = option(
        "auto",
        "plate: a picture of the empty set, relative to the shot. auto makes one from the shot where the camera is "
        "locked: what is seen at each place most of the time.",
    )
    shadow_tolerance: float = option(
        0.5,
        "plate: how much darker than the plate a place of the same hue may be and still count as its shadow, "
        "as a share of its brightness. 0 keeps shadows in the matte.",
        minimum=0.0,
        maximum=0.9,
    )
    strokes: str = option(
        "strokes",
        "motion: folder in the shot with painted PNGs of the frames' size, named like the frame (000012.png). White or "
        "green is character, black or red is background, anything transparent or of another colour says nothing. They "
        "are carried to the other frames along the motion.",
    )
    folder: str = option(
        "mattes",
        "given: where your mattes are, relative to the shot: grey pictures, white where the character is, each named "
        "by its frame, like 000012.png.",
    )
    first_number: int = option(
        1, "given: the number of the picture that belongs to the shot's first frame.", minimum=0
    )
    refine: bool = option(
        True, "person, plate and motion: bring the edge to full resolution with the picture's own edges."
    )
    cut: bool = option(
        True, "Let GrabCut take part in refining the edge: closer to the picture's edges, about twice the time."
    )
    steadiness: Literal["off", "light", "normal", "strong"] = option(
        "normal",
        "person, plate and motion: how far the matte is calmed along the motion. normal is a median of 5 frames and a "
        "weighted mean of 3; strong is calmer than real edges are; light is the mean alone.",
    )
    shift: float = option(
        0.0, "Move the edge outwards (more than 0) or inwards (less than 0).", minimum=-50.0, maximum=50.0, unit="px"
    )
    feather: float = option(0.0, "Blur the edge by this radius.", minimum=0.0, maximum=50.0, unit="px")


def identity(settings: MatteSettings) -> dict[str, str]:
    """Hashes of the weights that may be used."""
    if settings.engine in ("auto", "person"):
        return model_identity(("selfie_segmentation", "selfie_segmentation_landscape"))
    return {}


def given_folder(settings: MatteSettings, shot_root: Path) -> Path:
    """Where the artist's own mattes are."""
    path = Path(settings.folder).expanduser()
    return path if path.is_absolute() else shot_root / path


def files(settings: MatteSettings, shot_root: Path) -> list[Path]:
    """The clean plate, the painted strokes and the given mattes."""
    if settings.engine == "given":
        return [given_folder(settings, shot_root)]
    found: list[Path] = []
    if settings.engine in ("auto", "plate") and settings.plate != "auto":
        found.append(shot_root / settings.plate)
    if settings.engine in ("auto", "motion"):
        folder = shot_root / settings.strokes
        found.extend(folder / f"{frame:06d}.png" for frame in list_frames(folder))
    return found


SPEC = StageSpec(
    name="matte",
    version=2,
    settings=MatteSettings,
    inputs=("footage", "flow", "pose"),
    folders=("matte",),
    doc="Who is the character: the footage's coverage, white where the character is.",
    identity=identity,
    files=files,
    extra_outputs=("despilled",),
)
