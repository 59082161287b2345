# SPDX-License-Identifier: GPL-3.0-or-later
"""The clip's sound: a thud for each step, a snap for each snap of the fingers, brushed off-beats and a plucked tune.

Mono float32 at `SAMPLE_RATE`; everything starts on the frame where it is seen (see `motion`).
"""

import numpy as np
import numpy.typing as npt

from .motion import BEATS, FRAME_COUNT, FRAME_RATE, SNAPS

SAMPLE_RATE = 48000
LEVEL = 0.7
Samples = npt.NDArray[np.float32]

# Semitones above A3, for every half beat from the first beat on; None is a rest.
TUNE: tuple[int | None, ...] = (3, 7, 10, 7, 12, None, 10, 7, 5, 8, 12)
BASS: tuple[int, ...] = (-21, -21, -16, -16, -14, -21)


def make_sound() -> Samples:
    """The whole track (S,), as long as the picture, within -1..1."""
    track = np.zeros(FRAME_COUNT * SAMPLE_RATE // FRAME_RATE, np.float32)
    half_beat = (BEATS[1] - BEATS[0]) / 2
    for beat, note in zip(BEATS, BASS, strict=True):
        _add(track, beat, thud(), 0.95)
        _add(track, beat, pluck(note, 0.6), 0.35)
        _add(track, beat + half_beat, brush(), 0.10)
    for number, note in enumerate(TUNE):
        if note is not None:
            _add(track, BEATS[0] + number * half_beat, pluck(note, 0.9), 0.22)
    for frame in SNAPS:
        _add(track, frame, snap(), 0.55)
    fade = np.linspace(1, 0, SAMPLE_RATE // 12, dtype=np.float32)
    track[-len(fade) :] *= fade
    return track * np.float32(LEVEL / np.abs(track).max())


def _add(track: Samples, frame: float, sound: Samples, level: float) -> None:
    start = round(frame * SAMPLE_RATE / FRAME_RATE)
    room = min(len(sound), len(track) - start)
    track[start : start + room] += sound[:room] * np.float32(level)


def _times(seconds: float) -> Samples:
    return np.arange(int(seconds * SAMPLE_RATE), dtype=np.float32) / np.float32(SAMPLE_RATE)


def thud() -> Samples:
    """A rubber sole on boards: a falling low tone with a short knock."""
    t = _times(0.22)
    tone = np.sin(2 * np.pi * (62 * t + 3.2 * (1 - np.exp(-t / 0.02)))) * np.exp(-t / 0.055)
    knock = np.random.default_rng(11).normal(size=len(t)) * np.exp(-t / 0.006)
    return (tone + 0.35 * knock).astype(np.float32)


def snap() -> Samples:
    """Fingers: bright noise about 2 kHz, gone in 30 ms."""
    t = _times(0.12)
    noise = np.random.default_rng(5).normal(size=len(t))
    ring = np.sin(2 * np.pi * 2100 * t) + 0.6 * np.sin(2 * np.pi * 3350 * t)
    return ((0.5 * noise * np.exp(-t / 0.006) + ring * np.exp(-t / 0.014)) * 0.7).astype(np.float32)


def brush() -> Samples:
    """A brush on a snare: thin noise."""
    t = _times(0.08)
    noise = np.diff(np.random.default_rng(2).normal(size=len(t) + 1))
    return (noise * np.exp(-t / 0.02) * (1 - np.exp(-t / 0.003))).astype(np.float32)


def pluck(semitones: int, seconds: float) -> Samples:
    """A soft plucked string at 220 Hz times 2^(semitones / 12), by decaying harmonics."""
    t = _times(seconds)
    pitch = 220.0 * 2 ** (semitones / 12)
    tone = sum(np.sin(2 * np.pi * pitch * n * t) / n**1.6 * np.exp(-t * (3.5 + 2.2 * n)) for n in range(1, 7))
    return (tone * (1 - np.exp(-t / 0.002))).astype(np.float32)
