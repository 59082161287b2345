# SPDX-License-Identifier: GPL-3.0-or-later
"""Films from pictures and sound: H.264 for watching, ProRes 4444 with alpha for editing."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, cast

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.container import OutputContainer
from av.video.reformatter import Interpolation, VideoReformatter

from ..cache import atomic_path
from ..errors import EngineError, InputError
from .clip import expected_frames, nominal_rate, opened, video_stream
from .sequence import Sequence, find_sequence, is_picture, read_picture
from .sound import PlacedSound, SoundEncoder

Picture = npt.NDArray[Any]
Codec = Literal["h264", "prores4444"]
SUFFIXES: dict[str, str] = {"h264": ".mp4", "prores4444": ".mov"}

_SCALING = int(Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP)
_ITU709, _LIMITED, _TAG_709 = 1, 1, 1
# Clocks that the times of clips are usually whole numbers of.
_CLOCKS = (90000, 15360, 12800, 10240, 16000, 1000, 30000, 60000, 24000, 1_000_000)


@dataclass(frozen=True)
class Probe:
    """What a file says of itself, without decoding it.

    Attributes:
        width: Of the stored pictures.
        height: Of the stored pictures.
        frame_rate: Mean rate.
        frames: Number of frames; 0 when the file does not say.
        seconds: Duration; 0 when the file does not say.
        codec: Name of the codec.
        pixel_format: As FFmpeg names it.
        sound_codec: Name of the sound's codec; empty when there is none.
    """

    width: int
    height: int
    frame_rate: Fraction
    frames: int
    seconds: float
    codec: str
    pixel_format: str
    sound_codec: str


def probe(path: Path) -> Probe:
    """Look at a video file, or at a picture or a folder of pictures.

    Raises:
        InputError: Not there, not a video, sound only, or no pictures.
    """
    if path.is_dir() or is_picture(path):
        sequence = find_sequence(path) if path.is_dir() else Sequence((path,), (1,))
        height, width = read_picture(sequence.paths[0])[0].shape[:2]
        return Probe(width, height, Fraction(24), len(sequence.paths), 0.0, "pictures", "", "")
    with opened(path) as container:
        stream = video_stream(container, path)
        audio = container.streams.audio
        return Probe(
            stream.width,
            stream.height,
            nominal_rate(stream),
            expected_frames(container, stream),
            container.duration / 1_000_000 if container.duration else 0.0,
            stream.codec_context.name,
            stream.pix_fmt or "",
            audio[0].codec_context.name if audio else "",
        )


def write_movie(
    path: Path,
    frames: Iterable[Picture],
    *,
    frame_rate: Fraction,
    times_seconds: tuple[float, ...] | None = None,
    sound: Path | None = None,
    sound_offset_seconds: float = 0.0,
    codec: Codec = "h264",
    quality: int = 16,
    report: Callable[[int], None] | None = None,
) -> int:
    """Write a film; the file appears whole or not at all.

    Pictures are taken as sRGB and tagged BT.709, limited range. Sides of an odd number of pixels are made even for
    h264 by repeating the last row or column.

    Args:
        path: The film, with the suffix of the codec (`SUFFIXES`).
        frames: (H, W, 3) RGB or (H, W, 4) with straight alpha, uint8 or uint16, all of one size. Taken one by one.
        frame_rate: Frames a second.
        times_seconds: When each frame is shown, rising, the first one at 0; evenly by the rate when not given.
        sound: A sound file.
        sound_offset_seconds: When in the film the sound file begins; negative leaves out its beginning.
        codec: "h264" (alpha is left out) or "prores4444" (with alpha where the frames have it).
        quality: Constant rate factor of h264; lower is better.
        report: Told the number of frames written after each one; may raise to stop.

    Returns:
        Number of frames written.

    Raises:
        InputError: No frames, frames of several sizes, the sound cannot be read, or the disk is full.
    """
    pictures = iter(frames)
    first = next(pictures, None)
    if first is None:
        raise InputError("there are no frames to make a film of", where=str(path))
    with atomic_path(path) as part, ExitStack() as stack:
        options = {"movflags": "+faststart"} if codec == "h264" else {}
        kind = "mp4" if codec == "h264" else "mov"
        try:
            output = stack.enter_context(av.open(f"file:{part}", "w", format=kind, options=options))
            film = _Film(output, first.shape, codec, quality, _Clock.of(frame_rate, times_seconds))
            track = _track(output, stack, sound, sound_offset_seconds, film, codec)
            count = film.write(itertools.chain([first], pictures), track, report)
        except av.error.FFmpegError as error:
            if isinstance(error, OSError):
                raise
            raise EngineError(f"the film cannot be encoded ({error.strerror})", where=str(path)) from error
    return count


@dataclass(frozen=True)
class _Clock:
    """Times of the frames as whole numbers of a time base."""

    time_base: Fraction
    frame_rate: Fraction
    times_seconds: tuple[float, ...] | None

    @staticmethod
    def of(frame_rate: Fraction, times_seconds: tuple[float, ...] | None) -> _Clock:
        if times_seconds is None:
            return _Clock(1 / frame_rate, frame_rate, None)
        for ticks in _CLOCKS:
            if all(abs(seconds * ticks - round(seconds * ticks)) < 0.002 for seconds in times_seconds):
                return _Clock(Fraction(1, ticks), frame_rate, times_seconds)
        return _Clock(Fraction(1, 90000), frame_rate, times_seconds)

    def tick(self, index: int) -> int:
        if self.times_seconds is None:
            return index
        if index >= len(self.times_seconds):
            raise EngineError(f"there are more frames than the {len(self.times_seconds)} times given for them")
        return round(self.times_seconds[index] / float(self.time_base))

    def end_seconds(self) -> float:
        """End of the last frame; endless when only the rate is known."""
        return self.times_seconds[-1] + float(1 / self.frame_rate) if self.times_seconds else float("inf")


class _Film:
    """The picture stream of an open file."""

    def __init__(
        self, output: OutputContainer, shape: tuple[int, ...], codec: Codec, quality: int, clock: _Clock
    ) -> None:
        self.clock = clock
        self._output = output
        self._shape = shape
        self._scaler = VideoReformatter()
        self._is_h264 = codec == "h264"
        stream = cast(
            av.VideoStream,
            output.add_stream("libx264" if self._is_h264 else "prores_ks", rate=clock.frame_rate),
        )
        height, width = shape[:2]
        if self._is_h264:
            width, height = width + width % 2, height + height % 2
            stream.options = {"crf": str(quality), "preset": "medium"}
            stream.gop_size = max(1, round(clock.frame_rate * 2))
        else:
            stream.options = {"profile": "4444", "vendor": "apl0", "alpha_bits": "16"}
        has_alpha = len(shape) == 3 and shape[2] == 4
        deep = "yuva444p10le" if has_alpha else "yuv444p10le"
        stream.width, stream.height = width, height
        stream.pix_fmt = "yuv420p" if self._is_h264 else deep
        context = cast(Any, stream.codec_context)
        context.time_base = clock.time_base
        context.color_range, context.colorspace = _LIMITED, _TAG_709
        context.color_primaries = context.color_trc = _TAG_709
        self._stream = stream

    def write(self, pictures: Iterator[Picture], track: _Track | None, report: Callable[[int], None] | None) -> int:
        count, tick = 0, -1
        for picture in pictures:
            if picture.shape[:2] != self._shape[:2]:
                raise InputError(
                    f"frame {count + 1} of the film is {picture.shape[1]}x{picture.shape[0]}, "
                    f"the first one {self._shape[1]}x{self._shape[0]}",
                    remedy="Save the picture of that frame at the size of the others, or delete it and run again.",
                )
            tick = max(tick + 1, self.clock.tick(count))
            frame = self._coded(picture)
            frame.pts, frame.time_base = tick, self.clock.time_base
            if track:
                track.write_until(float(tick * self.clock.time_base))
            self._output.mux(self._stream.encode(frame))
            count += 1
            if report:
                report(count)
        self._output.mux(self._stream.encode(None))
        if track:
            track.write_until(float(tick * self.clock.time_base + 1 / self.clock.frame_rate))
            track.finish()
        return count

    def _coded(self, picture: Picture) -> av.VideoFrame:
        has_alpha = picture.ndim == 3 and picture.shape[2] == 4
        if self._is_h264:
            odd = ((0, picture.shape[0] % 2), (0, picture.shape[1] % 2), (0, 0))
            rgb = np.pad(_eight_bit(picture[..., :3]), odd, mode="edge")
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
        else:
            wide = picture if picture.dtype == np.uint16 else picture.astype(np.uint16) * np.uint16(257)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(wide), "rgba64le" if has_alpha else "rgb48le")
        return self._scaler.reformat(
            frame,
            format=self._stream.pix_fmt,
            interpolation=_SCALING,
            dst_colorspace=_ITU709,
            dst_color_range=_LIMITED,
        )


def _eight_bit(picture: Picture) -> Picture:
    if picture.dtype == np.uint8:
        return picture
    return np.asarray((picture.astype(np.uint32) + 128) // 257, np.uint8)


class _Track:
    """The sound of a film, encoded in step with the picture."""

    def __init__(self, chunks: Iterator[npt.NDArray[Any]], encoder: SoundEncoder) -> None:
        self._chunks = chunks
        self._encoder = encoder
        self._rest: npt.NDArray[Any] | None = None
        self._rate = encoder.rate

    def write_until(self, seconds: float) -> None:
        """Encode up to just before this time of the film."""
        while (room := round(seconds * self._rate) - self._encoder.count) > 0:
            samples = self._rest if self._rest is not None else next(self._chunks, None)
            if samples is None:
                return
            self._encoder.write(samples[:room])
            self._rest = samples[room:] if len(samples) > room else None

    def finish(self) -> None:
        """End of the film."""
        self._encoder.finish()


def _track(
    output: OutputContainer, stack: ExitStack, sound: Path | None, offset: float, film: _Film, codec: Codec
) -> _Track | None:
    if sound is None:
        return None
    container = stack.enter_context(opened(sound))
    placed = PlacedSound(container, -offset, min(film.clock.end_seconds(), 1e6))
    if placed.layout is None:
        raise InputError("holds no sound that can be read", where=str(sound), remedy="Run the footage stage again.")
    name = "aac" if codec == "h264" else "pcm_s16le"
    encoder = SoundEncoder(output, name, placed.layout.rate, placed.layout.name, "s16")
    return _Track(placed.chunks("s16"), encoder)
