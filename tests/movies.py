"""Clips of every awkward kind, made by the tests."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

WEIGHTS = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}
MATRIX_TAG = {"bt601": 6, "bt709": 1, "bt2020": 9, "": 2}
# Red, green, blue, skin, dark grey, white: the corners where a wrong matrix or wrong levels show most.
PATCHES = np.array([(200, 40, 60), (30, 170, 50), (40, 60, 210), (224, 172, 140), (40, 40, 40), (250, 250, 250)])


def patch_picture(height: int = 48, size: int = 32) -> np.ndarray:
    """The patches side by side, uint8 (H, 6 * size, 3)."""
    return np.repeat(np.repeat(PATCHES[None], size, 1), height, 0).astype(np.uint8)


def yuv_planes(rgb: np.ndarray, matrix: str, full: bool, bits: int) -> np.ndarray:
    """Codes of a picture by the formulas of the standards, uint16 (3, H, W)."""
    red, blue = WEIGHTS[matrix]
    value = rgb.astype(np.float64) / 255
    luma = red * value[..., 0] + (1 - red - blue) * value[..., 1] + blue * value[..., 2]
    chroma = [(value[..., 2] - luma) / (2 - 2 * blue), (value[..., 0] - luma) / (2 - 2 * red)]
    scale, top = 2 ** (bits - 8), 2**bits - 1
    y = luma * top if full else (16 + 219 * luma) * scale
    c = [part * top + 128 * scale if full else (128 + 224 * part) * scale for part in chroma]
    return np.rint(np.clip(np.stack([y, *c]), 0, top)).astype(np.uint16)


def planar_frame(planes: np.ndarray, pixel_format: str) -> av.VideoFrame:
    """A frame of full-size planes (3 or 4, H, W), chroma reduced by leaving out."""
    frame = av.VideoFrame(planes.shape[2], planes.shape[1], pixel_format)
    kind = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    for plane, values in zip(frame.planes, planes, strict=True):
        small = values[:: values.shape[0] // plane.height, :: values.shape[1] // plane.width].astype(kind)
        rows = np.zeros((plane.height, plane.line_size // kind().itemsize), kind)
        rows[:, : plane.width] = small[: plane.height, : plane.width]
        plane.update(rows.tobytes())
    return frame


def frame_of(picture: np.ndarray, pixel_format: str, matrix: str = "bt709", full: bool = False) -> av.VideoFrame:
    """A frame of an RGB or RGBA picture, uint8, in a planar YUV or any RGB format."""
    if pixel_format.startswith("yuv"):
        layout = av.VideoFormat(pixel_format, 16, 16)
        bits = layout.components[0].bits
        planes = yuv_planes(picture[..., :3], matrix, full, bits)
        if pixel_format.startswith("yuva"):
            planes = np.concatenate([planes, (picture[None, ..., 3].astype(np.uint32) * (2**bits - 1)) // 255])
        return planar_frame(planes, pixel_format)
    return av.VideoFrame.from_ndarray(picture, "rgba" if picture.shape[2] == 4 else "rgb24").reformat(
        format=pixel_format
    )


def write_clip(
    path: Path,
    pictures: list[np.ndarray],
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv444p",
    rate: int = 25,
    ticks: list[int] | None = None,
    time_base: Fraction = Fraction(1, 600),
    matrix: str = "bt709",
    tag: int | None = None,
    full: bool = False,
    transfer: int = 1,
    primaries: int = 1,
    display_matrix: tuple[int, ...] = (),
    aspect: Fraction | None = None,
    options: dict[str, str] | None = None,
    sound: np.ndarray | None = None,
    sound_start: float = 0.0,
    sound_codec: str = "pcm_s16le",
) -> Path:
    """A clip of pictures (uint8 RGB or RGBA), nearly without loss, tagged as asked for; sound is int16 at 48000."""
    lossless = {"libx264": {"qp": "0"}, "libx265": {"x265-params": "lossless=1:log-level=none"}}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=lossless.get(codec, {}) if options is None else options)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixel_format
        context = stream.codec_context
        if ticks is not None:
            context.time_base = time_base
        context.colorspace = MATRIX_TAG[matrix] if tag is None else tag
        context.color_range = 2 if full else 1
        context.color_trc, context.color_primaries = transfer, primaries
        if aspect:
            context.sample_aspect_ratio = aspect
        if display_matrix:
            stream.set_display_matrix(display_matrix)
        track = container.add_stream(sound_codec, rate=48000, layout="mono") if sound is not None else None
        for index, picture in enumerate(pictures):
            frame = frame_of(picture, pixel_format, matrix, full)
            frame.pts = index if ticks is None else ticks[index]
            frame.time_base = Fraction(1, rate) if ticks is None else time_base
            frame.color_range, frame.colorspace = context.color_range, context.colorspace
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if track is not None and sound is not None:
            _write_sound(container, track, sound, sound_start)
    return path


def _write_sound(container, track, sound: np.ndarray, start: float) -> None:
    offset = round(start * 48000)
    for place in range(0, len(sound), 1024):
        part = np.ascontiguousarray(sound[None, place : place + 1024])
        frame = av.AudioFrame.from_ndarray(part, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, offset + place, Fraction(1, 48000)
        container.mux(track.encode(frame))
    container.mux(track.encode(None))


def numbered_pictures(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """Pictures whose grey tells their number: 10, 20, 30 ... 240, then again, uint8 (H, W, 3)."""
    return [np.full((height, width, 3), 10 * (index % 24 + 1), np.uint8) for index in range(count)]


def patch_means(picture: np.ndarray, size: int = 32) -> np.ndarray:
    """Mean colour of the middle of each patch, 0..255."""
    scale = 255 if picture.dtype != np.uint8 else 1
    middle = picture[picture.shape[0] // 4 : -picture.shape[0] // 4]
    count = len(PATCHES)
    width = picture.shape[1] / count
    return np.array(
        [
            middle[:, round(width * (index + 0.35)) : round(width * (index + 0.65))].mean((0, 1)) * scale
            for index in range(count)
        ]
    )
