# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoding a clip, from its beginning, frame by frame, with exact times.

The file is opened by us for reading only and handed to FFmpeg as a stream, so no name, playlist or address inside
it can make FFmpeg open anything else.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections import deque
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, cast

import av
import av.error
from av.codec.codec import UnknownCodecError
from av.container import InputContainer
from av.filter import Graph
from av.sidedata.sidedata import Type
from av.stream import Disposition

from ..errors import InputError

# Demuxers that make "video" of any text file.
_NOT_VIDEO = {"tty", "bin", "xbin", "adf", "idf", "lrc", "srt", "ass", "webvtt"}
# AVI stores frames in coding order at one rate; what FFmpeg makes up as times is wrong with B-frames.
_WITHOUT_TIMES = {"avi"}
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_REMEDY = "Give a clip that a player can show, or a folder of pictures."


class ClipFrame(NamedTuple):
    """A decoded frame: its number from 1, its time on the clip's clock, the frame as decoded."""

    number: int
    seconds: float
    frame: av.VideoFrame


@contextlib.contextmanager
def opened(path: Path) -> Generator[InputContainer, None, None]:
    """An open clip.

    Raises:
        InputError: Not there, not readable, or not a video or sound file.
    """
    if not path.exists():
        raise InputError("there is no such file or folder", where=str(path), remedy="Look at how it is spelled.")
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", where=str(path)) from error
    with stream:
        try:
            container = av.open(stream, "r")
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise _cannot_open(path) from error
        with container:
            if container.format.name in _NOT_VIDEO:
                raise InputError("is not a video", where=str(path), remedy=_REMEDY)
            yield container


def _cannot_open(path: Path) -> InputError:
    if path.stat().st_size == 0:
        return InputError("is empty", where=str(path), remedy="Copy it again from where it was filmed.")
    with path.open("rb") as stream:
        head = stream.read(12)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide"):
        return InputError(
            "is not whole: the index of its frames is missing, as when a recording or a copy breaks off",
            where=str(path),
            remedy="Copy it again, or mend it with a repair tool.",
        )
    return InputError("is not a video that can be read", where=str(path), remedy=_REMEDY)


def video_stream(container: InputContainer, path: Path) -> av.VideoStream:
    """The stream of the film; covers of sound files do not count.

    Raises:
        InputError: There is none.
    """
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    if container.streams.audio:
        raise InputError("holds sound but no picture", where=str(path), remedy=_REMEDY)
    raise InputError("holds no video", where=str(path), remedy=_REMEDY)


def nominal_rate(stream: av.VideoStream) -> Fraction:
    """The rate the file claims; 25 when it claims none."""
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate and 0 < rate <= 1000:
            return Fraction(rate)
    return Fraction(25)


def expected_frames(container: InputContainer, stream: av.VideoStream) -> int:
    """How many frames the file says it has; 0 when it does not say."""
    if stream.frames:
        return stream.frames
    seconds = 0.0
    if stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration:
        seconds = container.duration / 1_000_000
    return round(seconds * nominal_rate(stream))


class Start(NamedTuple):
    """Where decoding begins.

    Attributes:
        seconds: Moment on the clip's clock to jump to; negative infinity is the very beginning.
        earlier: Times of the frames that are jumped over.
    """

    seconds: float = float("-inf")
    earlier: tuple[float, ...] = ()


def start_before(path: Path, seconds: float) -> Start:
    """The last place before a moment from which a clip can be decoded; its beginning when there is no better one.

    Args:
        path: The clip.
        seconds: Since the clip's first frame.
    """
    with opened(path) as container:
        stream = video_stream(container, path)
        base = stream.time_base if container.format.name not in _WITHOUT_TIMES else None
        ticks = [packet.pts for packet in container.demux(stream) if packet.size and not packet.is_discard]
        moments = sorted(float(tick * base) for tick in ticks if tick is not None and base)
    if not moments or len(moments) < len(ticks):
        return Start()
    target = moments[0] + seconds
    try:
        reached = next(Decoder(path, start=Start(target)).frames()).seconds
    except (StopIteration, av.error.FFmpegError):
        return Start()
    jumped = bisect_left(moments, reached - 1e-6)
    return Start(target, tuple(moments[:jumped])) if jumped and reached <= target else Start()


class Decoder:
    """Frames of a clip from its first one on.

    Args:
        path: The clip.
        steady: Decode on one thread, so that damaged parts always come out the same.
        start: Begin at a later frame.

    Attributes:
        start: As given.
        packets: Packets of the film read so far.
        errors: Packets that could not be decoded, and frames the decoder had to patch.
    """

    def __init__(self, path: Path, *, steady: bool = False, start: Start | None = None) -> None:
        self._path = path
        self.start = start or Start()
        self._steady = steady
        self.packets = 0
        self.errors = 0

    def frames(self, *, deinterlace: bool = False) -> Iterator[ClipFrame]:
        """Every frame in the order shown.

        Args:
            deinterlace: Make whole frames of half-line ones (FFmpeg's bwdif), one for one.

        Raises:
            InputError: The file cannot be opened or holds no video.
        """
        with opened(self._path) as container:
            stream = video_stream(container, self._path)
            if self.start.seconds > float("-inf"):
                container.seek(round(self.start.seconds * 1_000_000))
            has_times = container.format.name not in _WITHOUT_TIMES
            frames = self._timed(self._decoded(container, stream), stream, has_times)
            yield from (_deinterlaced(frames, stream) if deinterlace else frames)

    def _decoded(self, container: InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
        decoder = _decoder_of(stream)
        decoder.thread_count = 1 if self._steady else 0
        decoder.thread_type = "SLICE" if self._steady else "AUTO"
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                self.errors += 1
                packet = None
            self.packets += packet is not None and packet.size > 0
            try:
                found = decoder.decode(packet)
            except (av.error.InvalidDataError, av.error.UndefinedError, av.error.ExternalError):
                self.errors += 1
                continue
            except av.error.EOFError:
                return
            for frame in found:
                self.errors += frame.is_corrupt
                yield frame
            if packet is None:
                return

    def _timed(self, frames: Iterator[av.VideoFrame], stream: av.VideoStream, has_times: bool) -> Iterator[ClipFrame]:
        # Files without times, or with times that do not rise, are given them by the nominal rate.
        step = float(1 / nominal_rate(stream))
        last: float | None = None
        for number, frame in enumerate(frames, len(self.start.earlier) + 1):
            base = frame.time_base or stream.time_base
            known = frame.pts if has_times else None
            seconds = float(known * base) if known is not None and base else None
            if seconds is None or (last is not None and seconds <= last):
                seconds = 0.0 if last is None else last + step
            last = seconds
            yield ClipFrame(number, seconds, frame)


def _decoder_of(stream: av.VideoStream) -> av.VideoCodecContext:
    # FFmpeg's own VP8 and VP9 decoders drop the alpha that WebM carries beside the picture.
    name = _ALPHA_DECODERS.get(stream.codec_context.name)
    if name and stream.metadata.get("alpha_mode", stream.metadata.get("ALPHA_MODE")) == "1":
        with contextlib.suppress(UnknownCodecError):
            return cast(av.VideoCodecContext, av.CodecContext.create(name, "r"))
    return stream.codec_context


def _deinterlaced(frames: Iterator[ClipFrame], stream: av.VideoStream) -> Iterator[ClipFrame]:
    graph = Graph()
    source = graph.add_buffer(template=stream)
    weave = graph.add("bwdif", "mode=send_frame:deint=all")
    sink = graph.add("buffersink")
    source.link_to(weave)
    weave.link_to(sink)
    graph.configure()
    waiting: deque[ClipFrame] = deque()
    for item in frames:
        waiting.append(item)
        item.frame.pts = item.number
        graph.push(item.frame)
        yield from _pulled(graph, waiting)
    graph.push(None)
    yield from _pulled(graph, waiting)


def _pulled(graph: Graph, waiting: deque[ClipFrame]) -> Iterator[ClipFrame]:
    while waiting:
        try:
            frame = cast(av.VideoFrame, graph.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        yield waiting.popleft()._replace(frame=frame)


def side_data(frame: av.VideoFrame, kind: Type) -> bytes:
    """What a frame carries beside its picture; empty when it carries none of that kind."""
    for index in range(len(frame.side_data)):
        found = cast(Any, frame.side_data)[index]
        if found.type == kind:
            return bytes(memoryview(found))
    return b""
