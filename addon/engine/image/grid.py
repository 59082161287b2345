# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys laid in grids: drawn in one picture they get one look.

A cell holds a whole frame, brought to it with one resampling; what the cell has more than the frame's shape repeats the
frame's edge, so that nothing is black. Cut out again, the frame is brought back to its size with one resampling more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import SettingError

Image8 = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.float32]

SMALLEST_FACE_PIXELS = 48
"""Below about six latents high a face falls apart."""
_SMALLEST_CELL_PIXELS = 256
_SMALLEST_SIDE_PIXELS = 64


@dataclass(frozen=True)
class Layout:
    """The cells of a grid.

    Attributes:
        columns: Cells beside each other.
        rows: Cells below each other.
        cell: Width and height of a cell, pixels.
        frame: Width and height of the frame inside it, pixels, in the middle.
    """

    columns: int
    rows: int
    cell: tuple[int, int]
    frame: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole grid, pixels."""
        return self.columns * self.cell[0], self.rows * self.cell[1]

    def cell_box(self, index: int) -> tuple[slice, slice]:
        """Rows and columns of the grid that a cell takes; cells count from 0, row by row."""
        row, column = divmod(index, self.columns)
        width, height = self.cell
        return slice(row * height, (row + 1) * height), slice(column * width, (column + 1) * width)

    def frame_box(self, index: int) -> tuple[slice, slice]:
        """Rows and columns of the grid that the frame in a cell takes."""
        rows, columns = self.cell_box(index)
        left, top = (self.cell[0] - self.frame[0]) // 2, (self.cell[1] - self.frame[1]) // 2
        return (
            slice(rows.start + top, rows.start + top + self.frame[1]),
            slice(columns.start + left, columns.start + left + self.frame[0]),
        )


@dataclass(frozen=True)
class Plan:
    """All grids of a shot: one layout, the anchor first in each.

    Attributes:
        layout: Of every grid.
        anchor: Frame of the key that stands in every grid.
        grids: Frames by cell, row by row; the anchor fills the cells that are left.
        warnings: For the artist.
    """

    layout: Layout
    anchor: int
    grids: tuple[tuple[int, ...], ...]
    warnings: tuple[str, ...] = ()

    def grid_of(self, frame: int) -> int:
        """The grid that a key is drawn in, from 0."""
        return next(index for index, frames in enumerate(self.grids) if frame in frames)


def layout_of(count: int, size: tuple[int, int], long_side: int, multiple: int) -> Layout:
    """The layout of `count` cells with the largest cells, and of those the one with the fewest cells left over.

    Args:
        count: Cells wanted.
        size: Width and height of the frames, pixels.
        long_side: Of the whole grid, pixels, at most.
        multiple: Sides of cells are multiples of it, pixels.

    Raises:
        SettingError: So many cells do not fit.
    """
    found = [
        layout
        for columns in range(1, count + 1)
        if (layout := _cells(columns, math.ceil(count / columns), size, long_side, multiple)) is not None
    ]
    if not found:
        raise SettingError(
            f"{count} keys do not fit into a grid of {long_side} pixels",
            remedy="Raise diffuse.grid_long_side, or lower diffuse.grid_cells.",
        )
    return max(found, key=lambda layout: (layout.frame[0] * layout.frame[1], -layout.columns * layout.rows))


def _cells(columns: int, rows: int, size: tuple[int, int], long_side: int, multiple: int) -> Layout | None:
    room = long_side // columns // multiple * multiple, long_side // rows // multiple * multiple
    if min(room) < max(multiple, _SMALLEST_SIDE_PIXELS):
        return None
    scale = min(room[0] / size[0], room[1] / size[1])
    # The frame fills one side of its cell; the other side is the next multiple, not all of the room.
    frame = min(room[0], max(1, round(size[0] * scale))), min(room[1], max(1, round(size[1] * scale)))
    cell = _upward(frame[0], multiple), _upward(frame[1], multiple)
    return Layout(columns, rows, (min(cell[0], room[0]), min(cell[1], room[1])), frame)


def _upward(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def plan_grids(
    frames: Iterable[int],
    size: tuple[int, int],
    *,
    long_side: int,
    multiple: int,
    most_cells: int = 0,
    anchor: int = 0,
    faces: Mapping[int, float] | None = None,
) -> Plan:
    """Share keys out over grids.

    Args:
        frames: All keys.
        size: Width and height of the frames, pixels.
        long_side: Of a grid, pixels, at most.
        multiple: Sides of cells are multiples of it.
        most_cells: Of a grid; 0 takes as many as leave faces large enough.
        anchor: The key that stands in every grid; 0 takes the one in the middle.
        faces: Height of the face in a frame, pixels, where one is known.

    Raises:
        SettingError: The anchor is no key, or the keys do not fit.
    """
    keys = sorted(set(frames))
    if not keys:
        raise SettingError("there are no keys to lay in grids", remedy="Run the keys stage, or add keys to keys.json.")
    if anchor and anchor not in keys:
        raise SettingError(
            f"diffuse.anchor is frame {anchor}, which is no key",
            remedy=f"Choose one of {', '.join(map(str, keys))}, or 0.",
        )
    anchor = anchor or keys[(len(keys) - 1) // 2]
    known = [height for frame, height in (faces or {}).items() if frame in keys]
    face = float(np.median(known)) if known else 0.0
    most = most_cells or _most_cells(len(keys), size, long_side, multiple, face)
    groups = _shared_out([key for key in keys if key != anchor], max(1, most - 1))
    layout = layout_of(1 + max(len(group) for group in groups), size, long_side, multiple)
    places = layout.columns * layout.rows
    grids = tuple((anchor, *group, *[anchor] * (places - 1 - len(group))) for group in groups)
    return Plan(layout, anchor, grids, _warnings(layout, size, face))


def _shared_out(keys: list[int], most: int) -> list[list[int]]:
    """Keys in groups of at most `most`, as equal as can be, in the order of time; one group at least."""
    count = max(1, math.ceil(len(keys) / most))
    edges = [round(len(keys) * number / count) for number in range(count + 1)]
    return [keys[start:end] for start, end in zip(edges, edges[1:], strict=False)]


def _most_cells(count: int, size: tuple[int, int], long_side: int, multiple: int, face: float) -> int:
    """As many cells as leave faces, or the frame where no face is known, large enough; two at least."""
    most = 2
    for cells in range(3, count + 1):
        try:
            layout = layout_of(cells, size, long_side, multiple)
        except SettingError:
            break
        scale = layout.frame[0] / size[0]
        enough = face * scale >= SMALLEST_FACE_PIXELS if face else max(layout.frame) >= _SMALLEST_CELL_PIXELS
        if not enough:
            break
        most = cells
    return min(most, max(1, count))


def _warnings(layout: Layout, size: tuple[int, int], face: float) -> tuple[str, ...]:
    high = face * layout.frame[0] / size[0]
    width, height = layout.frame
    if face and high < SMALLEST_FACE_PIXELS:
        return (
            f"a face is {high:.0f} pixels high in cells of {width}x{height}; below {SMALLEST_FACE_PIXELS} it falls "
            "apart: lower diffuse.grid_cells, or raise diffuse.grid_long_side",
        )
    if not face and max(layout.frame) < _SMALLEST_CELL_PIXELS:
        return (
            f"cells are only {width}x{height} pixels: lower diffuse.grid_cells, or raise diffuse.grid_long_side",
        )
    return ()


def join(layout: Layout, pictures: Mapping[int, npt.NDArray[Any]], frames: tuple[int, ...]) -> Image8:
    """The picture of a grid, uint8 RGB (H, W, 3).

    Args:
        layout: Of its cells.
        pictures: By frame, uint8 RGB (h, w, 3) of any size.
        frames: By cell.
    """
    cells = {frame: _cell(layout, pictures[frame]) for frame in set(frames)}
    width, height = layout.size
    grid = np.empty((height, width, 3), np.uint8)
    for index, frame in enumerate(frames):
        grid[layout.cell_box(index)] = cells[frame]
    return grid


def _cell(layout: Layout, picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
    inner = resized(picture, layout.frame)
    more = layout.cell[0] - layout.frame[0], layout.cell[1] - layout.frame[1]
    left, top = more[0] // 2, more[1] // 2
    return np.pad(inner, ((top, more[1] - top), (left, more[0] - left), (0, 0)), mode="edge")


def cut(layout: Layout, grid: Image8, index: int) -> Image8:
    """The frame in a cell as it was drawn, uint8 RGB (h, w, 3)."""
    return np.ascontiguousarray(grid[layout.frame_box(index)])


def cells_mask(layout: Layout, indices: Iterable[int]) -> Mask:
    """1 in these cells and 0 elsewhere, float32 (H, W)."""
    width, height = layout.size
    mask = np.zeros((height, width), np.float32)
    for index in indices:
        mask[layout.cell_box(index)] = 1
    return mask


def resized(picture: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    """A picture of another width and height, by one resampling: averaged when it shrinks."""
    if picture.shape[1::-1] == size:
        return picture
    shrinks = size[0] <= picture.shape[1] and size[1] <= picture.shape[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LANCZOS4
    return cast("npt.NDArray[Any]", cv2.resize(picture, size, interpolation=way))
