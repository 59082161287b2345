# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the joints are at rest and which bone hangs from which.

Metres; z up; the figure faces -y, so its left side is +x. At rest the arms hang out at 42 degrees.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector3 = npt.NDArray[np.float64]
SIDES = (("left", 1.0), ("right", -1.0))


@dataclass(frozen=True)
class Bone:
    """A bone: its name, the name of the bone it hangs from ("" for the root), and both ends at rest."""

    name: str
    parent: str
    head: tuple[float, float, float]
    tail: tuple[float, float, float]


SHOULDER = (0.158, 0.022, 1.380)
ARM = (np.cos(np.radians(42.0)), 0.0, -np.sin(np.radians(42.0)))
UPPER_ARM_LENGTH, FOREARM_LENGTH, HAND_LENGTH = 0.272, 0.238, 0.175
HIP, KNEE, ANKLE = (0.088, 0.005, 0.915), (0.094, -0.008, 0.495), (0.100, 0.030, 0.085)
BALL, TOE = (0.112, -0.095, 0.028), (0.118, -0.175, 0.028)
NECK, SKULL, CROWN = (0.0, 0.030, 1.430), (0.0, 0.012, 1.535), (0.0, 0.012, 1.735)


def along_arm(distance: float, across: float = 0.0, forward: float = 0.0) -> tuple[float, float, float]:
    """A place `distance` metres down the left arm from the shoulder, moved `across` up-outward and `forward`."""
    up = (-ARM[2], ARM[0])
    x = SHOULDER[0] + ARM[0] * distance + up[0] * across
    return (float(x), SHOULDER[1] - forward, float(SHOULDER[2] + ARM[2] * distance + up[1] * across))


ELBOW = along_arm(UPPER_ARM_LENGTH)
WRIST = along_arm(UPPER_ARM_LENGTH + FOREARM_LENGTH)

# Fingers: name, place of the knuckle (along the hand, forward), spread in degrees, length of the three joints.
FINGERS: tuple[tuple[str, float, float, float, tuple[float, float, float]], ...] = (
    ("index", 0.086, 0.030, 7.0, (0.038, 0.024, 0.020)),
    ("middle", 0.089, 0.009, 1.0, (0.042, 0.027, 0.021)),
    ("ring", 0.084, -0.011, -5.0, (0.039, 0.025, 0.020)),
    ("little", 0.075, -0.029, -12.0, (0.030, 0.019, 0.018)),
    ("thumb", 0.026, 0.030, 46.0, (0.036, 0.030, 0.023)),
)


def finger_joints(place: float, forward: float, spread: float, lengths: tuple[float, ...]) -> list[tuple[float, ...]]:
    """The four joint places of a left finger at rest."""
    hand = UPPER_ARM_LENGTH + FOREARM_LENGTH
    joints = [(place, forward)]
    for length in lengths:
        last = joints[-1]
        turn = np.radians(spread)
        joints.append((last[0] + length * float(np.cos(turn)), last[1] + length * float(np.sin(turn))))
    return [along_arm(hand + a, 0.0, b) for a, b in joints]


def mirror(place: tuple[float, ...], side: float) -> tuple[float, float, float]:
    """A left place on the given side."""
    return (place[0] * side, place[1], place[2])


def _trunk() -> list[Bone]:
    return [
        Bone("pelvis", "", (0.0, 0.010, 0.930), (0.0, 0.010, 1.050)),
        Bone("belly", "pelvis", (0.0, 0.010, 1.050), (0.0, 0.015, 1.190)),
        Bone("chest", "belly", (0.0, 0.015, 1.190), NECK),
        Bone("neck", "chest", NECK, SKULL),
        Bone("head", "neck", SKULL, CROWN),
    ]


def _limbs(name: str, side: float) -> list[Bone]:
    half = along_arm(UPPER_ARM_LENGTH + FOREARM_LENGTH * 0.5)
    hand_end = along_arm(UPPER_ARM_LENGTH + FOREARM_LENGTH + 0.085)
    chain = [
        ("clavicle", "chest", (0.025, 0.015, 1.400), SHOULDER),
        ("upper_arm", "clavicle", SHOULDER, ELBOW),
        ("forearm", "upper_arm", ELBOW, half),
        ("forearm_twist", "forearm", half, WRIST),
        ("hand", "forearm_twist", WRIST, hand_end),
        ("thigh", "pelvis", HIP, KNEE),
        ("shin", "thigh", KNEE, ANKLE),
        ("foot", "shin", ANKLE, BALL),
        ("toes", "foot", BALL, TOE),
    ]
    for finger, place, forward, spread, lengths in FINGERS:
        joints = finger_joints(place, forward, spread, lengths)
        for number in range(3):
            parent = f"{finger}_{number}" if number else "hand"
            chain.append((f"{finger}_{number + 1}", parent, joints[number], joints[number + 1]))
    trunk = ("pelvis", "chest")
    return [
        Bone(
            f"{bone}.{name}", parent if parent in trunk else f"{parent}.{name}", mirror(head, side), mirror(tail, side)
        )
        for bone, parent, head, tail in chain
    ]


BONES: tuple[Bone, ...] = tuple(_trunk() + [bone for name, side in SIDES for bone in _limbs(name, side)])
