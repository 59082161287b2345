# SPDX-License-Identifier: GPL-3.0-or-later
"""The dance, in numbers: 72 frames at 24 a second, a beat every 12 frames.

Sound and picture are both made from this file, so steps are heard when they are seen. Frames count from 0; metres and
degrees; positions of feet in the room, of wrists in the chest at rest. Feet land and fingers snap on beats.
"""

from dataclasses import dataclass

FRAME_RATE = 24
FRAME_COUNT = 72
BEATS = (6, 18, 30, 42, 54, 66)
SNAPS = (54, 66)

Keys = tuple[tuple[float, float], ...]
PlaceKeys = tuple[tuple[float, tuple[float, float, float]], ...]


@dataclass(frozen=True)
class Step:
    """A foot that leaves the floor after `start` and lands at `end` on (x, y), lifted by `height` metres between."""

    start: int
    end: int
    x: float
    y: float
    height: float = 0.07


FIRST_FEET = {"left": (0.105, 0.0), "right": (-0.105, 0.0)}
STEPS: dict[str, tuple[Step, ...]] = {
    "left": (Step(-1, 6, 0.270, -0.03), Step(35, 42, 0.090, 0.0), Step(47, 54, 0.170, -0.17, 0.06)),
    "right": (Step(11, 18, 0.045, 0.0), Step(23, 30, -0.200, -0.03), Step(59, 66, -0.070, -0.05, 0.06)),
}
FOOT_YAW = {"left": 10.0, "right": -14.0}

PELVIS_SHIFT: PlaceKeys = (
    (0, (0.02, 0.0, -0.030)),
    (6, (0.120, -0.005, -0.062)),
    (12, (0.165, -0.010, -0.028)),
    (18, (0.150, -0.01, -0.052)),
    (24, (0.080, -0.010, -0.026)),
    (30, (-0.03, -0.01, -0.062)),
    (36, (-0.09, -0.010, -0.028)),
    (42, (-0.06, 0.0, -0.05)),
    (48, (-0.010, -0.01, -0.026)),
    (54, (0.040, -0.05, -0.070)),
    (60, (0.060, -0.06, -0.036)),
    (66, (0.045, -0.06, -0.056)),
    (71, (0.045, -0.06, -0.034)),
)
PELVIS_YAW: Keys = ((0, -8), (12, 6), (24, -10), (36, -16), (48, -6), (54, 16), (66, -10), (71, -12))
PELVIS_ROLL: Keys = ((0, 2), (9, -5), (21, 3), (33, 6), (45, -2), (56, -4), (66, 3), (71, 2))
CHEST_YAW: Keys = ((0, -14), (10, 4), (22, -12), (34, -22), (46, -6), (55, 26), (66, -14), (71, -18))
CHEST_ROLL: Keys = ((0, -3), (9, 6), (21, -4), (33, -7), (45, 3), (56, 5), (66, -4), (71, -3))
CHEST_PITCH: Keys = (
    (0, 2),
    (6, 5),
    (12, 1),
    (18, 5),
    (24, 1),
    (30, 5),
    (36, 1),
    (42, 4),
    (48, 1),
    (54, 8),
    (60, 3),
    (66, 5),
    (71, 2),
)
HEAD_YAW: Keys = ((0, -6), (14, 8), (30, -10), (44, -4), (56, 10), (68, -6))
HEAD_ROLL: Keys = ((0, 3), (12, -6), (24, 5), (36, 7), (48, -2), (57, -5), (68, 5))
HEAD_PITCH: Keys = (
    (0, 0),
    (6, 5),
    (12, -1),
    (18, 5),
    (24, -1),
    (30, 5),
    (36, -1),
    (42, 4),
    (48, 0),
    (54, 7),
    (60, 1),
    (66, 5),
    (71, 0),
)


@dataclass(frozen=True)
class Arm:
    """Keys of one arm: wrist, where the elbow points, where the fingers and the palm point, how far fingers curl."""

    wrist: PlaceKeys
    elbow: PlaceKeys
    fingers: PlaceKeys
    palm: PlaceKeys
    curl: Keys


# The right hand waves for four beats, then sweeps down before the body, snaps there and opens to the side.
_WAVE: PlaceKeys = tuple(
    (frame, (-0.385 + shift, -0.17, 1.60 + lift))
    for frame, shift, lift in (
        (0, 0.0, -0.02),
        (5, -0.065, 0.0),
        (11, 0.055, 0.02),
        (17, -0.065, 0.0),
        (23, 0.055, 0.02),
        (29, -0.06, 0.0),
        (36, 0.03, 0.0),
    )
)
_WAVE_FINGERS: PlaceKeys = tuple(
    (frame, (lean, -0.10, 1.0))
    for frame, lean in ((0, 0.0), (6, -0.50), (12, 0.30), (18, -0.50), (24, 0.30), (30, -0.45), (36, 0.2))
)
ARMS: dict[str, Arm] = {
    "right": Arm(
        wrist=(
            *_WAVE,
            (46, (-0.30, -0.34, 1.22)),
            (54, (0.045, -0.33, 1.215)),
            (58, (0.035, -0.34, 1.225)),
            (66, (-0.43, -0.22, 1.26)),
            (71, (-0.44, -0.21, 1.27)),
        ),
        elbow=((0, (-0.7, 0.25, -1.0)), (36, (-0.7, 0.25, -1.0)), (54, (-0.9, 0.1, -0.55)), (66, (-0.5, 0.5, -0.9))),
        fingers=(*_WAVE_FINGERS, (46, (0.4, -0.7, 0.55)), (54, (0.85, -0.35, 0.45)), (66, (-0.55, -0.45, 0.75))),
        palm=(
            (0, (0.10, -1.0, -0.05)),
            (36, (0.10, -1.0, -0.05)),
            (46, (0.6, 0.2, -0.6)),
            (54, (0.25, 0.75, -0.35)),
            (66, (0.3, -0.9, -0.25)),
        ),
        curl=((0, 8), (36, 10), (48, 30), (54, 38), (66, 10)),
    ),
    "left": Arm(
        wrist=(
            (0, (0.34, -0.14, 1.00)),
            (6, (0.36, -0.02, 0.985)),
            (18, (0.30, -0.25, 1.07)),
            (30, (0.37, 0.0, 0.985)),
            (42, (0.31, -0.24, 1.07)),
            (54, (0.40, 0.05, 1.0)),
            (66, (0.36, -0.20, 1.06)),
            (71, (0.36, -0.20, 1.055)),
        ),
        elbow=((0, (0.7, 0.8, -0.3)),),
        fingers=(
            (0, (0.15, -0.55, -0.9)),
            (18, (0.0, -0.85, -0.35)),
            (30, (0.2, -0.4, -1.0)),
            (42, (0.0, -0.85, -0.35)),
            (54, (0.25, -0.3, -1.0)),
            (66, (0.05, -0.8, -0.4)),
        ),
        palm=((0, (-1.0, 0.1, -0.2)),),
        curl=((0, 22), (18, 34), (30, 20), (42, 34), (54, 18), (66, 30)),
    ),
}
