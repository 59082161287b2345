# SPDX-License-Identifier: GPL-3.0-or-later
"""From the numbers of the dance to a rotation for every bone: trunk by angles, arms and legs by two-bone solving."""

import numpy as np
import numpy.typing as npt

from . import motion
from .curves import value_at, vector_at
from .skeleton import (
    ANKLE,
    ARM,
    BONES,
    ELBOW,
    FINGERS,
    HIP,
    KNEE,
    SHOULDER,
    SIDES,
    WRIST,
    finger_joints,
    mirror,
)

Array = npt.NDArray[np.float64]
HEEL_LIFT_DEGREES = 28.0


class Pose:
    """Rotations (3, 3) and places (3,) of the bones in the room; a place is where the bone's rest head went."""

    def __init__(self) -> None:
        """Start with nothing posed."""
        self.turns: dict[str, Array] = {}
        self.heads: dict[str, Array] = {}

    def hang(self, name: str, turn: Array) -> None:
        """Pose a bone whose parent is posed; its head follows the parent."""
        self.turns[name] = turn
        bone = BY_NAME[name]
        self.heads[name] = self.carried(bone.parent, np.asarray(bone.head))

    def carried(self, name: str, rest: Array) -> Array:
        """Where the bone takes a place that it carries at rest."""
        return self.heads[name] + self.turns[name] @ (rest - np.asarray(BY_NAME[name].head))

    def local_turn(self, name: str) -> Array:
        """The bone's rotation relative to its parent, in the axes of the rest pose."""
        parent = BY_NAME[name].parent
        return self.turns[parent].T @ self.turns[name] if parent else self.turns[name]


BY_NAME = {bone.name: bone for bone in BONES}


def turn_about(axis: Array, degrees: float) -> Array:
    """Rotation (3, 3) about an axis."""
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def trunk_turn(yaw: float, pitch: float, roll: float) -> Array:
    """Yaw turns the front to the figure's left, pitch bows forward, roll leans to its left."""
    x, y, z = np.eye(3)
    return turn_about(z, yaw) @ turn_about(x, pitch) @ turn_about(y, roll)


def frame_of(direction: Array, side: Array) -> Array:
    """Right-handed axes (columns): `direction`, the part of `side` square to it, and their cross product."""
    first = direction / np.linalg.norm(direction)
    second = side - first * (side @ first)
    second /= np.linalg.norm(second)
    return np.column_stack([first, second, np.cross(first, second)])


def pose_at(frame: float) -> Pose:
    """The whole figure at a frame of the dance."""
    pose = Pose()
    _pose_trunk(pose, frame)
    for side, sign in SIDES:
        _pose_arm(pose, side, sign, frame)
        _pose_leg(pose, side, sign, frame)
    return pose


def _pose_trunk(pose: Pose, frame: float) -> None:
    pelvis = trunk_turn(value_at(motion.PELVIS_YAW, frame), 0.0, value_at(motion.PELVIS_ROLL, frame))
    yaw, pitch, roll = (value_at(keys, frame) for keys in (motion.CHEST_YAW, motion.CHEST_PITCH, motion.CHEST_ROLL))
    chest = trunk_turn(yaw, pitch, roll)
    look = trunk_turn(*(value_at(keys, frame) for keys in (motion.HEAD_YAW, motion.HEAD_PITCH, motion.HEAD_ROLL)))
    pose.turns["pelvis"] = pelvis
    pose.heads["pelvis"] = np.asarray(BY_NAME["pelvis"].head) + vector_at(motion.PELVIS_SHIFT, frame)
    pose.hang("belly", _between(pelvis, chest, 0.5))
    pose.hang("chest", chest)
    pose.hang("neck", _between(chest, look, 0.5))
    pose.hang("head", look)


def _between(a: Array, b: Array, part: float) -> Array:
    """The rotation `part` of the way from `a` to `b`."""
    change = a.T @ b
    angle = np.degrees(np.arccos(np.clip((np.trace(change) - 1) / 2, -1, 1)))
    axis = np.array([change[2, 1] - change[1, 2], change[0, 2] - change[2, 0], change[1, 0] - change[0, 1]])
    return a if angle < 1e-6 else a @ turn_about(axis, angle * part)


def bend(start: Array, target: Array, lengths: tuple[float, float], pole: Array) -> tuple[Array, Array]:
    """Middle joint and reachable end of a two-bone limb whose middle joint points toward `pole`."""
    reach = target - start
    distance = float(np.clip(np.linalg.norm(reach), 0.2 * sum(lengths), 0.998 * sum(lengths)))
    axes = frame_of(reach, pole)
    along = (distance**2 + lengths[0] ** 2 - lengths[1] ** 2) / (2 * distance)
    out = np.sqrt(max(lengths[0] ** 2 - along**2, 0.0))
    return start + axes[:, 0] * along + axes[:, 1] * out, start + axes[:, 0] * distance


def _limb_turns(
    rest: tuple[Array, Array, Array], posed: tuple[Array, Array, Array], rest_pole: Array, pole: Array
) -> tuple[Array, Array]:
    upper = frame_of(posed[1] - posed[0], pole) @ frame_of(rest[1] - rest[0], rest_pole).T
    lower = frame_of(posed[2] - posed[1], pole) @ frame_of(rest[2] - rest[1], rest_pole).T
    return upper, lower


def _pose_arm(pose: Pose, side: str, sign: float, frame: float) -> None:
    arm = motion.ARMS[side]
    chest = pose.turns["chest"]
    wrist = pose.carried("chest", vector_at(arm.wrist, frame))
    raised = np.clip((wrist[2] - 1.30) / 0.35, 0, 1)
    pose.hang(f"clavicle.{side}", chest @ turn_about(np.array([0, 1.0, 0]), -sign * 14.0 * raised))
    shoulder = pose.carried(f"clavicle.{side}", np.asarray(mirror(SHOULDER, sign)))
    rest = tuple(np.asarray(mirror(place, sign)) for place in (SHOULDER, ELBOW, WRIST))
    lengths = (float(np.linalg.norm(rest[1] - rest[0])), float(np.linalg.norm(rest[2] - rest[1])))
    pole = chest @ vector_at(arm.elbow, frame)
    elbow, end = bend(shoulder, wrist, lengths, pole)
    turns = _limb_turns(
        (rest[0], rest[1], rest[2]), (shoulder, elbow, end), np.array([0, 1.0, 0]), elbow - (shoulder + end) / 2
    )
    pose.hang(f"upper_arm.{side}", turns[0])
    pose.hang(f"forearm.{side}", turns[1])
    _pose_hand(pose, side, sign, frame)


def _pose_hand(pose: Pose, side: str, sign: float, frame: float) -> None:
    arm = motion.ARMS[side]
    chest, forearm = pose.turns["chest"], pose.turns[f"forearm.{side}"]
    rest_fingers, rest_palm = np.asarray(mirror(ARM, sign)), np.asarray(mirror((ARM[2], 0.0, -ARM[0]), sign))
    posed = frame_of(chest @ vector_at(arm.fingers, frame), chest @ vector_at(arm.palm, frame))
    hand = posed @ frame_of(rest_fingers, rest_palm).T
    axis = forearm @ rest_fingers
    palm_before, palm_after = forearm @ rest_palm, hand @ rest_palm
    flat = palm_after - axis * (palm_after @ axis)
    twist = np.degrees(np.arctan2(np.cross(palm_before, flat) @ axis, palm_before @ flat))
    pose.turns[f"forearm.{side}"] = turn_about(axis, 0.35 * twist) @ forearm
    pose.hang(f"forearm_twist.{side}", turn_about(axis, 0.85 * twist) @ forearm)
    pose.hang(f"hand.{side}", hand)
    for name, place, forward, spread, lengths in FINGERS:
        joints = [np.asarray(mirror(joint, sign)) for joint in finger_joints(place, forward, spread, lengths)]
        hinge = np.cross(joints[1] - joints[0], rest_palm)
        curl = value_at(arm.curl, frame) * (0.45 if name == "thumb" else 1.25 if name in ("ring", "little") else 1.0)
        for number in (1, 2, 3):
            pose.hang(f"{name}_{number}.{side}", hand @ turn_about(hinge, curl * number * 0.8))


def _pose_leg(pose: Pose, side: str, sign: float, frame: float) -> None:
    place, lift, pitch = foot_at(side, frame)
    yaw = turn_about(np.array([0, 0, 1.0]), motion.FOOT_YAW[side])
    foot = yaw @ turn_about(np.array([1.0, 0, 0]), pitch)
    rest = tuple(np.asarray(mirror(joint, sign)) for joint in (HIP, KNEE, ANKLE))
    sole = np.array([rest[2][0], 0.0, 0.0])
    ankle = np.array([place[0], place[1], lift]) + foot @ (rest[2] - sole)
    hip = pose.carried("pelvis", rest[0])
    lengths = (float(np.linalg.norm(rest[1] - rest[0])), float(np.linalg.norm(rest[2] - rest[1])))
    forward = yaw @ np.array([0.12 * sign, -1.0, 0.0])
    knee, end = bend(hip, ankle, lengths, forward)
    thigh, shin = _limb_turns((rest[0], rest[1], rest[2]), (hip, knee, end), np.array([0, -1.0, 0]), forward)
    pose.hang(f"thigh.{side}", thigh)
    pose.hang(f"shin.{side}", shin)
    pose.hang(f"foot.{side}", foot)
    pose.hang(f"toes.{side}", yaw @ turn_about(np.array([1.0, 0, 0]), pitch * 0.4))


def foot_at(side: str, frame: float) -> tuple[tuple[float, float], float, float]:
    """Place (x, y) of a foot on the floor, its height in metres and its pitch in degrees (toes down)."""
    x, y = motion.FIRST_FEET[side]
    for step in motion.STEPS[side]:
        if frame >= step.end:
            x, y = step.x, step.y
        elif frame > step.start:
            t = (frame - step.start) / (step.end - step.start)
            ease = t * t * (3 - 2 * t)
            arc = np.sin(np.pi * t) ** 1.2
            return (
                (x + (step.x - x) * ease, y + (step.y - y) * ease),
                float(step.height * arc),
                float(HEEL_LIFT_DEGREES * np.sin(2 * np.pi * t) * 0.5 + 8 * arc),
            )
    return (x, y), 0.0, 0.0
