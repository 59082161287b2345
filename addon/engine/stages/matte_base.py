# SPDX-License-Identifier: GPL-3.0-or-later
"""What the matting engines share: recent frames in memory, the frames of a scene, drawn boxes, the last touch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import SettingError
from ..image.warp import compose
from ..schema.matte import MatteSettings
from .context import StageContext

Float = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Value = TypeVar("Value")


class MatteEngine(Protocol):
    """Makes the matte of one frame. The result depends on the footage and settings alone, not on what was asked before.

    That is what makes a stopped run go on exactly: nothing is carried from frame to frame but what can be made again.
    """

    def matte(self, frame: int) -> Float:
        """Coverage (H, W) float32 0..1 of a frame."""
        ...


class Recent(Generic[Value]):
    """Remembers the last results of a function of the frame number, so that windows of frames cost one call each."""

    def __init__(self, make: Callable[[int], Value], keep: int) -> None:
        self._make = make
        self._keep = keep
        self._known: OrderedDict[int, Value] = OrderedDict()

    def __call__(self, frame: int) -> Value:
        """The result for a frame, made now or remembered."""
        if frame in self._known:
            self._known.move_to_end(frame)
            return self._known[frame]
        value = self._make(frame)
        self._known[frame] = value
        if len(self._known) > self._keep:
            self._known.popitem(last=False)
        return value


class Motion:
    """Flow between a frame and its neighbours up to a few frames away, inside its scene.

    Args:
        context: Of the running stage; the flow stage is finished.
        keep: Frames whose flow is remembered.
        resize: To another size than the footage's.
    """

    def __init__(self, context: StageContext, keep: int = 8, resize: Callable[[Float], Float] | None = None) -> None:
        change = resize or (lambda flow: flow)
        self._forward = Recent(lambda frame: change(context.flow(frame, frame + 1)), keep)
        self._backward = Recent(lambda frame: change(context.flow(frame, frame - 1)), keep)

    def flow(self, frame: int, to: int) -> Float:
        """Flow from `frame` to `to` (not the same), chained over the frames between."""
        step = 1 if to > frame else -1
        neighbour = self._forward if step > 0 else self._backward
        total = neighbour(frame)
        for middle in range(frame + step, to, step):
            total = compose(total, neighbour(middle))
        return total


def scene_of(context: StageContext, frame: int) -> tuple[int, int]:
    """First and last frame of the scene a frame is in."""
    return context.footage.scene_of(frame)


def around(context: StageContext, frame: int, radius: int) -> list[int]:
    """Frames from `frame - radius` to `frame + radius` that are in the same scene."""
    first, last = scene_of(context, frame)
    return list(range(max(first, frame - radius), min(last, frame + radius) + 1))


def sampled(context: StageContext, number: int) -> list[int]:
    """At most `number` frames spread over the whole shot."""
    count = context.footage.count
    return sorted({round(place) for place in np.linspace(1, count, min(number, count))})


def parse_box(text: str) -> tuple[int, tuple[float, float, float, float]]:
    """Frame and (left, top, right, bottom) of "x,y,w,h@frame"; without a frame it is 1.

    Raises:
        SettingError: Not of that form.
    """
    place, _, frame_text = text.replace(" ", "").partition("@")
    try:
        left, top, width, height = (float(part) for part in place.split(","))
        frame = int(frame_text) if frame_text else 1
    except ValueError:
        frame, width, height, left, top = 0, -1.0, -1.0, 0.0, 0.0
    if frame < 1 or width < 0 or height < 0 or not np.isfinite([left, top, width, height]).all():
        raise SettingError(
            f'matte.box has "{text}"', remedy='Write boxes as "x,y,width,height@frame", like "120,40,300,400@1".'
        )
    return frame, (left, top, left + width, top + height)


def artist_boxes(settings: MatteSettings, count: int) -> Float:
    """The artist's boxes at every frame.

    Args:
        settings: With `box`.
        count: Frames of the shot.

    Returns:
        (P, N, 4) float32 left, top, right, bottom in pixels, index 0 = frame 1; NaN where out of the picture; P is 0
        when no box is given.
    """
    tracks: list[dict[int, tuple[float, float, float, float]]] = []
    used: dict[int, int] = {}
    for text in settings.box:
        frame, box = parse_box(text)
        index = used.get(frame, 0)
        used[frame] = index + 1
        while len(tracks) <= index:
            tracks.append({})
        tracks[index][frame] = box
    boxes = np.full((len(tracks), count, 4), np.nan, np.float32)
    for track, given in zip(boxes, tracks, strict=True):
        for number in range(1, count + 1):
            track[number - 1] = _between(given, number)
    return boxes


def _between(given: dict[int, tuple[float, float, float, float]], frame: int) -> npt.NDArray[np.float64]:
    frames = sorted(given)
    before = max((known for known in frames if known <= frame), default=frames[0])
    after = min((known for known in frames if known >= frame), default=frames[-1])
    start, end = np.array(given[before]), np.array(given[after])
    if start[2] <= start[0] or start[3] <= start[1]:
        return np.full(4, np.nan)
    if after == before or end[2] <= end[0] or end[3] <= end[1]:
        return start
    return start + (end - start) * ((frame - before) / (after - before))


def inside_boxes(boxes: Float, frame: int, shape: tuple[int, int]) -> npt.NDArray[np.bool_] | None:
    """Mask of the artist's boxes of a frame; None when the artist gave none."""
    if not len(boxes):
        return None
    mask = np.zeros(shape, bool)
    for box in boxes[:, frame - 1]:
        if np.isfinite(box).all():
            left, top, right, bottom = (max(0, round(float(edge))) for edge in box)
            mask[top:bottom, left:right] = True
    return mask


def finish(matte: Float, settings: MatteSettings) -> Float:
    """Move and feather the edge as the artist asked. (H, W) float32 0..1."""
    if settings.shift:
        matte = _shifted(matte, settings.shift)
    if settings.feather > 0:
        blurred = cv2.GaussianBlur(matte, (0, 0), settings.feather / 2, borderType=cv2.BORDER_REPLICATE)
        matte = np.asarray(blurred, np.float32)
    return np.clip(matte, 0, 1, dtype=np.float32)


def _shifted(matte: Float, pixels: float) -> Float:
    grow = cv2.dilate if pixels > 0 else cv2.erode
    whole, rest = int(abs(pixels)), abs(pixels) % 1
    steps = [_disc(whole), _disc(whole + 1)]
    moved = [np.asarray(grow(matte, kernel, borderType=cv2.BORDER_REPLICATE), np.float32) for kernel in steps]
    return np.asarray(moved[0] + (moved[1] - moved[0]) * rest, np.float32)


def _disc(radius: int) -> Bytes:
    size = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
