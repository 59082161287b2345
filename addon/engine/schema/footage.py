# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the footage stage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import InputError
from ..settings import option
from .base import StageSpec


@dataclass(frozen=True)
class FootageSettings:
    """Which clip, which part of it, and how its frames are read."""

    source: str = option(
        "",
        "The clip, or a folder of numbered pictures; relative to this file. It is only read.",
        # The clip's content counts, by `files`; where it lies does not.
        affects=False,
    )
    long_side: int = option(
        960,
        "The longer side of the working frames. Smaller footage is never enlarged; 0 keeps the clip's size. "
        "960 keeps every stage quick, the upscale stage enlarges at the end.",
        minimum=0,
        maximum=8192,
        multiple_of=8,
        unit="px",
    )
    multiple: int = option(
        8,
        "Both sides are cropped, evenly left and right, above and below, to a multiple of this: the networks and "
        "codecs of later stages want 8. 1 crops nothing.",
        minimum=1,
        maximum=64,
        unit="px",
    )
    start_seconds: float = option(0.0, "Where the shot begins in the clip.", minimum=0.0, unit="s")
    end_seconds: float = option(0.0, "Where the shot ends in the clip; 0 is its end.", minimum=0.0, unit="s")
    start_frame: int = option(
        0, "First frame of the clip to use, counted from 1, instead of start_seconds; 0 is not given.", minimum=0
    )
    end_frame: int = option(0, "Last frame of the clip to use, instead of end_seconds; 0 is not given.", minimum=0)
    timing: Literal["keep", "constant"] = option(
        "keep",
        "keep takes every frame with its own time, also where phones vary the rate; "
        "constant repeats or leaves out frames to get an even rate.",
    )
    frame_rate: float = option(
        0.0,
        "Frames a second for constant timing and for folders of pictures; 0 takes the clip's usual rate, "
        "24 for a folder.",
        minimum=0.0,
        maximum=1000.0,
    )
    bits: Literal["auto", "8", "16"] = option(
        "auto", "Depth of the working frames: auto makes 16 bits of footage with more than 8."
    )
    alpha: Literal["auto", "premultiplied", "off"] = option(
        "auto",
        "auto keeps the clip's own transparency, taken as straight; premultiplied divides the colours by it first; "
        "off leaves it out.",
    )
    matrix: Literal["auto", "bt601", "bt709", "bt2020"] = option(
        "auto", "How colours are coded: auto goes by the clip's tags, and by its size where it has none."
    )
    levels: Literal["auto", "limited", "full"] = option(
        "auto", "Whether black is code 16 (limited) or 0 (full): auto goes by the clip's tags."
    )
    transfer: Literal["auto", "sdr", "hlg", "pq"] = option(
        "auto", "Brightness curve of the clip: auto goes by its tags; hlg and pq are tone-mapped to SDR."
    )
    hdr_peak: float = option(
        0.0,
        "Brightest light of an HDR clip, which becomes white; 0 takes it from the clip, else 1000.",
        minimum=0.0,
        maximum=10000.0,
        unit="nits",
    )
    deinterlace: Literal["auto", "on", "off"] = option(
        "auto", "Make whole frames of half-line ones: auto does so where the clip says it is interlaced."
    )
    size_change: Literal["error", "scale"] = option(
        "error", "When the picture size changes inside the clip: stop, or scale the rest to the first size."
    )
    gaps: Literal["hold", "close", "error"] = option(
        "hold", "Missing numbers in a folder of pictures: hold the picture before, close the gap, or stop."
    )
    sound: bool = option(True, "Keep the clip's sound.")
    find_cuts: bool = option(True, "Look for cuts; nothing is carried from one side of a cut to the other.")
    cut_threshold: float = option(
        4.0,
        "How many times more than its surroundings a frame must change to be a cut. Lower finds more.",
        minimum=1.5,
        maximum=20.0,
    )
    cut_minimum_change: float = option(
        18.0, "A smaller change than this (of 255) is never a cut.", minimum=1.0, maximum=255.0
    )
    minimum_scene: int = option(8, "No found scene is shorter than this.", minimum=1, maximum=1000, unit="frames")
    cuts: tuple[int, ...] = option(
        (), "Frames of the shot that begin a new scene, besides the ones found, like [48, 120].", minimum=2
    )
    no_cuts: tuple[int, ...] = option((), "Found cuts to ignore: the frames that would begin a scene.", minimum=2)


def source_path(settings: FootageSettings, shot_root: Path) -> Path:
    """The clip or folder.

    Raises:
        InputError: None is given, or nothing is there.
    """
    if not settings.source:
        raise InputError("the shot has no footage", where=str(shot_root), remedy="Set footage.source to a clip.")
    path = Path(settings.source).expanduser()
    path = path if path.is_absolute() else (shot_root / path).resolve()
    if not path.exists():
        raise InputError(
            "there is no such file or folder", where=str(path), remedy="Set footage.source to where the clip is now."
        )
    return path


def _files(settings: FootageSettings, shot_root: Path) -> list[Path]:
    # A shot must not lose its frames because the clip's disk is not there: raising comes before clearing.
    return [source_path(settings, shot_root)]


SPEC = StageSpec(
    name="footage",
    version=1,
    settings=FootageSettings,
    inputs=(),
    folders=("frames",),
    doc="The clip: its frames upright, in plain colours and with exact times, its sound, its cuts.",
    files=_files,
    extra_outputs=("footage.json", "sound.flac", "alpha"),
)
