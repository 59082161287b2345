# SPDX-License-Identifier: GPL-3.0-or-later
"""The standards' own figures, and what tone mapping promises: order, highlights, hue and grey are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lineboil.addon.engine.image.clip import Decoder
from lineboil.addon.engine.image.hdr import (
    ToneMapper,
    from_wide,
    hlg_to_scene,
    into_gamut,
    linear_to_srgb,
    nits_to_pq,
    pq_to_nits,
    roll_off,
    srgb_to_linear,
)
from lineboil.addon.engine.image.yuv import FrameReader, coding_of
from movies import write_clip


def grey(signal: list[float]) -> np.ndarray:
    return np.repeat(np.array(signal, np.float32)[None, :, None], 3, 2)


def test_pq_figures_of_the_standard() -> None:
    np.testing.assert_allclose(nits_to_pq([0, 100, 203, 1000, 10000]), [0, 0.5081, 0.5807, 0.7518, 1], atol=2e-4)
    levels = np.array([0.005, 1, 50, 203, 999, 9999])
    np.testing.assert_allclose(pq_to_nits(nits_to_pq(levels)), levels, rtol=1e-9)


def test_hlg_figures_of_the_standard() -> None:
    np.testing.assert_allclose(hlg_to_scene([0, 0.5, 0.75, 1]), [0, 1 / 12, 0.2650, 1], atol=2e-4)


def test_roll_off_keeps_the_shadows_and_ends_at_white() -> None:
    low = np.array([0.0, 1, 10, 26, 60])
    np.testing.assert_allclose(roll_off(low, 1000), low / 203, rtol=1e-6, atol=1e-9)
    assert roll_off(1000, 1000) == pytest.approx(1)
    assert roll_off(4000, 1000) == pytest.approx(1)
    curve = roll_off(np.linspace(0, 1000, 500), 1000)
    assert (np.diff(curve) > 0).all()
    assert 0.7 < roll_off(203, 1000) < 0.9


@pytest.mark.parametrize("transfer", ["hlg", "pq"])
def test_a_ramp_rises_without_clipping_and_stays_grey(transfer) -> None:
    top = 1.0 if transfer == "hlg" else float(nits_to_pq(1000))
    ramp = ToneMapper(transfer, 1000)(grey(list(np.linspace(0, top, 200))))[0]
    assert np.abs(ramp - ramp[:, :1]).max() < 2e-3
    assert (np.diff(ramp[:, 1]) > 0).all()
    assert ramp[0, 0] < 0.004
    assert ramp[-1, 0] > 0.996


@pytest.mark.parametrize(("transfer", "card", "white"), [("hlg", 0.38, 0.75), ("pq", 0.3817, 0.5807)])
def test_a_grey_card_and_white_paper_land_where_sdr_puts_them(transfer, card: float, white: float) -> None:
    # BT.2408: an 18 % card is at 26 nits, diffuse white at 203; an SDR camera puts the card at 0.41.
    found = ToneMapper(transfer, 1000)(grey([card, white]))[0, :, 1]
    assert found[0] == pytest.approx(0.40, abs=0.02)
    assert found[1] == pytest.approx(0.90, abs=0.02)


def test_hue_is_kept_and_strong_colours_keep_their_drawing() -> None:
    # Signals of one BT.709 orange at rising brightness, as HDR codes it.
    orange = np.array([1.0, 0.35, 0.05])
    to_2020 = np.linalg.inv(
        np.array([[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]])
    )
    nits = np.array([5, 20, 60, 200, 500, 900])[:, None] * (to_2020 @ orange)
    found = srgb_to_linear(ToneMapper("pq", 1000)(nits_to_pq(nits).astype(np.float32)[None])[0])
    ratio = found / found[:, :1]
    np.testing.assert_allclose(ratio, np.broadcast_to(orange, ratio.shape), atol=0.02)
    assert (np.diff(found[:, 1]) > 0).all()


def test_colours_outside_srgb_are_pulled_in_with_their_lightness() -> None:
    wild = np.array([[[1.4, -0.2, 0.1], [-0.3, 0.6, 0.2], [0.2, 0.4, 0.6]]], np.float32)
    tame = into_gamut(wild)
    assert tame.min() >= 0
    assert tame.max() <= 1
    luma = np.array([0.2126, 0.7152, 0.0722], np.float32)
    np.testing.assert_allclose(tame @ luma, wild @ luma, atol=1e-5)
    np.testing.assert_allclose(tame[0, 2], wild[0, 2], atol=1e-6)


def test_wide_primaries_keep_white_and_move_red() -> None:
    found = from_wide(np.array([[[1, 1, 1], [0.5, 0.5, 0.5], [0.6, 0.4, 0.4]]], np.float32), "p3")[0]
    np.testing.assert_allclose(found[:2], [[1, 1, 1], [0.5, 0.5, 0.5]], atol=2e-3)
    assert found[2, 0] > 0.61
    assert found[2, 1] < 0.40
    value = np.linspace(0, 1, 50, dtype=np.float32)
    np.testing.assert_allclose(srgb_to_linear(linear_to_srgb(value)), value, atol=1e-5)


@pytest.mark.parametrize(("transfer", "tag", "code"), [("hlg", 18, 0.75), ("pq", 16, 0.5807)])
def test_a_tagged_phone_clip_is_tone_mapped(tmp_path: Path, transfer, tag: int, code: float) -> None:
    picture = np.full((64, 64, 3), round(code * 255), np.uint8)
    clip = write_clip(
        tmp_path / "a.ts", [picture] * 2, codec="libx265", pixel_format="yuv420p10le", matrix="bt2020",
        transfer=tag, primaries=9,
    )  # fmt: skip
    first = next(iter(Decoder(clip).frames()))
    coding = coding_of(first.frame)
    assert (coding.transfer, coding.matrix, coding.primaries, coding.bits) == (transfer, "bt2020", "bt2020", 10)
    image, _ = FrameReader(coding, 64, 64)(first.frame)
    np.testing.assert_allclose(image, 0.90, atol=0.025)
    plain, _ = FrameReader(coding_of(first.frame, transfer="sdr"), 64, 64)(first.frame)
    np.testing.assert_allclose(plain, code, atol=0.2)
    assert plain.mean() < image.mean()
