# SPDX-License-Identifier: GPL-3.0-or-later
"""From a signed distance field to quads (naive surface nets, S. Gibson 1998)."""

import itertools

import numpy as np
import numpy.typing as npt

from .field import Field, Points

Vertices = npt.NDArray[np.float32]
Quads = npt.NDArray[np.int64]


def grid_points(low: npt.NDArray[np.float32], counts: tuple[int, int, int], voxel: float) -> Points:
    """Sample places of a grid as three arrays that broadcast to `counts`."""
    x, y, z = (low[axis] + np.arange(counts[axis], dtype=np.float32) * np.float32(voxel) for axis in range(3))
    return x[:, None, None], y[None, :, None], z[None, None, :]


def surface(field: Field, low: tuple[float, ...], high: tuple[float, ...], voxel: float) -> tuple[Vertices, Quads]:
    """The zero surface of `field` inside the box: vertices (V, 3) in metres and quads (Q, 4), facing outward."""
    base = np.asarray(low, np.float32)
    counts = tuple(int(n) for n in np.ceil((np.asarray(high) - base) / voxel).astype(int) + 1)
    values = np.broadcast_to(field(grid_points(base, counts, voxel)), counts)  # type: ignore[arg-type]
    cells, places = _cell_points(values)
    index = np.full(tuple(n - 1 for n in counts), -1, np.int64)
    index[tuple(cells.T)] = np.arange(len(cells))
    quads = np.concatenate([_quads_across(values, index, axis) for axis in range(3)])
    return base + places * np.float32(voxel), quads


def _cell_points(values: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int64], Vertices]:
    """The cells the surface passes through (C, 3) and, in grid units, the mean of its crossings of their edges."""
    shape = tuple(n - 1 for n in values.shape)
    corners = list(itertools.product((0, 1), repeat=3))
    inside = sum(_shifted(values < 0, corner, shape).astype(np.int8) for corner in corners)
    cells = np.argwhere((inside > 0) & (inside < 8))
    total = np.zeros((len(cells), 3), np.float32)
    count = np.zeros(len(cells), np.float32)
    for axis, corner in itertools.product(range(3), corners):
        if corner[axis]:
            continue
        start = cells + np.asarray(corner)
        end = start + np.eye(3, dtype=np.int64)[axis]
        a, b = values[tuple(start.T)], values[tuple(end.T)]
        crosses = (a < 0) != (b < 0)
        part = np.where(crosses, a / np.where(crosses, a - b, 1), 0).astype(np.float32)
        total += (start + part[:, None] * np.eye(3, dtype=np.float32)[axis]) * crosses[:, None]
        count += crosses
    return cells, total / count[:, None]


def _shifted(mask: npt.NDArray[np.bool_], corner: tuple[int, ...], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    return mask[tuple(slice(step, step + size) for step, size in zip(corner, shape, strict=True))]


def _quads_across(values: npt.NDArray[np.float32], index: npt.NDArray[np.int64], axis: int) -> Quads:
    """One quad for every grid edge along `axis` that the surface crosses, joining its four cells."""
    before = np.take(values, range(values.shape[axis] - 1), axis) < 0
    after = np.take(values, range(1, values.shape[axis]), axis) < 0
    edges = np.argwhere(before != after)
    others = [other for other in range(3) if other != axis]
    keep = np.all([(edges[:, o] > 0) & (edges[:, o] < values.shape[o] - 1) for o in others], axis=0)
    edges = edges[keep]
    around = []
    for first, second in ((-1, -1), (0, -1), (0, 0), (-1, 0)):
        cell = edges.copy()
        cell[:, others[0]] += first
        cell[:, others[1]] += second
        around.append(index[tuple(cell.T)])
    quads = np.stack(around, 1)
    flip = before[tuple(edges.T)] == (axis == 1)
    quads[flip] = quads[flip, ::-1]
    return quads
