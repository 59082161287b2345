# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's strokes: which places are surely the character or surely not, carried to other frames."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ..cache import write_atomic
from ..errors import InputError
from ..frames import list_frames
from ..image import grabcut
from ..image.warp import inside, warp
from ..schema.matte import MatteSettings
from .context import StageContext
from .matte_base import Bytes, Float, Motion, scene_of

_MOST_POINTS = 6000
_LOST_PIXELS = 1.5


class Strokes:
    """Points of the painted strokes at every frame they reach.

    The points travel with the motion, in both directions from each painted frame, and end where the motion back does
    not return to them and at cuts.

    Args:
        context: Of the running stage.
        motion: Flow at `size`.
        size: Width and height at which labels are wanted.

    Raises:
        InputError: A stroke file is damaged or of another size than the frames.
    """

    def __init__(self, context: StageContext, motion: Motion, size: tuple[int, int]) -> None:
        self._context = context
        self._motion = motion
        self._size = size
        settings: MatteSettings = context.settings
        self._folder = context.file(settings.strokes)
        self._painted = [frame for frame in list_frames(self._folder) if frame <= context.footage.count]
        self._points: dict[int, Float] = {}
        for frame in self._painted:
            self._points[frame] = self._read(frame)

    @property
    def any(self) -> bool:
        """Whether some frame is painted."""
        return bool(self._painted)

    def paint(self, labels: Bytes, frame: int) -> bool:
        """Write the strokes into GrabCut labels (h, w) of a frame; the nearest painted frame has the last word.

        Returns:
            Whether anything was written.
        """
        first, last = scene_of(self._context, frame)
        before = [one for one in self._painted if first <= one <= frame][-1:]
        after = [one for one in self._painted if frame < one <= last][:1]
        sources = before if before == [frame] else sorted([*before, *after], key=lambda one: -abs(one - frame))
        carried = [point for source in sources for point in self._carried(source, frame)]
        for x, y, label in carried:
            cv2.circle(labels, (round(float(x)), round(float(y))), 1, int(label), -1)
        return bool(carried)

    def _carried(self, source: int, frame: int) -> Float:
        """Points (n, 3) x, y, label of a painted frame at another one; every step is kept for the next frames."""
        step = 1 if frame > source else -1
        known = frame
        while known != source and not self._kept(source, known).is_file():
            known -= step
        points = self._points[source] if known == source else np.load(self._kept(source, known))
        for start in range(known, frame, step):
            points = self._moved(points, start, start + step)
            data = io.BytesIO()
            np.save(data, points)
            write_atomic(self._kept(source, start + step), data.getvalue())
        return points

    def _kept(self, source: int, frame: int) -> Path:
        return self._context.cache(f"strokes/{source:06d}") / f"{frame:06d}.npy"

    def _moved(self, points: Float, start: int, end: int) -> Float:
        if not len(points):
            return points
        there, back = self._motion.flow(start, end), self._motion.flow(end, start)
        error = np.linalg.norm(there + np.asarray(warp(back, there), np.float32), axis=-1)
        x = np.clip(np.round(points[:, 0]).astype(int), 0, there.shape[1] - 1)
        y = np.clip(np.round(points[:, 1]).astype(int), 0, there.shape[0] - 1)
        kept = (error[y, x] < _LOST_PIXELS) & inside(there, *there.shape[:2])[y, x]
        moved = points.copy()
        moved[:, :2] += there[y, x]
        return moved[kept]

    def _read(self, frame: int) -> Float:
        path = self._folder / f"{frame:06d}.png"
        picture = _read_colours(path)
        expected = (self._context.footage.height, self._context.footage.width)
        if picture.shape[:2] != expected:
            raise InputError(
                f"the strokes are {picture.shape[1]} x {picture.shape[0]}, the frames {expected[1]} x {expected[0]}",
                where=str(path),
                remedy="Paint them on top of the frame of the same number.",
            )
        small = cv2.resize(stroke_labels(picture), self._size, interpolation=cv2.INTER_NEAREST)
        rows, columns = np.nonzero(small != 255)
        points = np.stack([columns, rows, small[rows, columns]], axis=1).astype(np.float32)
        return points[:: max(1, -(-len(points) // _MOST_POINTS))]


def stroke_labels(picture: Bytes) -> Bytes:
    """Labels of painted strokes.

    Args:
        picture: (H, W, 4) uint8 RGBA.

    Returns:
        (H, W) uint8: grabcut.CHARACTER for white or green, grabcut.BACKGROUND for black or red, 255 elsewhere.
    """
    red, green, blue, alpha = (picture[..., channel].astype(np.int16) for channel in range(4))
    opaque = alpha > 127
    character = opaque & (green > 150) & (((red > 150) & (blue > 150)) | ((red < 110) & (blue < 110)))
    background = opaque & (green < 90) & (blue < 90) & ((red < 90) | (red > 150))
    labels = np.full(picture.shape[:2], 255, np.uint8)
    labels[character] = grabcut.CHARACTER
    labels[background] = grabcut.BACKGROUND
    return labels


def _read_colours(path: Path) -> npt.NDArray[np.uint8]:
    data = np.fromfile(path, np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    if picture is None or picture.dtype != np.uint8:
        raise InputError("these strokes cannot be read as an 8-bit picture", where=str(path), remedy="Save a PNG.")
    if picture.ndim == 2:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    if picture.shape[2] == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGRA2RGBA), np.uint8)
