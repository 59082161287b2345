# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip as the source of a shot's frames."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import Type

from ..errors import InputError
from ..image.clip import Decoder, Start, expected_frames, nominal_rate, opened, side_data, start_before, video_stream
from ..image.hdr import DEFAULT_PEAK_NITS
from ..image.orientation import Orientation, orientation_of
from ..image.yuv import Coding, FrameReader, coding_of
from ..schema.footage import FootageSettings
from .footage_plan import Plan, clip_timing, cropped_size, work_size

Image = npt.NDArray[np.float32]
Step = Callable[[str, int, int], None]
# Below it, decoding everything is quicker than looking for a place to begin.
_WORTH_JUMPING_SECONDS = 10.0


@dataclass
class _Look:
    """What is gathered while looking through a clip."""

    times: list[float] = field(default_factory=list[float])
    last_seconds: float = 0.0
    size: tuple[int, int] = (0, 0)
    orientation: Orientation = field(default_factory=Orientation)
    coding: Coding | None = None
    peak_nits: float = 0.0
    interlaced: int = 0
    has_alpha: bool = False
    resized: list[str] = field(default_factory=list[str])
    ended_early: bool = False


@dataclass(frozen=True)
class _Claims:
    """What the file says of itself."""

    frames: int
    exact: bool
    rate: Fraction
    aspect: Fraction


class ClipSource:
    """Frames of a video file.

    Args:
        path: The clip; it is only read.
        settings: Of the footage stage.
    """

    def __init__(self, path: Path, settings: FootageSettings) -> None:
        self._path = path
        self._settings = settings

    def plan(self, step: Step) -> Plan:
        """Look through the clip once and decide.

        Raises:
            InputError: It has no frames, changes its size, or the trim leaves nothing.
        """
        claims = self._claims()
        seconds = self._settings.start_seconds
        start = start_before(self._path, seconds) if seconds >= _WORTH_JUMPING_SECONDS else Start()
        decoder = Decoder(self._path, start=start)
        look = self._look(decoder, claims, step)
        if decoder.errors:
            decoder = Decoder(self._path, steady=True, start=start)
            look = self._look(decoder, claims, step)
        if not look.times or look.coding is None:
            raise InputError(
                "has no frame that can be decoded", where=str(self._path), remedy="Copy it again, or convert it."
            )
        if look.resized and self._settings.size_change == "error":
            raise InputError(
                f"the picture size changes inside the clip, {look.resized[0]}",
                where=str(self._path),
                remedy="Trim it with footage.start_seconds and end_seconds, or set footage.size_change to scale.",
            )
        return self._planned(look, look.coding, claims, decoder)

    def pictures(self, plan: Plan, wanted: set[int]) -> Iterator[tuple[int, Image, Image | None]]:
        """The wanted frames of the clip, by number, upright and at working size.

        Yields:
            Number, float32 (H, W, 3) sRGB 0..1, float32 (H, W) alpha or None; ascending.
        """
        if plan.coding is None:
            return
        width, height = reversed(plan.scaled) if plan.orientation.transpose else plan.scaled
        reader = FrameReader(
            plan.coding,
            width,
            height,
            peak_nits=plan.peak_nits,
            premultiplied=self._settings.alpha == "premultiplied",
        )
        last = max(wanted, default=0)
        decoder = Decoder(self._path, steady=plan.steady, start=plan.start)
        for number, _, frame in decoder.frames(deinterlace=plan.deinterlace):
            if number > last:
                return
            if number in wanted:
                image, alpha = reader(frame)
                upright = plan.orientation.upright
                yield number, upright(image), None if alpha is None or not plan.has_alpha else upright(alpha)

    def _claims(self) -> _Claims:
        with opened(self._path) as container:
            stream = video_stream(container, self._path)
            aspect = stream.sample_aspect_ratio
            return _Claims(
                expected_frames(container, stream),
                bool(stream.frames),
                nominal_rate(stream),
                Fraction(aspect) if aspect and aspect > 0 else Fraction(1),
            )

    def _look(self, decoder: Decoder, claims: _Claims, step: Step) -> _Look:
        look = _Look(times=list(decoder.start.earlier))
        for number, seconds, frame in decoder.frames():
            step("looking through the clip", number, max(number, claims.frames))
            if look.coding is None:
                self._begin(look, frame)
            elif self._is_past_end(number, seconds - look.times[0]):
                look.times.append(seconds)
                look.ended_early = True
                break
            look.times.append(seconds)
            self._add(look, frame, seconds)
        look.last_seconds = look.last_seconds or float(1 / claims.rate)
        return look

    def _begin(self, look: _Look, frame: av.VideoFrame) -> None:
        look.size = (frame.width, frame.height)
        look.orientation = orientation_of(frame)
        settings = self._settings
        look.coding = coding_of(frame, matrix=settings.matrix, levels=settings.levels, transfer=settings.transfer)
        look.peak_nits = settings.hdr_peak or _peak_of(frame)

    def _is_past_end(self, number: int, seconds: float) -> bool:
        settings = self._settings
        if settings.end_frame:
            return number > settings.end_frame
        return bool(settings.end_seconds) and seconds >= settings.end_seconds - 1e-4

    def _add(self, look: _Look, frame: av.VideoFrame, seconds: float) -> None:
        look.interlaced += bool(frame.interlaced_frame)
        base = frame.time_base
        look.last_seconds = float(frame.duration * base) if frame.duration and base else 0.0
        if (frame.width, frame.height) != look.size and len(look.resized) < 5:
            moment = seconds - look.times[0]
            look.resized.append(f"from {look.size[0]}x{look.size[1]} to {frame.width}x{frame.height} at {moment:.2f} s")
        if look.coding and look.coding.has_alpha and self._settings.alpha != "off" and not look.has_alpha:
            look.has_alpha = _is_see_through(frame)

    def _planned(self, look: _Look, coding: Coding, claims: _Claims, decoder: Decoder) -> Plan:
        zero = look.times[0]
        times = [moment - zero for moment in look.times]
        timing = clip_timing(times, look.last_seconds, claims.rate, self._settings, str(self._path))
        width, height = max(1, round(look.size[0] * claims.aspect)), look.size[1]
        if look.orientation.transpose:
            width, height = height, width
        scaled = work_size(width, height, self._settings.long_side)
        deinterlace = self._settings.deinterlace
        is_interlaced = look.interlaced * 2 > len(look.times)
        bits = {"auto": 16 if coding.bits > 8 else 8, "8": 8, "16": 16}[self._settings.bits]
        plan = Plan(
            timing=timing,
            clock_seconds=zero + timing.start_seconds,
            scaled=scaled,
            size=cropped_size(scaled, self._settings.multiple),
            stored=look.size,
            orientation=look.orientation,
            coding=coding,
            colour=coding.words(),
            bits=bits,
            has_alpha=look.has_alpha,
            peak_nits=look.peak_nits,
            deinterlace=deinterlace == "on" or (deinterlace == "auto" and is_interlaced),
            steady=decoder.errors > 0,
            start=decoder.start,
            told=(),
        )
        return replaced(plan, told=tuple(_told(plan, look, claims, decoder, is_interlaced)))


def replaced(plan: Plan, **changes: Any) -> Plan:
    """The plan with other values."""
    return Plan(**{**plan.__dict__, **changes})


def _told(plan: Plan, look: _Look, claims: _Claims, decoder: Decoder, is_interlaced: bool) -> Iterator[str]:
    """What the artist should know; texts that begin with "! " are warnings."""
    found = len(look.times)
    lost = claims.frames - (decoder.packets + len(decoder.start.earlier) if claims.exact else found)
    if not look.ended_early and lost > (0 if claims.exact else max(2, claims.frames // 20)):
        yield f"! the clip breaks off: {found} of {claims.frames} frames could be read, and the shot ends there"
    if decoder.errors:
        yield f"! the clip is damaged at {decoder.errors} places; those frames may look broken or be missing"
    yield from (f"! the picture size changes {text}; it is scaled to the first size" for text in look.resized)
    if plan.coding and plan.coding.guessed:
        yield plan.coding.guessed + " (footage.matrix says otherwise)"
    if plan.coding and plan.coding.transfer != "sdr":
        yield f"HDR ({plan.coding.transfer}) with light up to {plan.peak_nits:g} nits is tone-mapped to SDR"
    if plan.orientation.words():
        yield f"the clip is stored sideways or mirrored and is {plan.orientation.words()}"
    if claims.aspect != 1:
        yield f"pixels are not square ({claims.aspect}) and are made so: {plan.stored[0]}x{plan.stored[1]} is scaled"
    if is_interlaced:
        yield "the clip is interlaced" + ("; its half-line frames are made whole" if plan.deinterlace else "")
    yield from _timing_told(plan, look)


def _timing_told(plan: Plan, look: _Look) -> Iterator[str]:
    timing = plan.timing
    if len(timing.picks) == 1:
        yield "the shot has a single frame: nothing moves"
    if not timing.constant:
        late = max(abs(moment - index / timing.frame_rate) for index, moment in enumerate(timing.times_seconds))
        yield (
            f"the frame rate varies; each frame keeps its time. Blender plays {float(timing.frame_rate):.3f} a second, "
            f"up to {late:.2f} s off; footage.timing=constant evens it out"
        )


def _peak_of(frame: av.VideoFrame) -> float:
    """Brightest light a PQ clip tells of (CTA-861.3 MaxCLL, else the mastering display), in nits."""
    level = side_data(frame, Type.CONTENT_LIGHT_LEVEL)
    mastering = side_data(frame, Type.MASTERING_DISPLAY_METADATA)
    light = float(struct.unpack_from("=I", level)[0]) if len(level) >= 4 else 0.0
    above, below = struct.unpack_from("=2i", mastering, 72) if len(mastering) >= 80 else (0, 1)
    display = above / below if below else 0.0
    return next((value for value in (light, display) if 100 <= value <= 10000), DEFAULT_PEAK_NITS)


def _is_see_through(frame: av.VideoFrame) -> bool:
    if frame.format.has_palette:
        frame = frame.reformat(format="rgba")
    kind = "gbrap" if frame.format.is_rgb else "yuva444p"
    plane = frame.reformat(format=kind).planes[3]
    rows = np.frombuffer(memoryview(cast(Any, plane)), np.uint8).reshape(plane.height, plane.line_size)
    return bool(rows[:, : plane.width].min() < 254)
