# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames of the clip become the frames of the shot, when they are shown and how large they are.

The plan is made once, after a look through the clip, and kept: a run that goes on uses the same one.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from ..cache import write_json
from ..errors import InputError
from ..image.clip import Start
from ..image.orientation import Orientation
from ..image.yuv import Coding
from ..schema.footage import FootageSettings

_COMMON_RATES = [Fraction(n) for n in (10, 12, 15, 24, 25, 30, 48, 50, 60, 100, 120, 240)] + [
    Fraction(1000 * n, 1001) for n in (24, 30, 48, 60, 120, 240)
]


@dataclass(frozen=True)
class Timing:
    """When the frames of the clip, or of the shot, are shown.

    Attributes:
        picks: Number in the clip of each frame, from 1.
        times_seconds: The first one at 0.
        duration_seconds: To the end of the last frame.
        frame_rate: Exact where the rate is constant, else the mean.
        constant: Whether frame n is shown at (n - 1) / frame_rate.
        start_seconds: Time of the first frame since the clip's first one.
    """

    picks: tuple[int, ...]
    times_seconds: tuple[float, ...]
    duration_seconds: float
    frame_rate: Fraction
    constant: bool
    start_seconds: float


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the first frame is written.

    Attributes:
        timing: Frames and times.
        clock_seconds: Time of the first frame on the file's own clock, which its sound shares.
        scaled: Width and height of the upright frames after scaling, in pixels.
        size: The same after cropping to the multiple asked for.
        stored: Width and height of the clip's pictures as stored.
        orientation: How they are made upright.
        coding: Of their colours; None for a folder of pictures.
        colour: That in words.
        bits: Of the files to write.
        has_alpha: Whether alpha is written.
        peak_nits: Brightest light of an HDR clip.
        deinterlace: Whether half-line frames are made whole.
        steady: Decode on one thread, because the clip is damaged.
        start: Where decoding begins.
        told: Notes and warnings that go with the clip.
    """

    timing: Timing
    clock_seconds: float
    scaled: tuple[int, int]
    size: tuple[int, int]
    stored: tuple[int, int]
    orientation: Orientation
    coding: Coding | None
    colour: str
    bits: int
    has_alpha: bool
    peak_nits: float
    deinterlace: bool
    steady: bool
    start: Start
    told: tuple[str, ...]


def save_plan(path: Path, plan: Plan) -> None:
    """Keep a plan for a run that goes on."""
    data = asdict(plan)
    data["timing"]["frame_rate"] = str(plan.timing.frame_rate)
    # JSON has no infinity; the beginning is an empty list.
    data["start"] = list(plan.start) if plan.start.earlier else []
    write_json(path, data)


def load_plan(path: Path) -> Plan | None:
    """The plan a run before has made; None when there is none."""
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        timing = data.pop("timing")
        rate = Fraction(timing.pop("frame_rate"))
        lists = {key: tuple(timing.pop(key)) for key in ("picks", "times_seconds")}
        pairs = {key: tuple(data.pop(key)) for key in ("scaled", "size", "stored", "told")}
        coding, start = data.pop("coding"), data.pop("start")
        return Plan(
            timing=Timing(frame_rate=rate, **lists, **timing),
            orientation=Orientation(**data.pop("orientation")),
            coding=Coding(**coding) if coding else None,
            start=Start(start[0], tuple(start[1])) if start else Start(),
            **pairs,
            **data,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def common_rate(rate: float) -> Fraction:
    """The exact rate a measured or typed one stands for.

    >>> common_rate(29.97)
    Fraction(30000, 1001)
    """
    nearest = min(_COMMON_RATES, key=lambda common: abs(float(common) - rate))
    if abs(float(nearest) - rate) < 0.0004 * rate:
        return nearest
    return Fraction(rate).limit_denominator(1001)


def trimmed(times: list[float], settings: FootageSettings, where: str) -> tuple[int, int]:
    """First and one past the last index of the frames to use.

    Args:
        times: Of the clip's frames, the first one at 0.
        settings: Of the stage.
        where: The clip, for messages.

    Raises:
        InputError: Start and end leave nothing, or are given twice.
    """
    for seconds, frame in (("start_seconds", "start_frame"), ("end_seconds", "end_frame")):
        if getattr(settings, seconds) and getattr(settings, frame):
            raise InputError(f"footage.{seconds} and footage.{frame} are both set", remedy="Set one of them to 0.")
    moments = np.asarray(times)
    first = settings.start_frame - 1 if settings.start_frame else int((moments < settings.start_seconds - 1e-4).sum())
    last = len(times)
    if settings.end_frame:
        last = min(last, settings.end_frame)
    elif settings.end_seconds:
        last = int((moments < settings.end_seconds - 1e-4).sum())
    if first >= last:
        raise InputError(
            f"nothing is left between the start and the end that are set; the clip has {len(times)} frames, "
            f"the last one at {times[-1]:.2f} s",
            where=where,
            remedy="Change footage.start_seconds, end_seconds, start_frame or end_frame.",
        )
    return first, last


def clip_timing(
    times: list[float], last_seconds: float, claimed: Fraction, settings: FootageSettings, where: str
) -> Timing:
    """Frames and times of the shot from those of a clip.

    Args:
        times: Of the clip's frames, the first one at 0.
        last_seconds: How long the last one is shown.
        claimed: Rate the file claims.
        settings: Of the stage.
        where: The clip, for messages.
    """
    first, last = trimmed(times, settings, where)
    start = times[first]
    shown = [moment - start for moment in times[first:last]]
    end = times[last] - start if last < len(times) else shown[-1] + last_seconds
    rate, constant = rate_of(shown, claimed)
    picks = tuple(range(first + 1, last + 1))
    if settings.timing == "keep":
        return Timing(picks, tuple(shown), end, rate, constant, start)
    rate = common_rate(settings.frame_rate) if settings.frame_rate else _usual_rate(shown, claimed)
    count = max(1, round(end * rate))
    moments = [float(index / rate) for index in range(count)]
    nearest = np.searchsorted(_middles(shown), moments, side="right")
    return Timing(tuple(picks[index] for index in nearest), tuple(moments), float(count / rate), rate, True, start)


def _middles(times: list[float]) -> list[float]:
    return [(before + after) / 2 for before, after in zip(times[:-1], times[1:], strict=True)]


def rate_of(times: list[float], claimed: Fraction) -> tuple[Fraction, bool]:
    """Frame rate of times that begin at 0, and whether it is constant.

    Files that count in milliseconds still count as constant.
    """
    if len(times) < 2:
        return claimed, True
    mean = (len(times) - 1) / times[-1]
    for rate in (claimed, common_rate(mean)):
        worst = max(abs(moment - index / rate) for index, moment in enumerate(times))
        if worst <= max(0.0011, 0.02 / float(rate)):
            return rate, True
    return common_rate(mean), False


def _usual_rate(times: list[float], claimed: Fraction) -> Fraction:
    if len(times) < 2:
        return claimed
    steps = [after - before for before, after in zip(times[:-1], times[1:], strict=True)]
    return common_rate(1 / median(steps))


def picture_timing(numbers: tuple[int, ...], settings: FootageSettings, where: str) -> Timing:
    """Frames and times of a folder of pictures.

    Args:
        numbers: The pictures' own numbers, ascending.
        settings: Of the stage; `gaps` says whether a missing number takes time.
        where: The folder, for messages.
    """
    rate = common_rate(settings.frame_rate) if settings.frame_rate else Fraction(24)
    held: list[int] = []
    for index, number in enumerate(numbers):
        following = numbers[index + 1] if index + 1 < len(numbers) else number + 1
        held += [index + 1] * (following - number if settings.gaps == "hold" else 1)
    first, last = trimmed([float(index / rate) for index in range(len(held))], settings, where)
    picks = tuple(held[first:last])
    times = tuple(float(index / rate) for index in range(len(picks)))
    return Timing(picks, times, float(len(picks) / rate), rate, True, float(first / rate))


def work_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """Size of the working frames: at most `long_side` on the longer side, the shorter one even.

    >>> work_size(1920, 1080, 960)
    (960, 540)

    Args:
        width: Upright, with square pixels.
        height: The same.
        long_side: In pixels; 0 keeps the size. Nothing is enlarged.
    """
    longer, shorter = max(width, height), min(width, height)
    if not long_side or longer <= long_side:
        return width, height
    other = max(2, 2 * round(shorter * long_side / longer / 2))
    return (long_side, other) if width >= height else (other, long_side)


def cropped_size(size: tuple[int, int], multiple: int) -> tuple[int, int]:
    """Size with both sides brought down to a multiple.

    Raises:
        InputError: Nothing is left.
    """
    width, height = (side - side % multiple for side in size)
    if not width or not height:
        raise InputError(
            f"{size[0]}x{size[1]} footage cannot be cropped to multiples of {multiple}",
            remedy="Set footage.multiple lower.",
        )
    return width, height
