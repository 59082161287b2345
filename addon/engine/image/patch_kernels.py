# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: ANN001, ANN201, ANN202
# pyright: basic
"""The loops of `patches`, compiled by Numba at their first use; kept compiled for the next process."""

import numba
import numpy as np

RADIUS = 2
"""Patches are (2 RADIUS + 1)² pixels."""

_compiled = numba.njit(fastmath=False, cache=True, nogil=True)
_inlined = numba.njit(fastmath=False, cache=True, nogil=True, inline="always")


@_inlined
def _next(state):
    """A linear congruential generator modulo 2³²."""
    return (state * 1664525 + 1013904223) & 0xFFFFFFFF


@_compiled
def patch_cost(target, source, guides, told, y, x, v, u, limit):
    """Mean squared difference of two patches; gives up beyond `limit`.

    The first `guides` channels count always, the rest only where `told`.
    """
    height, width, channels = target.shape
    total = 0.0
    top, bottom = max(-RADIUS, -y), min(RADIUS, height - 1 - y)
    left, right = max(-RADIUS, -x), min(RADIUS, width - 1 - x)
    taps = (bottom - top + 1) * (right - left + 1)
    enough = limit * taps
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            last = channels if told[y + row, x + column] else guides
            for channel in range(last):
                difference = target[y + row, x + column, channel] - source[v + row, u + column, channel]
                total += difference * difference
        if total > enough:
            return np.inf
    return total / taps


@_inlined
def _try(target, source, guides, told, allowed, uses, crowding, field, costs, y, x, v, u):
    """Take the patch at (u, v) of the source where it is better."""
    height, width = allowed.shape
    if v < RADIUS or u < RADIUS or v >= height - RADIUS or u >= width - RADIUS or not allowed[v, u]:
        return
    if field[y, x, 0] == u and field[y, x, 1] == v:
        return
    penalty = crowding * uses[v, u]
    if penalty >= costs[y, x]:
        return
    cost = penalty + patch_cost(target, source, guides, told, y, x, v, u, costs[y, x] - penalty)
    if cost < costs[y, x]:
        uses[field[y, x, 1], field[y, x, 0]] -= 1
        uses[v, u] += 1
        field[y, x, 0] = u
        field[y, x, 1] = v
        costs[y, x] = cost


@_compiled
def match(target, source, guides, told, allowed, need, crowding, field, costs, rounds, reach, seed):
    """PatchMatch: neighbours pass on what fits, random search around it in halving windows.

    `field` holds a valid patch for each pixel of `need` at the start; `field` and `costs` are written.
    """
    height, width = need.shape
    uses = np.zeros(allowed.shape, np.int32)
    for y in range(height):
        for x in range(width):
            if need[y, x]:
                v, u = field[y, x, 1], field[y, x, 0]
                costs[y, x] = patch_cost(target, source, guides, told, y, x, v, u, np.inf) + crowding * uses[v, u]
                uses[v, u] += 1
    state = (seed * 2654435761 + 12345) & 0xFFFFFFFF
    for turn in range(rounds):
        step = -1 if turn % 2 == 0 else 1
        for i in range(height):
            y = i if turn % 2 == 0 else height - 1 - i
            for j in range(width):
                x = j if turn % 2 == 0 else width - 1 - j
                if not need[y, x]:
                    continue
                if 0 <= y + step < height and need[y + step, x]:
                    u, v = field[y + step, x, 0], field[y + step, x, 1] - step
                    _try(target, source, guides, told, allowed, uses, crowding, field, costs, y, x, v, u)
                if 0 <= x + step < width and need[y, x + step]:
                    u, v = field[y, x + step, 0] - step, field[y, x + step, 1]
                    _try(target, source, guides, told, allowed, uses, crowding, field, costs, y, x, v, u)
                window = reach
                while window >= 1:
                    state = _next(state)
                    u = field[y, x, 0] + (state >> 8) % (2 * window + 1) - window
                    state = _next(state)
                    v = field[y, x, 1] + (state >> 8) % (2 * window + 1) - window
                    _try(target, source, guides, told, allowed, uses, crowding, field, costs, y, x, v, u)
                    window //= 2


@_compiled
def vote(paint, field, costs, need, radius, sharpness, colour):
    """The colours of all patches that cover a pixel, averaged; patches that fit count more. Writes `colour`."""
    height, width = need.shape
    channels = paint.shape[2]
    for y in range(height):
        for x in range(width):
            if not need[y, x]:
                continue
            total = 0.0
            mean = np.zeros(channels, np.float64)
            for row in range(max(0, y - radius), min(height, y + radius + 1)):
                for column in range(max(0, x - radius), min(width, x + radius + 1)):
                    if not need[row, column]:
                        continue
                    weight = 1.0 / (1e-6 + costs[row, column] * sharpness + 1.0)
                    v, u = field[row, column, 1] + y - row, field[row, column, 0] + x - column
                    for channel in range(channels):
                        mean[channel] += weight * paint[v, u, channel]
                    total += weight
            for channel in range(channels):
                colour[y, x, channel] = mean[channel] / total
