# SPDX-License-Identifier: GPL-3.0-or-later
"""The clip's sound, placed on the film's own clock: sample 0 sounds when the first frame is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.container import InputContainer, OutputContainer

from .clip import opened

Samples = npt.NDArray[Any]
_CHUNK = 1 << 14
# Recorders write times in coarse steps; only a larger hole or overlap is real.
_TOLERANCE_SECONDS = 0.02
_MOST_CHANNELS = 8


@dataclass(frozen=True)
class Sound:
    """What was written: seconds (0 when there is no sound) and a warning for the artist, or ""."""

    seconds: float
    warning: str = ""


@dataclass(frozen=True)
class _Layout:
    rate: int
    channels: int
    name: str
    sample_format: str


class PlacedSound:
    """Samples of a file's first sound stream between two moments of the file's clock.

    Args:
        container: The open file.
        start_seconds: Moment of sample 0; silence is put in when the sound begins later.
        duration_seconds: Where it ends; a sound that ends before is left shorter.

    Attributes:
        damaged: Packets that could not be decoded.
    """

    def __init__(self, container: InputContainer, start_seconds: float, duration_seconds: float) -> None:
        self._container = container
        self._stream = _audio_stream(container)
        self._start = start_seconds
        self._duration = duration_seconds
        self.damaged = 0
        self.layout = _layout_of(self._stream) if self._stream else None

    def chunks(self, sample_format: str = "") -> Iterator[Samples]:
        """Integer samples (n, channels) without holes, from sample 0 on.

        Args:
            sample_format: "s16" or "s32"; what the stream needs when not given.
        """
        layout = self.layout
        if layout is None or self._stream is None:
            return
        kind = sample_format or layout.sample_format
        end = round(self._duration * layout.rate)
        written = 0
        for seconds, samples in self._decoded(self._stream, layout, kind):
            place = round((seconds - self._start) * layout.rate)
            if written and abs(place - written) <= _TOLERANCE_SECONDS * layout.rate:
                place = written
            if place > written:
                yield from _silence(min(place, end) - written, samples)
                written = max(written, min(place, end))
            samples = samples[max(0, written - place) : max(0, end - place)]
            if len(samples):
                yield samples
                written += len(samples)
            if written >= end:
                return

    def _decoded(self, stream: av.AudioStream, layout: _Layout, kind: str) -> Iterator[tuple[float, Samples]]:
        resampler = av.AudioResampler(format=kind, layout=layout.name, rate=layout.rate)
        following = 0.0
        packets = self._container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
                frames = [] if packet is None else packet.decode()
            except av.error.FFmpegError:
                self.damaged += 1
                continue
            if packet is None:
                return
            for frame in cast(list[av.AudioFrame], frames):
                base = frame.time_base
                seconds = float(frame.pts * base) if frame.pts is not None and base else following
                frame.pts = None
                for ready in resampler.resample(frame):
                    samples = ready.to_ndarray().reshape(-1, layout.channels)
                    yield seconds, samples
                    seconds += len(samples) / layout.rate
                following = seconds


def _silence(count: int, like: Samples) -> Iterator[Samples]:
    while count > 0:
        size = min(count, _CHUNK)
        yield np.zeros((size, like.shape[1]), like.dtype)
        count -= size


def _audio_stream(container: InputContainer) -> av.AudioStream | None:
    for stream in container.streams.audio:
        context = cast(Any, stream.codec_context)
        if context is not None and context.sample_rate:
            return stream
    return None


def _layout_of(stream: av.AudioStream) -> _Layout:
    context = stream.codec_context
    channels = min(context.layout.nb_channels, _MOST_CHANNELS)
    name = context.layout.name if channels == context.layout.nb_channels else "stereo"
    channels = channels if name != "stereo" else 2
    is_fine = context.name.startswith(("pcm_s24", "pcm_s32", "pcm_f")) or (
        context.name in ("flac", "alac") and context.format.bits > 16
    )
    return _Layout(context.sample_rate, channels, name, "s32" if is_fine else "s16")


def extract_sound(path: Path, target: Path, start_seconds: float, duration_seconds: float) -> Sound:
    """Write a clip's sound as FLAC, in sync with the shot's frames.

    Args:
        path: The clip.
        target: File to write; not made when there is no sound in that time.
        start_seconds: Time of the shot's first frame on the clip's clock.
        duration_seconds: Of the shot.
    """
    with opened(path) as container:
        placed = PlacedSound(container, start_seconds, duration_seconds)
        layout = placed.layout
        if layout is None:
            unknown = bool(container.streams.audio)
            return Sound(0.0, "the clip's sound is of an unknown kind and is left out" if unknown else "")
        count = 0
        with target.open("wb") as stream, av.open(stream, "w", format="flac") as output:
            encoder = SoundEncoder(output, "flac", layout.rate, layout.name, layout.sample_format)
            for samples in placed.chunks():
                encoder.write(samples)
                count += len(samples)
            encoder.finish()
    if not count:
        target.unlink()
    warning = f"the clip's sound is damaged at {placed.damaged} places" if placed.damaged else ""
    return Sound(count / layout.rate, warning)


class SoundEncoder:
    """Writes integer samples into an open file.

    Args:
        output: The file.
        codec: "flac", "aac" or "pcm_s16le".
        rate: Of the samples, a second.
        layout: Of the channels, as FFmpeg names it.
        sample_format: "s16" or "s32", of the samples.

    Attributes:
        count: Samples written so far.
    """

    def __init__(self, output: OutputContainer, codec: str, rate: int, layout: str, sample_format: str) -> None:
        self._output = output
        self.rate = rate
        self.count = 0
        self._layout = layout
        self._format = sample_format
        self._stream = cast(av.AudioStream, output.add_stream(codec, rate=_rate_for(codec, rate), layout=layout))
        if codec == "flac":
            self._stream.format = sample_format
        if codec == "aac":
            self._stream.bit_rate = 96_000 * self._stream.layout.nb_channels
        self._stream.time_base = Fraction(1, rate)

    def write(self, samples: Samples) -> None:
        """Add samples (n, channels), int16 or int32 as promised."""
        packed = np.ascontiguousarray(samples).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format=self._format, layout=self._layout)
        frame.sample_rate = self.rate
        frame.time_base = Fraction(1, self.rate)
        frame.pts = self.count
        self.count += len(samples)
        self._output.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._output.mux(self._stream.encode(None))


def _rate_for(codec: str, rate: int) -> int:
    known = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
    return 48000 if codec == "aac" and rate not in known else rate
