# SPDX-License-Identifier: GPL-3.0-or-later
"""The film of a shot: right frames, right times, alpha from the matte, sound against picture, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import Recorder
from lineboil.addon.engine import pipeline
from lineboil.addon.engine import shot as shots
from lineboil.addon.engine.image.clip import Decoder, opened
from lineboil.addon.engine.image.sound import PlacedSound
from lineboil.addon.engine.image.video import probe
from lineboil.addon.engine.image.yuv import FrameReader, coding_of
from lineboil.addon.engine.shot import Shot, key_and_value
from lineboil.addon.engine.state import ShotState
from movies import write_clip

PLAIN = ("matte.engine=alpha", "diffuse.engine=off", "upscale.engine=off", "footage.multiple=1")


def run(shot: Shot) -> Recorder:
    recorder = Recorder()
    pipeline.run(Shot(shot.root), recorder, stage="encode")
    return recorder


def make(folder: Path, clip: Path, *settings: str) -> Shot:
    values = dict(key_and_value(text) for text in (*PLAIN, *settings))
    root = folder / "my shot"
    shot = shots.create(root, {"footage.source": shots.relative_text(clip, root), **values})
    run(shot)
    return shot


def see_through(index: int, height: int = 48, width: int = 64) -> np.ndarray:
    """A disc that moves on half-transparent ground; its grey tells the frame."""
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., :3] = 20 * index + 10
    picture[..., 3] = 60
    cv2.circle(picture, (20 + 2 * index, height // 2), 12, (20 * index + 10, 20 * index + 10, 20 * index + 10, 255), -1)
    return picture


def clip_of(folder: Path, count: int = 10, **options) -> Path:
    pictures = [see_through(index) for index in range(count)]
    return write_clip(folder / "a.mov", pictures, codec="png", pixel_format="rgba", **options)


def pictures_of(film: Path) -> list[tuple[float, np.ndarray, np.ndarray | None]]:
    found = []
    for frame in Decoder(film).frames():
        reader = FrameReader(coding_of(frame.frame), frame.frame.width, frame.frame.height)
        found.append((frame.seconds, *reader(frame.frame)))
    return found


def test_h264_of_the_frames(tmp_path: Path) -> None:
    shot = make(tmp_path, clip_of(tmp_path))
    film = shot.root / "my shot.mp4"
    found = pictures_of(film)
    np.testing.assert_allclose([seconds for seconds, _, _ in found], np.arange(10) / 25, atol=1e-6)
    np.testing.assert_allclose([image.mean() * 255 for _, image, _ in found], np.arange(10) * 20 + 10, atol=2)
    assert found[0][2] is None
    assert probe(film).sound_codec == ""
    assert ShotState(Shot(shot.root)).report("encode").standing == "done"
    before = film.stat().st_mtime_ns
    run(shot)
    assert film.stat().st_mtime_ns == before


def test_prores_has_the_matte_as_alpha(tmp_path: Path) -> None:
    shot = make(tmp_path, clip_of(tmp_path), "encode.codec=prores4444")
    found = pictures_of(shot.root / "my shot.mov")
    for index, (_, image, alpha) in enumerate(found):
        matte = cv2.imread(str(shot.root / "matte" / f"{index + 1:06d}.png"), cv2.IMREAD_UNCHANGED)
        matte = matte.astype(np.float64) / (65535 if matte.dtype == np.uint16 else 255)
        assert alpha is not None
        assert np.abs(alpha - matte).max() < 0.01
        assert image.mean() * 255 == pytest.approx(index * 20 + 10, abs=2)


def test_varying_times_and_sound_stay_together(tmp_path: Path) -> None:
    ticks = [0, 24, 60, 84, 144, 168, 192, 276, 300, 324]
    sound = np.zeros(28800, np.int16)
    sound[round(0.24 * 48000) :][:480] = 20000
    clip = clip_of(tmp_path, ticks=ticks, sound=sound)
    shot = make(tmp_path, clip)
    film = shot.root / "my shot.mp4"
    found = pictures_of(film)
    np.testing.assert_allclose([seconds for seconds, _, _ in found], np.array(ticks) / 600, atol=1e-5)
    with opened(film) as container:
        samples = np.concatenate(list(PlacedSound(container, 0.0, 9.0).chunks("s16")))[:, 0].astype(int)
    heard = np.argmax(np.abs(samples) > 5000) / 48000
    assert heard == pytest.approx(0.24, abs=0.003)
    assert found[4][0] == pytest.approx(heard, abs=0.003)
    shot.change({"encode.timing": "constant", "encode.sound": False})
    run(shot)
    even = pictures_of(film)
    steps = np.diff([seconds for seconds, _, _ in even])
    assert np.ptp(steps) < 1e-4
    assert probe(film).sound_codec == ""


def test_a_damaged_frame_is_made_anew_before_the_film(tmp_path: Path) -> None:
    shot = make(tmp_path, clip_of(tmp_path))
    frame = shot.root / "frames" / "000004.png"
    whole = frame.read_bytes()
    frame.write_bytes(whole[:80])
    recorder = run(shot)
    assert frame.read_bytes() == whole
    assert any("000004" in message.text for message in recorder.messages if message.kind == "warning")
