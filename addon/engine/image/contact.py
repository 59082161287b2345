# SPDX-License-Identifier: GPL-3.0-or-later
"""A contact sheet: one row for every stage that has pictures, sampled frames as columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import EngineError, InputError
from ..frames import frame_name, list_frames
from . import files
from .flow_store import load_pair
from .skeleton import draw_people

Image = npt.NDArray[np.float32]

_WIDTH_PIXELS = 2000
_LABEL_PIXELS = 130
_LINE_PIXELS = 22
_GAP_PIXELS = 6
_GROUND = np.float32(0.13)
_TEXT = (235, 235, 235)
_GREEN = np.array((0.25, 0.62, 0.35), np.float32)


@dataclass(frozen=True)
class _Row:
    label: str
    folder: str
    picture: Callable[[Path, int], Image | None]
    suffix: str = ".png"
    is_known: bool = False
    """It has pictures, whatever its folder says."""


def make_contact_sheet(
    shot_root: Path,
    path: Path,
    frames: tuple[int, ...] | None = None,
    columns: int = 5,
    previews: Mapping[str, Image] | None = None,
) -> None:
    """Write a contact sheet of a shot as PNG.

    Args:
        shot_root: The shot folder.
        path: Where the sheet goes.
        frames: Frames to show; `columns` of them, evenly spaced over the footage, when not given.
        columns: How many frames are chosen.
        previews: By stage a picture, float32 (H, W, 3) or (H, W, 4), 0..1, to show in place of what it has made.

    Raises:
        InputError: The shot has no frames yet.
    """
    every = list_frames(shot_root / "frames")
    if not every:
        raise InputError("there are no frames yet", where=str(shot_root), remedy="Run the footage stage first.")
    chosen = list(frames or _spread(shot_root, every, columns))
    sample = files.read_rgb8(shot_root / "frames" / frame_name(chosen[0] if chosen[0] in every else every[0]))
    cell = _cell_size(sample.shape[1] / sample.shape[0], len(chosen))
    rows = [_previewed(row, previews or {}) for row in _ROWS]
    rows = [row for row in rows if row.is_known or list_frames(shot_root / row.folder, row.suffix)]
    strips = [strip for row in rows if (strip := _strip(shot_root, row, chosen, cell)) is not None]
    files.write_rgb(path, np.vstack([_head(chosen, cell), *strips]))


def _previewed(row: _Row, previews: Mapping[str, Image]) -> _Row:
    if row.label not in previews:
        return row
    picture = previews[row.label]
    shown = picture[..., :3] * picture[..., 3:] if picture.shape[2] == 4 else picture
    return replace(row, label=f"{row.label}\npreview", picture=lambda _root, _frame: shown, is_known=True)


def _spread(shot_root: Path, every: list[int], columns: int) -> list[int]:
    # An excerpt that has been rendered is what people want to see.
    rendered = list_frames(shot_root / "render")
    pool = rendered if len(rendered) >= columns else every
    return [pool[round(place)] for place in np.linspace(0, len(pool) - 1, min(columns, len(pool)))]


def _cell_size(aspect: float, columns: int) -> tuple[int, int]:
    width = (_WIDTH_PIXELS - _LABEL_PIXELS) // max(columns, 3) - _GAP_PIXELS
    height = round(width / aspect)
    if height > 420:
        width, height = round(420 * aspect), 420
    return width, height


def _strip(shot_root: Path, row: _Row, frames: list[int], cell: tuple[int, int]) -> Image | None:
    pictures = [row.picture(shot_root, frame) for frame in frames]
    if all(picture is None for picture in pictures):
        return None
    label = np.full((cell[1], _LABEL_PIXELS, 3), _GROUND, np.float32)
    for index, line in enumerate(row.label.splitlines()):
        label = _written(label, line, (8, cell[1] // 2 + index * _LINE_PIXELS))
    parts = [label]
    for picture in pictures:
        tile = np.full((cell[1], cell[0] + _GAP_PIXELS, 3), _GROUND, np.float32)
        if picture is not None:
            tile[:, : cell[0]] = _fitted(picture, cell)
        parts.append(tile)
    strip = np.hstack(parts)
    return np.vstack([strip, np.full((_GAP_PIXELS, strip.shape[1], 3), _GROUND, np.float32)])


def _fitted(picture: Image, cell: tuple[int, int]) -> Image:
    scale = min(cell[0] / picture.shape[1], cell[1] / picture.shape[0])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    tile = np.full((cell[1], cell[0], 3), _GROUND, np.float32)
    top, left = (cell[1] - size[1]) // 2, (cell[0] - size[0]) // 2
    tile[top : top + size[1], left : left + size[0]] = small
    return tile


def _head(frames: list[int], cell: tuple[int, int]) -> Image:
    head = np.full((34, _LABEL_PIXELS + len(frames) * (cell[0] + _GAP_PIXELS), 3), _GROUND, np.float32)
    for index, frame in enumerate(frames):
        head = _written(head, f"frame {frame}", (_LABEL_PIXELS + index * (cell[0] + _GAP_PIXELS), 24))
    return head


def _written(image: Image, text: str, at: tuple[int, int]) -> Image:
    # OpenCV 5 writes on 8-bit pictures only.
    bytes_ = np.rint(image * 255).astype(np.uint8)
    written = cv2.putText(bytes_, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.55, _TEXT, 1, cv2.LINE_AA)
    return written.astype(np.float32) * np.float32(1 / 255)


def _colour(folder: str) -> Callable[[Path, int], Image | None]:
    def picture(shot_root: Path, frame: int) -> Image | None:
        path = shot_root / folder / frame_name(frame)
        return files.read_rgb(path) if path.is_file() else None

    return picture


def _nearest_key(folder: str) -> Callable[[Path, int], Image | None]:
    def picture(shot_root: Path, frame: int) -> Image | None:
        keys = list_frames(shot_root / folder)
        if not keys:
            return None
        nearest = min(keys, key=lambda key: abs(key - frame))
        found = files.read_rgb(shot_root / folder / frame_name(nearest))
        large = cast(Image, cv2.resize(found, None, fx=640 / found.shape[1], fy=640 / found.shape[1]))
        return _written(large, f"key {nearest}", (12, 30))

    return picture


def _grey(folder: str) -> Callable[[Path, int], Image | None]:
    def picture(shot_root: Path, frame: int) -> Image | None:
        path = shot_root / folder / frame_name(frame)
        return np.dstack([files.read_grey(path)] * 3) if path.is_file() else None

    return picture


def _flow(shot_root: Path, frame: int) -> Image | None:
    path = shot_root / "state/flow" / frame_name(frame, ".npz")
    if not path.is_file():
        return None
    try:
        forward, _ = load_pair(path)
    except EngineError:
        # The last frame of a scene has no motion to the next.
        return None
    return flow_colours(forward)


def flow_colours(flow: npt.NDArray[np.float32]) -> Image:
    """Motion as colour: hue is the direction, strength the length up to the fastest 1 % of the picture,
    at least 2 pixels, so that a picture that hardly moves stays white.

    Args:
        flow: float32 (H, W, 2), (dx, dy) pixels.

    Returns:
        float32 (H, W, 3), 0..1; white is still.
    """
    length, angle = cv2.cartToPolar(flow[..., 0], flow[..., 1], angleInDegrees=True)
    fastest = max(2.0, float(np.percentile(length, 99)))
    strength = np.clip(length / np.float32(fastest), 0, 1)
    return cast(Image, cv2.cvtColor(np.dstack([angle, strength, np.ones_like(strength)]), cv2.COLOR_HSV2RGB))


def _cut_out(shot_root: Path, frame: int) -> Image | None:
    picture, matte = shot_root / "frames" / frame_name(frame), shot_root / "matte" / frame_name(frame)
    if not (picture.is_file() and matte.is_file()):
        return None
    return laid_on(files.read_rgb(picture), files.read_grey(matte), _GREEN)


def _card(shot_root: Path, frame: int) -> Image | None:
    picture, matte = shot_root / "cutout/colour" / frame_name(frame), shot_root / "matte" / frame_name(frame)
    if not (picture.is_file() and matte.is_file()):
        return None
    return laid_on(files.read_rgb(picture), files.read_grey(matte), np.full(3, 0.5, np.float32))


def laid_on(picture: Image, matte: Image, ground: npt.NDArray[np.float32]) -> Image:
    """A cut-out over one colour; the matte takes the picture's size."""
    alpha = cv2.resize(matte, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)[..., None]
    return (picture * alpha + ground * (1 - alpha)).astype(np.float32)


def _pose(shot_root: Path, frame: int) -> Image | None:
    path, picture = shot_root / "pose/landmarks.npz", shot_root / "frames" / frame_name(frame)
    return draw_people(files.read_rgb(picture), path, frame) if path.is_file() and picture.is_file() else None


_ROWS = (
    _Row("footage", "frames", _colour("frames")),
    _Row("flow", "state/flow", _flow, ".npz"),
    _Row("pose", "pose", _pose, is_known=True),
    _Row("matte", "matte", _cut_out),
    _Row("depth", "depth", _grey("depth")),
    _Row("controls", "controls", _nearest_key("controls")),
    _Row("nearest key", "styled", _nearest_key("styled")),
    _Row("propagate", "propagated", _colour("propagated")),
    _Row("upscale", "upscaled", _colour("upscaled")),
    _Row("cutout", "cutout/colour", _card),
    _Row("render", "render", _colour("render")),
)
