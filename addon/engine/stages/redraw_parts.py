# SPDX-License-Identifier: GPL-3.0-or-later
"""Which region of a key is drawn again: a part of a person by its landmarks, or a mask the artist has painted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import InputError, MissingError, SettingError
from ..image import files
from ..image.region import Mask, Points, around_points, resized
from ..models.person.landmarks import Landmarks, load_landmarks
from ..schema.pose import FILE as LANDMARKS
from .context import StageContext

PARTS = ("face", "head", "hands", "left_hand", "right_hand", "character")
_GROW = {"face": 0.15, "head": 0.55, "hands": 0.2, "left_hand": 0.2, "right_hand": 0.2}
_SHAPE_TOLERANCE = 0.02


def part_mask(context: StageContext, frame: int, part: str) -> Mask:
    """A part of everybody in a frame, float32 (H, W) of the footage's size, 0..1.

    Args:
        context: Of a stage that comes after pose and matte.
        frame: From 1.
        part: One of `PARTS`.

    Raises:
        SettingError: There is no such part.
        MissingError: Nobody was looked for.
        InputError: The part is not seen in this frame.
    """
    if part not in PARTS:
        raise SettingError(f'there is no part "{part}"', remedy="There are: " + ", ".join(PARTS) + ".")
    if part == "character":
        return _character(context, frame)
    path = context.file(LANDMARKS)
    if not path.is_file():
        raise MissingError(
            "nobody was looked for in this shot", where=str(path), remedy="Run the pose stage, or paint a mask."
        )
    size = (context.footage.width, context.footage.height)
    mask = around_points(_groups(load_landmarks(path), frame, part), size, _GROW[part])
    if not mask.any():
        raise InputError(f"no {part.replace('_', ' ')} is seen in frame {frame}", remedy="Paint a mask instead.")
    return mask


def _groups(found: Landmarks, frame: int, part: str) -> list[Points]:
    at = frame - 1
    groups: list[Points] = []
    for person in range(found.people):
        if part in ("face", "head"):
            groups.append(found.face[person, at, :, :2])
        hands = {"hands": (0, 1), "left_hand": (0,), "right_hand": (1,)}.get(part, ())
        groups += [found.hands[person, at, side, :, :2] for side in hands]
    return groups


def _character(context: StageContext, frame: int) -> Mask:
    if not context.is_enabled("matte"):
        raise MissingError("the character is not told from the rest", remedy="Turn the matte on, or paint a mask.")
    return (context.read_grey("matte", frame) > 0.5).astype(np.float32)


def painted_mask(path: Path, size: tuple[int, int]) -> Mask:
    """A mask the artist has painted, float32 (H, W), 0..1: white is drawn again.

    Args:
        path: A picture of the size of the frames, or of their shape.
        size: Width and height that are wanted.

    Raises:
        InputError: Missing, damaged, or of another shape.
    """
    mask = files.read_grey(path)
    shape = mask.shape[1] / mask.shape[0] / (size[0] / size[1])
    if abs(shape - 1) > _SHAPE_TOLERANCE:
        raise InputError(
            f"is {mask.shape[1]}x{mask.shape[0]} pixels, the frames are {size[0]}x{size[1]}",
            where=str(path),
            remedy="Paint the mask over a picture of the shot.",
        )
    return np.asarray(resized(mask, size), np.float32)
