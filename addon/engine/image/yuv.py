# SPDX-License-Identifier: GPL-3.0-or-later
"""Decoded video frames to RGB, by their tags.

FFmpeg's scaler has three traps here: it takes BT.601 for every clip it is not told about, it changes levels
whenever the tags of source and target differ or are missing, and it clips what tone mapping still needs. So it only
upsamples chroma and scales, from YUV to 16-bit YUV of the same levels; matrix and levels are ours, in float.
A code of b bits arrives as code << (16 - b).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

import av
import numpy as np
import numpy.typing as npt
from av.video.plane import VideoPlane
from av.video.reformatter import Interpolation, VideoReformatter

from .hdr import ToneMapper, from_wide

Image = npt.NDArray[np.float32]
Matrix = Literal["bt601", "bt709", "bt2020", "smpte240m"]

_SCALING = int(
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.BITEXACT
)
# Weights of red and blue in luma.
_WEIGHTS: dict[str, tuple[float, float]] = {
    "bt601": (0.299, 0.114),
    "bt709": (0.2126, 0.0722),
    "bt2020": (0.2627, 0.0593),
    "smpte240m": (0.212, 0.087),
}
# Code points of ITU-T H.273.
_MATRIX_TAGS: dict[int, Matrix] = {
    1: "bt709", 4: "bt601", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020", 10: "bt2020",
}  # fmt: skip
_TRANSFER_TAGS = {16: "pq", 18: "hlg"}
_PRIMARIES_TAGS = {9: "bt2020", 11: "p3", 12: "p3"}
_FULL, _LIMITED = 2, 1


@dataclass(frozen=True)
class Coding:
    """How the colours of a clip are coded.

    Attributes:
        matrix: YUV matrix; empty for RGB.
        full_range: Whether codes run from 0 to the top.
        transfer: "sdr", "hlg" or "pq".
        primaries: "bt709" (also for BT.601's, which differ by a few codes), "bt2020" or "p3".
        bits: Of a code.
        has_alpha: The format has an alpha plane.
        guessed: What the clip does not tell and was guessed, in words; empty when nothing was.
    """

    matrix: str
    full_range: bool
    transfer: str
    primaries: str
    bits: int
    has_alpha: bool
    guessed: str = ""

    def words(self) -> str:
        """For a person."""
        levels = "full range" if self.full_range else "limited range"
        return ", ".join(
            filter(None, (self.matrix or "rgb", levels, self.transfer, self.primaries, f"{self.bits} bit"))
        )


def coding_of(frame: av.VideoFrame, *, matrix: str = "auto", levels: str = "auto", transfer: str = "auto") -> Coding:
    """How a frame is coded, by its tags and format.

    Args:
        frame: As decoded.
        matrix: The artist's word instead of the tag.
        levels: The same for "limited" or "full".
        transfer: The same for "sdr", "hlg" or "pq".
    """
    layout = frame.format
    is_rgb = layout.is_rgb or _is_coarse(layout)
    curve = transfer if transfer != "auto" else _TRANSFER_TAGS.get(int(frame.color_trc), "sdr")
    guessed = ""
    found = "" if is_rgb else _MATRIX_TAGS.get(int(frame.colorspace), "")
    if matrix != "auto" and not is_rgb:
        found = matrix
    elif not is_rgb and not found:
        found, guessed = _guessed_matrix(frame, curve)
    is_full = is_rgb or int(frame.color_range) == _FULL or layout.name.startswith(("yuvj", "gray", "ya"))
    if levels != "auto" and not is_rgb:
        is_full = levels == "full"
    wide = _PRIMARIES_TAGS.get(int(frame.color_primaries), "bt2020" if curve != "sdr" else "bt709")
    bits = 8 if _is_coarse(layout) else min(16, max(component.bits for component in layout.components))
    return Coding(found, is_full, curve, wide, bits, _has_alpha(layout), guessed)


def _is_coarse(layout: av.VideoFormat) -> bool:
    return layout.has_palette or max(component.bits for component in layout.components) < 8


def _has_alpha(layout: av.VideoFormat) -> bool:
    return layout.has_palette or any(component.is_alpha for component in layout.components)


def _guessed_matrix(frame: av.VideoFrame, curve: str) -> tuple[str, str]:
    if curve != "sdr" or int(frame.color_primaries) == 9:
        return "bt2020", "the clip does not name its colour matrix; bt2020 goes with its other tags"
    guess = "bt709" if frame.width >= 1280 or frame.height > 576 else "bt601"
    return guess, f"the clip does not name its colour matrix; {guess} is usual for {frame.width}x{frame.height}"


class FrameReader:
    """Turns decoded frames into sRGB pictures of one size.

    Args:
        coding: Of the clip.
        width: Of the result, in pixels, before the clip's rotation.
        height: Of the result.
        peak_nits: For HDR: the brightest light.
        premultiplied: Colours are multiplied by alpha and must be divided by it.
    """

    def __init__(
        self, coding: Coding, width: int, height: int, *, peak_nits: float = 1000.0, premultiplied: bool = False
    ) -> None:
        self.coding = coding
        self._size = (width, height)
        self._premultiplied = premultiplied
        self._scaler = VideoReformatter()
        self._tone_mapper = ToneMapper(coding.transfer, peak_nits) if coding.transfer in ("hlg", "pq") else None
        kind = "gbr" if not coding.matrix else "yuv"
        suffix = {"gbr": ("gbrp16le", "gbrap16le"), "yuv": ("yuv444p16le", "yuva444p16le")}
        self._format = suffix[kind][coding.has_alpha]

    def __call__(self, frame: av.VideoFrame) -> tuple[Image, Image | None]:
        """Picture and alpha of a frame.

        Returns:
            float32 (H, W, 3) sRGB 0..1, and float32 (H, W) 0..1 when the format has alpha.
        """
        planes, top = self._planes(frame)
        if self.coding.matrix:
            image = _from_yuv(planes, self.coding, top)
        else:
            image = np.asarray(np.stack([planes[2], planes[0], planes[1]], 2) / np.float32(top), np.float32)
        alpha = np.clip(planes[3] / np.float32(top), 0, 1).astype(np.float32) if self.coding.has_alpha else None
        if alpha is not None and self._premultiplied:
            image = np.asarray(image / np.maximum(alpha, np.float32(1 / 255))[..., None], np.float32)
        if self._tone_mapper:
            return self._tone_mapper(image), alpha
        image = np.asarray(np.clip(image, 0, 1), np.float32)
        return (from_wide(image, self.coding.primaries) if self.coding.primaries != "bt709" else image), alpha

    def _planes(self, frame: av.VideoFrame) -> tuple[list[Image], float]:
        if _is_coarse(frame.format):
            frame = self._scaler.reformat(frame, format="rgba")
        levels = _FULL if self.coding.full_range else _LIMITED
        width, height = self._size
        scaled = self._scaler.reformat(
            frame, width, height, self._format, interpolation=_SCALING, src_color_range=levels, dst_color_range=levels
        )
        top = ((1 << self.coding.bits) - 1) << (16 - self.coding.bits)
        return [_plane(plane) for plane in scaled.planes], float(top)


def _plane(plane: VideoPlane) -> Image:
    rows = np.frombuffer(memoryview(cast(Any, plane)), np.uint16).reshape(plane.height, plane.line_size // 2)
    return rows[:, : plane.width].astype(np.float32)


def _from_yuv(planes: list[Image], coding: Coding, top: float) -> Image:
    red, blue = _WEIGHTS[coding.matrix]
    green = 1 - red - blue
    if coding.full_range:
        luma, scale = planes[0] / np.float32(top), np.float32(1 / top)
    else:
        luma, scale = (planes[0] - np.float32(16 << 8)) / np.float32(219 << 8), np.float32(1 / (224 << 8))
    cb, cr = ((plane - np.float32(1 << 15)) * scale for plane in planes[1:3])
    image = np.empty((*luma.shape, 3), np.float32)
    image[..., 0] = luma + np.float32(2 * (1 - red)) * cr
    image[..., 2] = luma + np.float32(2 * (1 - blue)) * cb
    image[..., 1] = luma - np.float32(2 * (1 - red) * red / green) * cr - np.float32(2 * (1 - blue) * blue / green) * cb
    return image
