# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks of the people of a shot, as they are kept in `pose/landmarks.npz`."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...cache import write_atomic
from ...errors import InputError, MissingError
from ..litert import Floats

_BINOMIAL = np.array([1.0, 4.0, 6.0, 4.0, 1.0])
_STAMP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Landmarks:
    """P people over N frames; index 0 is frame 1. NaN where something is absent.

    Points follow the program's convention: a pixel's centre is at whole numbers. Boxes are edges, ready for slicing.

    Attributes:
        body: (P, N, 33, 3) x, y, z in pixels of the footage; z towards the back, 0 at the hips.
        body_visibility: (P, N, 33) 0..1.
        body_world: (P, N, 33, 3) metres about the mid hip; x right, y down, z back.
        body_score: (P, N) 0..1.
        hands: (P, N, 2, 21, 3) pixels; 0 is the person's left hand.
        hands_world: (P, N, 2, 21, 3) metres.
        hand_score: (P, N, 2) 0..1, also where the hand was refused.
        face: (P, N, 468, 3) pixels.
        face_score: (P, N) 0..1, also where the face was refused.
        pupils: (P, N, 2, 2) pixels; 0 is the person's left eye.
        boxes: (P, N, 4) left, top, right, bottom in pixels, padded, inside the picture, steady in time.
        back_view: (P, N) bool.
        detector_score: (N,) best raw score of the person detector on the frames it looked at.
    """

    body: Floats
    body_visibility: Floats
    body_world: Floats
    body_score: Floats
    hands: Floats
    hands_world: Floats
    hand_score: Floats
    face: Floats
    face_score: Floats
    pupils: Floats
    boxes: Floats
    back_view: npt.NDArray[np.bool_]
    detector_score: Floats

    @property
    def people(self) -> int:
        """Number of people, 0 when nobody was found."""
        return int(self.body.shape[0])

    @property
    def frames(self) -> int:
        """Number of frames of the shot."""
        return int(self.detector_score.shape[0])

    def is_present(self, person: int, frame: int) -> bool:
        """Whether landmarks of a person (from 0) exist in a frame (from 1)."""
        return bool(np.isfinite(self.body_score[person, frame - 1]))

    @property
    def presence_score(self) -> float:
        """Best detector score of the whole shot, 0 when it never looked: under 0.5 there is nobody."""
        looked = self.detector_score[np.isfinite(self.detector_score)]
        return float(looked.max()) if len(looked) else 0.0


_SHAPES: dict[str, tuple[int, ...]] = {
    "body": (33, 3),
    "body_visibility": (33,),
    "body_world": (33, 3),
    "body_score": (),
    "hands": (2, 21, 3),
    "hands_world": (2, 21, 3),
    "hand_score": (2,),
    "face": (468, 3),
    "face_score": (),
    "pupils": (2, 2),
    "boxes": (4,),
}


def empty_landmarks(people: int, frames: int) -> Landmarks:
    """Landmarks of nobody anywhere."""
    arrays: dict[str, Any] = {
        name: np.full((people, frames, *shape), np.nan, np.float32) for name, shape in _SHAPES.items()
    }
    arrays["back_view"] = np.zeros((people, frames), np.bool_)
    arrays["detector_score"] = np.full(frames, np.nan, np.float32)
    return Landmarks(**arrays)


def save_landmarks(path: Path, landmarks: Landmarks) -> None:
    """Write the file atomically; equal landmarks give equal bytes.

    Raises:
        InputError: The disk is full or not writable.
    """
    write_atomic(path, pack({item.name: getattr(landmarks, item.name) for item in fields(landmarks)}), sync=True)


def load_landmarks(path: Path) -> Landmarks:
    """Read the file.

    Raises:
        MissingError: There is no such file: the pose stage is off or has not run.
        InputError: It is damaged.
    """
    if not path.is_file():
        raise MissingError("there are no landmarks", where=str(path), remedy="Run the stage pose first.")
    arrays = unpack(path)
    absent = [item.name for item in fields(Landmarks) if item.name not in arrays]
    if absent:
        raise InputError(
            f"there is no {absent[0]} in the landmarks", where=str(path), remedy="Delete it and run again."
        )
    return Landmarks(**{item.name: arrays[item.name] for item in fields(Landmarks)})


def pack(arrays: dict[str, npt.NDArray[Any]]) -> bytes:
    """Arrays as the bytes of an `.npz` file that hold no time stamp, so equal arrays give equal bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", _STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            archive.writestr(entry, member.getvalue(), compresslevel=1)
    return buffer.getvalue()


def unpack(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Arrays of an `.npz` file.

    Raises:
        InputError: It is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, zipfile.BadZipFile, EOFError) as error:
        raise InputError("the file is damaged", where=str(path), remedy="Delete it and run pose again.") from error


def smoothed(landmarks: Landmarks, scenes: tuple[tuple[int, int], ...]) -> Landmarks:
    """Landmarks with positions smoothed in time by 1-4-6-4-1, never across a cut or a gap's far side.

    Measured against the causal filters of the networks' own makers, this offline filter trembles less and strays less.

    Args:
        landmarks: As they were found.
        scenes: First and last frame (from 1) of each scene.
    """
    names = ("body", "body_world", "hands", "hands_world", "face", "pupils")
    changed: dict[str, Any] = {}
    for name in names:
        values: Floats = getattr(landmarks, name)
        result = values.copy()
        for first, last in scenes:
            result[:, first - 1 : last] = weighted_in_time(values[:, first - 1 : last], _BINOMIAL)
        changed[name] = result
    return replace(landmarks, **changed)


def weighted_in_time(values: Floats, weights: npt.NDArray[np.float64]) -> Floats:
    """Mean over neighbouring frames of (P, N, ...), leaving out absent ones; absent frames stay absent."""
    radius = len(weights) // 2
    count = values.shape[1]
    total = np.zeros(values.shape, np.float64)
    share = np.zeros(values.shape, np.float64)
    for offset, weight in zip(range(-radius, radius + 1), weights, strict=True):
        low, high = max(0, -offset), min(count, count - offset)
        if low >= high:
            continue
        part = values[:, low + offset : high + offset]
        seen = np.isfinite(part)
        total[:, low:high] += np.where(seen, part, 0.0) * weight
        share[:, low:high] += seen * weight
    mean = total / np.maximum(share, 1e-12)
    return np.where(np.isfinite(values), mean, np.nan).astype(np.float32)
