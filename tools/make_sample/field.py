# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed distance fields: the clay the figure is modelled from.

Every function takes `Points` (three float32 arrays that broadcast against each other: x, y, z in metres) and returns
approximate signed distances in metres, negative inside. Smooth blends use the quadratic polynomial minimum
(I. Quilez, "smooth minimum").
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Distances = npt.NDArray[np.float32]
Points = tuple[Distances, Distances, Distances]
Field = Callable[[Points], Distances]
Vector = Sequence[float]


def sphere(p: Points, centre: Vector, radius: float) -> Distances:
    """A ball."""
    return ellipsoid(p, centre, (radius, radius, radius))


def ellipsoid(p: Points, centre: Vector, radii: Vector, tilt: float = 0.0) -> Distances:
    """An ellipsoid, turned by `tilt` radians about the x axis (positive lowers its front, -y, side)."""
    x, y, z = (p[axis] - np.float32(centre[axis]) for axis in range(3))
    if tilt:
        cosine, sine = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
        y, z = cosine * y + sine * z, cosine * z - sine * y
    a, b, c = (np.float32(max(radius, 1e-5)) for radius in radii)
    near = np.sqrt((x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2)
    steep = np.sqrt((x / a**2) ** 2 + (y / b**2) ** 2 + (z / c**2) ** 2)
    return near * (near - 1) / np.maximum(steep, np.float32(1e-6))


def capsule(p: Points, start: Vector, end: Vector, start_radius: float, end_radius: float) -> Distances:
    """A rod with round ends whose radius runs from `start_radius` to `end_radius`."""
    first = np.asarray(start, np.float32)
    along = np.asarray(end, np.float32) - first
    dx, dy, dz = p[0] - first[0], p[1] - first[1], p[2] - first[2]
    t = np.clip((dx * along[0] + dy * along[1] + dz * along[2]) / np.float32(along @ along), 0, 1)
    distance = np.sqrt((dx - t * along[0]) ** 2 + (dy - t * along[1]) ** 2 + (dz - t * along[2]) ** 2)
    return distance - (np.float32(start_radius) + t * np.float32(end_radius - start_radius))


def plane(p: Points, point: Vector, normal: Vector) -> Distances:
    """A half space; `normal` (unit length) points out of it."""
    return sum((p[axis] - np.float32(point[axis])) * np.float32(normal[axis]) for axis in range(3))  # type: ignore[return-value]


def ring(p: Points, centre: Vector, radii: tuple[float, float], thickness: float, tilt: float = 0.0) -> Distances:
    """An elliptic ring lying flat, `tilt` radians about the x axis: collars, cuffs, hems."""
    x, y, z = (p[axis] - np.float32(centre[axis]) for axis in range(3))
    cosine, sine = np.float32(np.cos(tilt)), np.float32(np.sin(tilt))
    y, z = cosine * y + sine * z, cosine * z - sine * y
    flat = (np.sqrt((x / radii[0]) ** 2 + (y / radii[1]) ** 2) - 1) * np.float32(min(radii))
    return np.sqrt(flat**2 + z**2) - np.float32(thickness)


def unite(a: Distances, b: Distances, blend: float = 0.0) -> Distances:
    """Both shapes; `blend` metres of soft transition."""
    if blend <= 0:
        return np.minimum(a, b)
    mix = np.maximum(np.float32(blend) - np.abs(a - b), 0) / np.float32(blend)
    return np.minimum(a, b) - mix * mix * np.float32(blend / 4)


def unite_all(shapes: Sequence[Distances], blend: float) -> Distances:
    """All shapes, one after the other."""
    whole = shapes[0]
    for shape in shapes[1:]:
        whole = unite(whole, shape, blend)
    return whole


def carve(a: Distances, b: Distances, blend: float = 0.0) -> Distances:
    """`a` without `b`."""
    return -unite(-a, b, blend)


def common(a: Distances, b: Distances, blend: float = 0.0) -> Distances:
    """What lies in both."""
    return -unite(-a, -b, blend)


def mirrored(p: Points) -> Points:
    """The points folded onto the left half (x >= 0), for shapes that both sides share."""
    return np.abs(p[0]), p[1], p[2]


def ripple(p: Points, waves: Sequence[tuple[Vector, float]], height: float) -> Distances:
    """Soft uneven folds, -height..height: sines along `waves` (radians a metre, phase), each bent by the one before."""
    bend = np.float32(0)
    for frequency, phase in waves:
        swing = sum(p[axis] * np.float32(frequency[axis]) for axis in range(3))
        bend = np.sin(swing + np.float32(phase) + np.float32(1.3) * bend)
    return bend * np.float32(height)  # type: ignore[return-value]
