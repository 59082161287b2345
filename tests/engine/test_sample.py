# SPDX-License-Identifier: GPL-3.0-or-later
"""The clip that the repository ships: small, whole, in sync, and good for the person networks."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from lineboil.addon.engine.models.person.detector import PERSON, Detector

FRAME_RATE = 24
LANDINGS = (6, 18, 30, 42, 54, 66)  # frames, from 0: what a thud is heard on
SNAPS = (54, 66)


@pytest.fixture(scope="module")
def clip(repository: Path) -> Path:
    return repository / "samples" / "performer.mp4"


@pytest.fixture(scope="module")
def pictures(clip: Path) -> list[np.ndarray]:
    with av.open(str(clip)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def sound(clip: Path) -> np.ndarray:
    """48 kHz mono, from the time of the first picture on."""
    with av.open(str(clip)) as container:
        blocks = [(block.pts, block.to_ndarray()[0]) for block in container.decode(audio=0)]
    start = blocks[0][0]
    joined = np.concatenate([samples for _, samples in blocks])
    return np.pad(joined, (start, 0)) if start >= 0 else joined[-start:]


def test_sample_is_small_and_tagged(clip: Path) -> None:
    assert clip.stat().st_size < 1_000_000
    with av.open(str(clip)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.width, video.height) == (640, 360)
        assert video.average_rate == Fraction(FRAME_RATE)
        assert video.codec_context.name == "h264"
        assert (video.codec_context.colorspace, video.codec_context.color_primaries) == (1, 1)
        assert audio.rate == 48000


def test_sample_lasts_three_seconds(pictures: list[np.ndarray], sound: np.ndarray) -> None:
    assert len(pictures) == 3 * FRAME_RATE
    assert abs(len(sound) / 48000 - 3) < 0.05


def rise(sound: np.ndarray, seconds: float, low: float, high: float) -> float:
    """How many times louder the band low..high Hz is in the 40 ms after a moment than in the 40 ms before it."""
    half = int(0.04 * 48000)
    middle = round(seconds * 48000)
    spans = (sound[middle - half : middle], sound[middle : middle + half])
    hertz = np.fft.rfftfreq(half, 1 / 48000)
    before, after = (np.square(np.abs(np.fft.rfft(span))[(hertz >= low) & (hertz <= high)]).sum() for span in spans)
    return float(after / (before + 1e-3))


def level(sound: np.ndarray, frame: int, low: float, high: float) -> float:
    """Energy of the band low..high Hz in the 40 ms from the frame on."""
    half = int(0.04 * 48000)
    start = round(frame / FRAME_RATE * 48000)
    power = np.square(np.abs(np.fft.rfft(sound[start : start + half])))
    hertz = np.fft.rfftfreq(half, 1 / 48000)
    return float(power[(hertz >= low) & (hertz <= high)].sum())


def test_steps_and_snaps_are_heard_on_their_frames(sound: np.ndarray) -> None:
    for frame in LANDINGS:
        assert rise(sound, frame / FRAME_RATE - 0.005, 40, 180) > 20
        assert rise(sound, frame / FRAME_RATE - 0.080, 40, 180) < 2
    for frame in SNAPS:
        assert level(sound, frame, 1800, 3800) > 5 * max(level(sound, other, 1800, 3800) for other in LANDINGS[:4])


def test_feet_land_when_the_thud_is_heard(pictures: list[np.ndarray]) -> None:
    """The floor round the feet changes while a foot travels and rests just after it lands."""
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[312:350].astype(np.float32) for picture in pictures]
    change = [float(np.abs(after - before).mean()) for before, after in zip(grey, grey[1:], strict=False)]
    for frame in LANDINGS[:4]:
        travelling, resting = np.mean(change[frame - 4 : frame - 2]), np.mean(change[frame : frame + 3])
        assert travelling > 1.5 * resting


def test_the_person_is_found_on_every_sampled_frame(pictures: list[np.ndarray]) -> None:
    detector = Detector(PERSON)
    for picture in pictures[::8]:
        assert detector(picture).best_score > 0.7
