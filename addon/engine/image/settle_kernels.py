# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: ANN001, ANN202
# pyright: basic
"""The loops of `settle`, compiled by Numba at their first use; kept compiled for the next process."""

import numba
import numpy as np

TILE = 12
"""Side of a tile, pixels; its model is fitted to the window of twice that size around it."""
_REACH_TILES = 1
_RADIUS = 4
_STRIDE = 2
_TAPS = (2 * _RADIUS // _STRIDE + 1) ** 2
_LIKENESS = 0.03
_LARGEST_DIFFERENCE = 50.0
_UNSEEN = 12.0
_LOST_PENALTY = 8.0
_PER_TILE = 0.3
_PLANE_BONUS = 0.4
_AGREEMENT = 0.6
_LEAST_AGREEING = 0.3
_SAME_PIXELS = 0.4
_MOST_DIFFERENT = 24
_OWN = -1000
_ROUNDS = 2

_compiled = numba.njit(fastmath=True, cache=True, nogil=True)
_inlined = numba.njit(fastmath=True, cache=True, nogil=True, inline="always")


@_compiled
def _solve(a, b):
    """A symmetric system of three by Cramer's rule; `a` holds the upper triangle by rows."""
    m00, m01, m02 = a[3] * a[5] - a[4] * a[4], a[2] * a[4] - a[1] * a[5], a[1] * a[4] - a[2] * a[3]
    determinant = a[0] * m00 + a[1] * m01 + a[2] * m02
    if abs(determinant) < 1e-9:
        return 0.0, 0.0, 0.0, False
    m11, m12, m22 = a[0] * a[5] - a[2] * a[2], a[1] * a[2] - a[0] * a[4], a[0] * a[3] - a[1] * a[1]
    return (
        (m00 * b[0] + m01 * b[1] + m02 * b[2]) / determinant,
        (m01 * b[0] + m11 * b[1] + m12 * b[2]) / determinant,
        (m02 * b[0] + m12 * b[1] + m22 * b[2]) / determinant,
        True,
    )


@_compiled
def fit_tiles(flow, known, models, agreeing) -> None:
    """Fill the models and shares of all tiles."""
    for row in range(models.shape[0]):
        for column in range(models.shape[1]):
            _fit_tile(flow, known, row, column, models, agreeing)


@_compiled
def _fit_tile(flow, known, row, column, models, agreeing):
    height, width = known.shape
    middle_y, middle_x = row * TILE + TILE // 2, column * TILE + TILE // 2
    u0, u1, u2, v0, v1, v2 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    a, b_u, b_v = np.zeros(6), np.zeros(3), np.zeros(3)
    for turn in range(4):
        a[:] = 0
        b_u[:] = 0
        b_v[:] = 0
        total, count = 0.0, 0.0
        sharpness = 1.0 if turn == 1 else 1 / 0.35**2
        for y in range(max(0, middle_y - TILE), min(height, middle_y + TILE)):
            for x in range(max(0, middle_x - TILE), min(width, middle_x + TILE)):
                if not known[y, x]:
                    continue
                count += 1
                dx, dy = float(x - middle_x), float(y - middle_y)
                u, v = flow[y, x, 0], flow[y, x, 1]
                weight = 1.0
                if turn > 0:
                    off = (u0 + u1 * dx + u2 * dy - u) ** 2 + (v0 + v1 * dx + v2 * dy - v) ** 2
                    weight = 1 / (1 + off * sharpness) ** 2
                total += weight
                a[0] += weight
                a[1] += weight * dx
                a[2] += weight * dy
                a[3] += weight * dx * dx
                a[4] += weight * dx * dy
                a[5] += weight * dy * dy
                b_u[0] += weight * u
                b_u[1] += weight * u * dx
                b_u[2] += weight * u * dy
                b_v[0] += weight * v
                b_v[1] += weight * v * dx
                b_v[2] += weight * v * dy
        if total < 20:
            return
        # A little stiffness: a window known along one line only gets no slope across it.
        a[3] += total * 2
        a[5] += total * 2
        u0, u1, u2, solved = _solve(a, b_u)
        v0, v1, v2, solved_too = _solve(a, b_v)
        if not (solved and solved_too):
            return
        agreeing[row, column] = total / count if turn == 3 else 0.0
    model = models[row, column]
    model[0], model[1], model[2] = u0 - u1 * middle_x - u2 * middle_y, u1, u2
    model[3], model[4], model[5] = v0 - v1 * middle_x - v2 * middle_y, v1, v2


@_inlined
def _motion(models, planes, label, x, y):
    """The motion of a model at a point, and its slopes there: u, v, du/dx, du/dy, dv/dx, dv/dy."""
    if label >= 0:
        p = models[label // models.shape[1], label % models.shape[1]]
        return p[0] + p[1] * x + p[2] * y, p[3] + p[4] * x + p[5] * y, p[1], p[2], p[4], p[5]
    m = planes[-label - 1]
    share = 1 / (m[2, 0] * x + m[2, 1] * y + m[2, 2])
    to_x = (m[0, 0] * x + m[0, 1] * y + m[0, 2]) * share
    to_y = (m[1, 0] * x + m[1, 1] * y + m[1, 2]) * share
    u_x, u_y = (m[0, 0] - to_x * m[2, 0]) * share - 1, (m[0, 1] - to_x * m[2, 1]) * share
    v_x, v_y = (m[1, 0] - to_y * m[2, 0]) * share, (m[1, 1] - to_y * m[2, 1]) * share - 1
    return to_x - x, to_y - y, u_x, u_y, v_x, v_y


@_compiled
def _support(frame, y, x, weights):
    """Weights of the window around a pixel by likeness of colour; returns their sum."""
    height, width = frame.shape[:2]
    total, tap = np.float32(0), 0
    for dy in range(-_RADIUS, _RADIUS + 1, _STRIDE):
        for dx in range(-_RADIUS, _RADIUS + 1, _STRIDE):
            yy, xx = y + dy, x + dx
            weight = np.float32(0)
            if 0 <= yy < height and 0 <= xx < width:
                unlike = np.float32(0)
                for channel in range(3):
                    unlike += abs(frame[yy, xx, channel] - frame[y, x, channel])
                weight = np.exp(-unlike * np.float32(_LIKENESS))
            weights[tap] = weight
            total += weight
            tap += 1
    return total


@_inlined
def _unlikeness(frame, key, key_shown, y, x, u, v):
    """How unlike the frame is at one pixel to the key at another position, in 8-bit steps."""
    height, width = frame.shape[:2]
    at_y, at_x = np.float32(y) + v, np.float32(x) + u
    if not (at_y >= 0 and at_x >= 0 and at_y < height - 1 and at_x < width - 1):
        return np.float32(_UNSEEN)
    # Unsigned, or every index is checked for being negative.
    top, left = np.uintp(at_y), np.uintp(at_x)
    if not key_shown[top, left]:
        return np.float32(_UNSEEN)
    bottom, right = top + np.uintp(1), left + np.uintp(1)
    down, across, one = at_y - np.float32(top), at_x - np.float32(left), np.float32(1)
    a, b = (one - down) * (one - across), (one - down) * across
    c, d = down * (one - across), down * across
    found = np.float32(0)
    for k in numba.literal_unroll((0, 1, 2, 3)):
        seen = a * key[top, left, k] + b * key[top, right, k] + c * key[bottom, left, k] + d * key[bottom, right, k]
        found += abs(frame[y, x, k] - seen)
    return min(found, np.float32(_LARGEST_DIFFERENCE))


@_compiled
def _own_cost(frame, key, key_shown, flow, y, x, weights):
    """The weighted sum of differences under the flow as it is."""
    tap, found = 0, np.float32(0)
    for dy in range(-_RADIUS, _RADIUS + 1, _STRIDE):
        for dx in range(-_RADIUS, _RADIUS + 1, _STRIDE):
            weight = weights[tap]
            tap += 1
            if weight > 0:
                yy, xx = np.uintp(y + dy), np.uintp(x + dx)
                found += weight * _unlikeness(frame, key, key_shown, yy, xx, flow[yy, xx, 0], flow[yy, xx, 1])
    return found


@_compiled
def _cost(frame, key, key_shown, models, planes, label, y, x, weights, limit):
    """The weighted sum of differences under a model; given up as soon as it is over the limit."""
    motion = _motion(models, planes, label, float(x), float(y))
    u, v = np.float32(motion[0]), np.float32(motion[1])
    u_x, u_y, v_x, v_y = np.float32(motion[2]), np.float32(motion[3]), np.float32(motion[4]), np.float32(motion[5])
    tap, found = 0, np.float32(0)
    for dy in range(-_RADIUS, _RADIUS + 1, _STRIDE):
        for dx in range(-_RADIUS, _RADIUS + 1, _STRIDE):
            weight = weights[tap]
            tap += 1
            if weight > 0:
                right, down = np.float32(dx), np.float32(dy)
                u_here, v_here = u + u_x * right + u_y * down, v + v_x * right + v_y * down
                yy, xx = np.uintp(y + dy), np.uintp(x + dx)
                found += weight * _unlikeness(frame, key, key_shown, yy, xx, u_here, v_here)
        if found > limit:
            return found
    return found


@_compiled
def _is_new(seen, count, u, v):
    for index in range(count):  # noqa: SIM110
        if abs(seen[index, 0] - u) + abs(seen[index, 1] - v) < _SAME_PIXELS:
            return False
    return True


@_compiled
def settle(frame, key, key_shown, flow, lost, active, models, agreeing, planes) -> None:
    """Choose a model for each active pixel and write its motion into the flow."""
    height, width = active.shape
    labels, costs = np.full((height, width), _OWN, np.int32), np.zeros((height, width), np.float32)
    weights, seen = np.zeros(_TAPS, np.float32), np.zeros((_MOST_DIFFERENT, 2))
    for y in range(height):
        for x in range(width):
            if active[y, x]:
                labels[y, x], costs[y, x] = _best(
                    frame, key, key_shown, flow, lost, models, agreeing, planes, y, x, weights, seen
                )
    for turn in range(_ROUNDS):
        _spread(frame, key, key_shown, active, models, planes, labels, costs, weights, turn % 2 == 0)
    for y in range(height):
        for x in range(width):
            if active[y, x] and labels[y, x] != _OWN:
                flow[y, x, 0], flow[y, x, 1] = _motion(models, planes, labels[y, x], float(x), float(y))[:2]


@_compiled
def _best(frame, key, key_shown, flow, lost, models, agreeing, planes, y, x, weights, seen):
    """The best of the map's own motion, the planes and the tiles close by; each different motion is tried once."""
    total = max(_support(frame, y, x, weights), np.float32(1e-3))
    cost = _own_cost(frame, key, key_shown, flow, y, x, weights) / total
    best, label = cost + (_LOST_PENALTY if lost[y, x] else 0.0), _OWN
    count = 0
    for plane in range(planes.shape[0]):
        limit = np.float32((best + _PLANE_BONUS) * total)
        cost = _cost(frame, key, key_shown, models, planes, -plane - 1, y, x, weights, limit) / total
        seen[count, 0], seen[count, 1] = _motion(models, planes, -plane - 1, float(x), float(y))[:2]
        count += 1
        if cost - _PLANE_BONUS < best:
            best, label = cost - _PLANE_BONUS, -plane - 1
    rows, columns = agreeing.shape
    own_row, own_column = y // TILE, x // TILE
    for row in range(max(0, own_row - _REACH_TILES), min(rows, own_row + _REACH_TILES + 1)):
        for column in range(max(0, own_column - _REACH_TILES), min(columns, own_column + _REACH_TILES + 1)):
            if agreeing[row, column] < _LEAST_AGREEING or count == _MOST_DIFFERENT:
                continue
            candidate = row * columns + column
            u, v = _motion(models, planes, candidate, float(x), float(y))[:2]
            if not _is_new(seen, count, u, v):
                continue
            seen[count, 0], seen[count, 1] = u, v
            count += 1
            away = _PER_TILE * (abs(row - own_row) + abs(column - own_column))
            limit = np.float32((best - away) * total)
            if limit <= 0:
                continue
            cost = _cost(frame, key, key_shown, models, planes, candidate, y, x, weights, limit) / total + away
            if cost < best:
                best, label = cost, candidate
    return label, best


@_compiled
def _spread(frame, key, key_shown, active, models, planes, labels, costs, weights, down):
    """One pass over the active pixels: each takes a neighbour's model where that explains it about as well."""
    height, width = active.shape
    step = -1 if down else 1
    for index_y in range(height):
        y = index_y if down else height - 1 - index_y
        for index_x in range(width):
            x = index_x if down else width - 1 - index_x
            if not active[y, x]:
                continue
            total = np.float32(0)
            for side in range(2):
                yy, xx = (y + step, x) if side == 0 else (y, x + step)
                if yy < 0 or xx < 0 or yy >= height or xx >= width or not active[yy, xx]:
                    continue
                label = labels[yy, xx]
                if label == _OWN or label == labels[y, x]:  # noqa: PLR1714
                    continue
                if total == 0:
                    total = max(_support(frame, y, x, weights), np.float32(1e-3))
                bonus = _AGREEMENT + (_PLANE_BONUS if label < 0 else 0.0)
                limit = np.float32((costs[y, x] + bonus) * total)
                cost = _cost(frame, key, key_shown, models, planes, label, y, x, weights, limit) / total - bonus
                if cost < costs[y, x]:
                    costs[y, x], labels[y, x] = cost + _AGREEMENT / 2, label
