# SPDX-License-Identifier: GPL-3.0-or-later
"""What the footage stage found out about the clip: `footage.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from .errors import InputError

FORMAT = 1
FILE_NAME = "footage.json"
_REMEDY = "Run the footage stage again."


@dataclass(frozen=True)
class Footage:
    """The frames of a shot and their timing.

    Attributes:
        source: The clip or folder as `shot.toml` names it.
        width: Of the frames, in pixels, upright and with square pixels.
        height: Of the frames, in pixels.
        count: Number of frames; they count from 1.
        frame_rate: Frames a second: exact where the rate is constant, else the mean.
        times_seconds: When each frame is shown; the first one at 0.
        duration_seconds: From the first frame to the end of the last.
        scenes: (first, last) frame of each scene, both inclusive; cuts lie between them.
        has_alpha: Whether `alpha/` holds the clip's own alpha.
        sound: Name of the sound file in the shot, in sync with the first frame; empty when there is none.
        bits: Of the files in `frames/`, 8 or 16.
        constant_rate: Whether frame n is shown at (n - 1) / frame_rate.
        start_seconds: Time in the clip at which the first frame is shown.
        source_frames: For each frame its number in the clip, from 1.
        source_width: Of the clip's stored pictures, in pixels.
        source_height: Of the clip's stored pictures, in pixels.
        colour: How the clip's colours were read, in words.
    """

    source: str
    width: int
    height: int
    count: int
    frame_rate: Fraction
    times_seconds: tuple[float, ...]
    duration_seconds: float
    scenes: tuple[tuple[int, int], ...]
    has_alpha: bool = False
    sound: str = ""
    bits: int = 8
    constant_rate: bool = True
    start_seconds: float = 0.0
    source_frames: tuple[int, ...] = ()
    source_width: int = 0
    source_height: int = 0
    colour: str = ""

    def scene_of(self, frame: int) -> tuple[int, int]:
        """(first, last) of the scene a frame belongs to."""
        for first, last in self.scenes:
            if first <= frame <= last:
                return first, last
        return 1, self.count


def footage_text(footage: Footage) -> str:
    """Content of `footage.json`."""
    data: dict[str, Any] = {"format": FORMAT, **asdict(footage)}
    data["frame_rate"] = f"{footage.frame_rate.numerator}/{footage.frame_rate.denominator}"
    lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in data.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def load_footage(path: Path) -> Footage:
    """Read `footage.json`.

    Raises:
        InputError: Missing, damaged or from a newer version.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("format") > FORMAT:
            raise InputError("was made by a newer Lineboil", where=str(path), remedy="Update Lineboil to open it.")
        data["frame_rate"] = Fraction(data["frame_rate"])
        data["times_seconds"] = tuple(float(seconds) for seconds in data["times_seconds"])
        data["scenes"] = tuple((int(first), int(last)) for first, last in data["scenes"])
        data["source_frames"] = tuple(int(number) for number in data["source_frames"])
        footage = Footage(**data)
    except OSError as error:
        raise InputError("is missing or cannot be read", where=str(path), remedy=_REMEDY) from error
    except (ValueError, TypeError, KeyError, AttributeError, ZeroDivisionError) as error:
        raise InputError("is damaged", where=str(path), remedy=_REMEDY) from error
    if footage.count < 1 or len(footage.times_seconds) != footage.count or footage.frame_rate <= 0:
        raise InputError("is damaged", where=str(path), remedy=_REMEDY)
    return footage
