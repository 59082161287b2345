# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours of known patches come out of every coding, and tags are followed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lineboil.addon.engine.image.clip import Decoder
from lineboil.addon.engine.image.yuv import FrameReader, coding_of
from movies import PATCHES, frame_of, patch_means, patch_picture, write_clip


def read_first(path: Path, size: tuple[int, int] | None = None, **words: str):
    first = next(iter(Decoder(path).frames()))
    coding = coding_of(first.frame, **words)
    width, height = size or (first.frame.width, first.frame.height)
    image, alpha = FrameReader(coding, width, height)(first.frame)
    return coding, image, alpha


@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv444p", "yuv422p10le", "yuv420p10le"])
def test_patches_by_matrix_levels_and_depth(tmp_path: Path, matrix: str, full: bool, pixel_format: str) -> None:
    clip = write_clip(
        tmp_path / "a.mkv", [patch_picture()], codec="ffv1", pixel_format=pixel_format, matrix=matrix, full=full
    )
    coding, image, alpha = read_first(clip)
    assert (coding.matrix, coding.full_range, alpha) == (matrix, full, None)
    assert coding.bits == (10 if "10" in pixel_format else 8)
    assert image.dtype == np.float32
    np.testing.assert_allclose(patch_means(image), PATCHES, atol=0.6 if coding.bits == 10 else 2.0)


def test_patches_survive_scaling(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mkv", [patch_picture()], codec="ffv1", pixel_format="yuv420p", matrix="bt601")
    _, image, _ = read_first(clip, (96, 24))
    assert image.shape == (24, 96, 3)
    np.testing.assert_allclose(patch_means(image), PATCHES, atol=2.0)


def test_h264_tags_in_mp4(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", [patch_picture()], matrix="bt601", full=True)
    coding, image, _ = read_first(clip)
    assert (coding.matrix, coding.full_range) == ("bt601", True)
    np.testing.assert_allclose(patch_means(image), PATCHES, atol=2.0)


@pytest.mark.parametrize(("width", "expected"), [(32, "bt601"), (240, "bt709")])
def test_an_untagged_clip_is_guessed_by_its_size_and_says_so(tmp_path: Path, width: int, expected: str) -> None:
    clip = write_clip(
        tmp_path / "a.mkv", [patch_picture(48, width)], codec="ffv1", pixel_format="yuv444p", matrix=expected, tag=2
    )
    coding, image, _ = read_first(clip)
    assert coding.matrix == expected
    assert expected in coding.guessed
    np.testing.assert_allclose(patch_means(image, width), PATCHES, atol=2.0)


def test_the_artist_has_the_last_word(tmp_path: Path) -> None:
    clip = write_clip(
        tmp_path / "a.mkv", [patch_picture()], codec="ffv1", pixel_format="yuv444p", matrix="bt601", full=True, tag=1
    )
    _, wrong, _ = read_first(clip)
    assert np.abs(patch_means(wrong) - PATCHES).max() > 8
    coding, right, _ = read_first(clip, matrix="bt601", levels="full")
    assert coding.guessed == ""
    np.testing.assert_allclose(patch_means(right), PATCHES, atol=2.0)


@pytest.mark.parametrize(
    ("codec", "pixel_format", "name"),
    [("png", "rgb24", "a.mov"), ("ffv1", "gbrp10le", "a.mkv"), ("ffv1", "bgr0", "a.mkv")],
)
def test_rgb_clips(tmp_path: Path, codec: str, pixel_format: str, name: str) -> None:
    clip = write_clip(tmp_path / name, [patch_picture()], codec=codec, pixel_format=pixel_format, tag=0, full=True)
    coding, image, _ = read_first(clip)
    assert coding.matrix == ""
    np.testing.assert_allclose(patch_means(image), PATCHES, atol=1.0)


def test_alpha_and_premultiplied_colours() -> None:
    picture = np.dstack([patch_picture(), np.full((48, 192), 102, np.uint8)])
    frame = frame_of(picture, "rgba")
    coding = coding_of(frame)
    image, alpha = FrameReader(coding, 192, 48)(frame)
    assert alpha is not None
    np.testing.assert_allclose(alpha, 0.4, atol=0.002)
    np.testing.assert_allclose(patch_means(image), PATCHES, atol=0.6)
    dark = picture.copy()
    dark[..., :3] = np.rint(dark[..., :3] * 0.4)
    again, _ = FrameReader(coding, 192, 48, premultiplied=True)(frame_of(dark, "rgba"))
    np.testing.assert_allclose(patch_means(again), PATCHES, atol=2.0)


def test_grey_palette_and_coarse_formats() -> None:
    grey = np.full((16, 16, 3), 90, np.uint8)
    for pixel_format, tolerance in (("gray", 0.6), ("gray10le", 0.6), ("rgb565le", 5.0), ("gbrpf32le", 0.6)):
        frame = frame_of(grey, pixel_format)
        image, _ = FrameReader(coding_of(frame), 16, 16)(frame)
        np.testing.assert_allclose(image * 255, 90, atol=tolerance, err_msg=pixel_format)


def test_wide_colours_come_into_srgb(tmp_path: Path) -> None:
    white = np.full((16, 16, 3), 255, np.uint8)
    clip = write_clip(
        tmp_path / "a.mkv", [white], codec="ffv1", matrix="bt2020", transfer=14, primaries=9, pixel_format="yuv444p10le"
    )
    coding, image, _ = read_first(clip)
    assert coding.primaries == "bt2020"
    np.testing.assert_allclose(image, 1, atol=0.004)
