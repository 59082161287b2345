# SPDX-License-Identifier: GPL-3.0-or-later
"""Slow and plain: how `settle` fits motion to tiles and chooses one per pixel. Only tests call this.

Everything is tried and added up in double precision, nothing is given up early. The numbers of the method stand here a
second time, so that a slip in one place shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .reference import sample
from .warp import Flow, Image, Mask

Doubles = npt.NDArray[np.float64]
_TILE = 12
_TAPS = (-4, -2, 0, 2, 4)
_OWN = None
Motion = Doubles | None
"""A model as float64 (3, 3), homogeneous, frame → key; None for the map as it is."""


def tile_model(flow: Flow, known: Mask, row: int, column: int) -> tuple[Doubles, float] | None:
    """The affine motion of a tile, by least squares weighted anew four times.

    Args:
        flow: float32 (H, W, 2), pixels.
        known: bool (H, W), where it can be trusted.
        row: Of the tile.
        column: Of the tile.

    Returns:
        (6,), as `settle.tile_models` has them, and the share of the window that agrees; None without a model.
    """
    middle = np.array([column * _TILE + 6, row * _TILE + 6])
    points, values = _window(flow, known, middle)
    weights, fitted = np.ones(len(points)), np.zeros((3, 2))
    lines = np.column_stack([np.ones(len(points)), points - middle])
    for turn in range(4):
        if turn:
            squared = ((lines @ fitted - values) ** 2).sum(1)
            weights = 1 / (1 + (squared if turn == 1 else squared / 0.35**2)) ** 2
        if weights.sum() < 20:
            return None
        # The stiffness as two more observations: each slope is zero, with twice the weight of all pixels.
        stiff = math.sqrt(2 * weights.sum()) * np.array([[0.0, 1, 0], [0, 0, 1]])
        roots = np.sqrt(weights)[:, None]
        fitted = np.linalg.lstsq(np.vstack([lines * roots, stiff]), np.vstack([values * roots, np.zeros((2, 2))]))[0]
    offset = fitted[0] - fitted[1] * middle[0] - fitted[2] * middle[1]
    model = np.array([offset[0], *fitted[1:, 0], offset[1], *fitted[1:, 1]])
    return model, float(weights.sum() / len(points))


def _window(flow: Flow, known: Mask, middle: npt.NDArray[np.int_]) -> tuple[Doubles, Doubles]:
    """The known pixels of a tile's window, (N, 2), (x, y), and their motion, (N, 2)."""
    points = [
        (x, y)
        for y in range(max(0, middle[1] - _TILE), min(known.shape[0], middle[1] + _TILE))
        for x in range(max(0, middle[0] - _TILE), min(known.shape[1], middle[0] + _TILE))
        if known[y, x]
    ]
    values = [flow[y, x] for x, y in points]
    return np.array(points, float).reshape(-1, 2), np.array(values, float).reshape(-1, 2)


@dataclass(frozen=True)
class Scene:
    """What `settle.settle` is given, under the same names."""

    frame: Image
    key: Image
    key_shown: Mask
    flow: Flow
    lost: Mask
    active: Mask
    models: tuple[Doubles, Doubles]
    planes: Doubles


def settled(scene: Scene) -> Flow:
    """The flow as `settle.settle` leaves it, float32 (H, W, 2)."""
    places = [(y, x) for y, x in np.ndindex(*scene.active.shape) if scene.active[y, x]]
    best = {place: _best(scene, *place) for place in places}
    for step in (-1, 1):
        for y, x in places[::-step]:
            for neighbour in ((y + step, x), (y, x + step)):
                _take(scene, best, (y, x), neighbour)
    made = scene.flow.copy()
    for (y, x), (_, label) in best.items():
        model = _model(scene, label)
        if model is not None:
            made[y, x] = _moved(model, x, y)
    return made


Label = tuple[str, int, int] | None
"""("plane", number, 0), ("tile", row, column), or None for the map as it is."""
_Best = dict[tuple[int, int], tuple[float, Label]]


def _take(scene: Scene, best: _Best, place: tuple[int, int], neighbour: tuple[int, int]) -> None:
    """A neighbour's model, where it explains a pixel about as well as the pixel's own."""
    label = best.get(neighbour, (0.0, _OWN))[1]
    if label is None or label == best[place][1]:
        return
    bonus = 0.6 + (0.4 if label[0] == "plane" else 0)
    price = cost(scene, *place, _model(scene, label)) - bonus
    if price < best[place][0]:
        best[place] = price + 0.3, label


def _best(scene: Scene, y: int, x: int) -> tuple[float, Label]:
    """The cheapest of the map, the planes and the tiles around: its price and itself."""
    offers: list[tuple[float, Label]] = [(cost(scene, y, x, None) + (8 if scene.lost[y, x] else 0), _OWN)]
    for number in range(len(scene.planes)):
        offers.append((cost(scene, y, x, scene.planes[number]) - 0.4, ("plane", number, 0)))
    tried: list[Doubles] = []
    for row in range(y // _TILE - 1, y // _TILE + 2):
        for column in range(x // _TILE - 1, x // _TILE + 2):
            inside = 0 <= row < scene.models[1].shape[0] and 0 <= column < scene.models[1].shape[1]
            if not inside or scene.models[1][row, column] < 0.3:
                continue
            model = _model(scene, ("tile", row, column))
            assert model is not None
            moved = _moved(model, x, y)
            if all(abs(moved - other).sum() >= 0.4 for other in tried):
                tried.append(moved)
                away = 0.3 * (abs(row - y // _TILE) + abs(column - x // _TILE))
                offers.append((cost(scene, y, x, model) + away, ("tile", row, column)))
    return min(offers, key=lambda offer: offer[0])


def _model(scene: Scene, label: Label) -> Motion:
    if label is None:
        return None
    if label[0] == "plane":
        return scene.planes[label[1]]
    p = scene.models[0][label[1], label[2]]
    return np.array([[1 + p[1], p[2], p[0]], [p[4], 1 + p[5], p[3]], [0, 0, 1.0]])


def _moved(model: Doubles, x: float, y: float) -> Doubles:
    there = model @ (x, y, 1.0)
    return there[:2] / there[2] - (x, y)


def _slopes(model: Doubles, x: int, y: int) -> Doubles:
    """How the motion changes from pixel to pixel, (2, 2), by central differences."""
    small = 1e-4
    across = _moved(model, x + small, y) - _moved(model, x - small, y)
    down = _moved(model, x, y + small) - _moved(model, x, y - small)
    return np.column_stack([across, down]) / (2 * small)


def cost(scene: Scene, y: int, x: int, model: Motion) -> float:
    """How unlike the window around a pixel is to the key under a motion, in 8-bit steps."""
    total, found = 0.0, 0.0
    moved = np.zeros(2) if model is None else _moved(model, x, y)
    slopes = np.zeros((2, 2)) if model is None else _slopes(model, x, y)
    for down in _TAPS:
        for across in _TAPS:
            there = y + down, x + across
            if not (0 <= there[0] < scene.active.shape[0] and 0 <= there[1] < scene.active.shape[1]):
                continue
            unlike = np.abs(scene.frame[there][:3].astype(float) - scene.frame[y, x, :3]).sum()
            weight = math.exp(-0.03 * unlike)
            motion = scene.flow[there].astype(float) if model is None else moved + slopes @ (across, down)
            total += weight
            found += weight * _unlikeness(scene, there, motion)
    return found / max(total, 1e-3)


def _unlikeness(scene: Scene, place: tuple[int, int], motion: Doubles) -> float:
    y, x = place[0] + motion[1], place[1] + motion[0]
    height, width = scene.key_shown.shape
    if not (0 <= y < height - 1 and 0 <= x < width - 1) or not scene.key_shown[int(y), int(x)]:
        return 12.0
    seen = sample(scene.key, x, y).astype(float)
    return min(float(np.abs(scene.frame[place] - seen).sum()), 50.0)
