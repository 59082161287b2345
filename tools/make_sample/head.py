# SPDX-License-Identifier: GPL-3.0-or-later
"""Head, face, eyes, brows and hair."""

from dataclasses import replace

import numpy as np

from .field import Distances, Points, capsule, carve, common, ellipsoid, mirrored, plane, sphere, unite, unite_all
from .part import Colours, Part, bump, flat, srgb, step, tint
from .surface import Vertices

# The head is drawn a little larger than life: it reads better in a small picture.
HEAD_SCALE, HEAD_PIVOT = 1.10, (0.0, 0.024, 1.475)
EYE = (0.0305, -0.0665, 1.6110)
EYE_RADIUS = 0.0138
SKIN = "d9a27f"
HAIR = "2b1a12"


def face(p: Points) -> Distances:
    """The head with its neck, without eyes and hair."""
    q = mirrored(p)
    skull = ellipsoid(q, (0, 0.018, 1.640), (0.073, 0.092, 0.086))
    shape = unite(skull, ellipsoid(q, (0, -0.026, 1.576), (0.059, 0.056, 0.079)), 0.03)
    shape = unite(shape, capsule(q, (0.041, 0.002, 1.558), (0.012, -0.060, 1.513), 0.021, 0.015), 0.022)
    shape = unite(shape, sphere(q, (0, -0.070, 1.514), 0.0150), 0.018)
    shape = unite(shape, sphere(q, (0.036, -0.054, 1.583), 0.025), 0.018)
    shape = unite(shape, capsule(q, (0.010, -0.079, 1.629), (0.044, -0.060, 1.631), 0.011, 0.010), 0.014)
    shape = carve(shape, sphere(q, (0.0310, -0.0990, 1.6100), 0.0185), 0.016)
    shape = unite(shape, _nose(q), 0.009)
    shape = unite(shape, _lids(q), 0.004)
    shape = unite(shape, _ear(q), 0.005)
    shape = unite(shape, _neck(q), 0.028)
    return _mouth(shape, q)


def _nose(q: Points) -> Distances:
    bridge = capsule(q, (0, -0.080, 1.622), (0, -0.1005, 1.578), 0.0068, 0.0095)
    nose = unite(bridge, sphere(q, (0, -0.1025, 1.5735), 0.0105), 0.008)
    nose = unite(nose, sphere(q, (0.0115, -0.0915, 1.5705), 0.0080), 0.007)
    return carve(nose, ellipsoid(q, (0.0065, -0.0975, 1.5635), (0.0036, 0.0055, 0.0036)), 0.003)


def _lids(q: Points) -> Distances:
    lids = sphere(q, EYE, EYE_RADIUS + 0.0024)
    opening = ellipsoid(q, (EYE[0] + 0.0004, EYE[1] - 0.016, EYE[2] - 0.0008), (0.0142, 0.016, 0.0068))
    return carve(lids, opening, 0.0012)


def _ear(q: Points) -> Distances:
    ear = ellipsoid(q, (0.0745, 0.016, 1.604), (0.0095, 0.0195, 0.031), tilt=0.25)
    return carve(ear, ellipsoid(q, (0.0850, 0.012, 1.606), (0.0075, 0.0115, 0.020), tilt=0.25), 0.004)


def _neck(q: Points) -> Distances:
    neck = capsule(q, (0, 0.036, 1.400), (0, 0.022, 1.545), 0.055, 0.049)
    cord = capsule(q, (0.012, -0.020, 1.425), (0.052, 0.024, 1.560), 0.008, 0.010)
    base = ellipsoid(q, (0, 0.020, 1.372), (0.120, 0.070, 0.062))
    return unite(unite(neck, cord, 0.02), base, 0.04)


def _mouth(shape: Distances, q: Points) -> Distances:
    upper = capsule(q, (0.003, -0.0885, 1.5440), (0.0215, -0.0765, 1.5425), 0.0052, 0.0024)
    lower = capsule(q, (0.0, -0.0865, 1.5340), (0.0190, -0.0760, 1.5405), 0.0064, 0.0026)
    shape = unite(unite(shape, upper, 0.004), lower, 0.005)
    for start, end in (
        ((0.0, -0.0945, 1.5392), (0.012, -0.0905, 1.5398)),
        ((0.012, -0.0905, 1.5398), (0.0255, -0.0770, 1.5432)),
    ):
        shape = carve(shape, capsule(q, start, end, 0.0016, 0.0013), 0.002)
    return shape


def paint_skin(vertices: Vertices) -> Colours:
    """Skin with lips, flushed cheeks, nose and ears, dark lid edges and a shade under the brows."""
    v = vertices.copy()
    v[:, 0] = np.abs(v[:, 0])
    colour = np.tile(srgb(SKIN), (len(v), 1))
    colour = tint(colour, "c8745c", 0.55 * bump(v, (0.040, -0.070, 1.575), (0.022, 0.03, 0.018)))
    colour = tint(colour, "c9735c", 0.40 * bump(v, (0.0, -0.110, 1.573), (0.012, 0.02, 0.012)))
    colour = tint(
        colour, "c86f58", 0.45 * step(v[:, 0], 0.076, 0.01) * bump(v, (0.078, 0.016, 1.604), (0.02, 0.03, 0.035))
    )
    colour = tint(colour, "8f5a45", 0.45 * bump(v, (0.031, -0.078, 1.6225), (0.016, 0.02, 0.005)))
    lips = _lip_amount(v)
    colour = tint(colour, "b3524d", 0.95 * lips)
    colour = tint(colour, "6b2f2c", 0.9 * lips * bump(v, (0.0, v[:, 1].mean(), 1.5395), (0.03, 9.0, 0.0022)))
    rim = np.sqrt(
        ((v - np.array((EYE[0] + 0.0004, EYE[1] - 0.016, EYE[2] - 0.0008))) / (0.0142, 0.016, 0.0068)) ** 2 @ np.ones(3)
    )
    lash = (1 - step(np.abs(rim - 1.0).astype(np.float32), 0.22, 0.2)) * step(v[:, 2], EYE[2] - 0.002, 0.004)
    return tint(colour, "1c110d", 0.95 * lash * bump(v, EYE, (0.02, 0.02, 0.02)) * 1.6)


def _lip_amount(v: Vertices) -> Colours:
    centre = 1.5392 + 8.0 * v[:, 0] ** 2
    half = 0.0085 * np.sqrt(np.clip(1 - (v[:, 0] / 0.0245) ** 2, 0, 1))
    inside = step((half - np.abs(v[:, 2] - centre)).astype(np.float32), 0.0, 0.002)
    return inside * step(-v[:, 1], 0.070, 0.006)


def hair(p: Points) -> Distances:
    """A chin-long bob with a side parting, in combed locks."""
    cap = ellipsoid(p, (0, 0.024, 1.646), (0.0865, 0.104, 0.0955))
    back = ellipsoid(p, (0, 0.048, 1.598), (0.0820, 0.074, 0.090))
    q = mirrored(p)
    curtain = capsule(q, (0.068, -0.010, 1.665), (0.0660, 0.000, 1.552), 0.022, 0.013)
    mass = unite_all((cap, back, curtain), 0.03)
    opening = ellipsoid(p, (0.0, -0.118, 1.578), (0.0635, 0.098, 0.098))
    mass = carve(mass, opening, 0.012)
    fringe = capsule(p, (0.030, -0.066, 1.706), (-0.062, -0.050, 1.655), 0.016, 0.013)
    tuft = capsule(p, (0.030, -0.066, 1.706), (0.066, -0.040, 1.660), 0.014, 0.012)
    mass = unite_all((mass, fringe, tuft), 0.014)
    mass = common(mass, plane(p, (0, 0, 1.540), (0, -0.30, -0.954)), 0.02)
    return mass + _locks(p) * np.float32(0.0016)


def _locks(p: Points) -> Distances:
    """Combed relief -1..1 that runs down from the parting."""
    angle = np.arctan2(p[1] - np.float32(0.02), p[0] - np.float32(0.02))
    drop = p[2] - np.float32(1.65)
    sweep = angle + np.float32(2.0) * drop
    return (np.sin(26 * sweep + 2 * np.sin(5 * angle + 20 * drop)) + 0.6 * np.sin(57 * sweep + 9 * drop)) / np.float32(
        1.6
    )


def paint_hair(vertices: Vertices) -> Colours:
    """Dark brown with lighter strands."""
    points = (vertices[:, 0], vertices[:, 1], vertices[:, 2])
    base = np.tile(srgb(HAIR), (len(vertices), 1))
    return tint(base, "6a4128", 0.45 * step(-_locks(points), 0.35, 0.9))


def brows(p: Points) -> Distances:
    """Both eyebrows."""
    q = mirrored(p)
    inner = capsule(q, (0.0150, -0.0885, 1.6345), (0.0320, -0.0805, 1.6385), 0.0027, 0.0026)
    outer = capsule(q, (0.0320, -0.0805, 1.6385), (0.0470, -0.0655, 1.6320), 0.0026, 0.0014)
    return unite(inner, outer, 0.002)


def eyes(p: Points) -> Distances:
    """Both eyeballs."""
    return sphere(mirrored(p), EYE, EYE_RADIUS)


def paint_eyes(vertices: Vertices) -> Colours:
    """White, iris with a dark edge, pupil; the eyes look straight ahead."""
    v = vertices.copy()
    v[:, 0] = np.abs(v[:, 0])
    away = np.hypot(v[:, 0] - (EYE[0] - 0.0006), v[:, 2] - EYE[2]).astype(np.float32)
    front = step(-v[:, 1], -EYE[1], 0.002)
    colour = np.tile(srgb("efe9e4"), (len(v), 1))
    colour = tint(colour, "2b1c12", (1 - step(away, 0.0069, 0.0008)) * front)
    colour = tint(colour, "6b4424", (1 - step(away, 0.0058, 0.0010)) * front)
    return tint(colour, "050403", (1 - step(away, 0.0030, 0.0006)) * front)


PARTS: tuple[Part, ...] = tuple(
    replace(part, scale=HEAD_SCALE, pivot=HEAD_PIVOT)
    for part in (
        Part(
            "face",
            "skin",
            face,
            (-0.135, -0.125, 1.36),
            (0.135, 0.125, 1.74),
            0.0019,
            paint_skin,
            ("head", "neck", "chest"),
        ),
        Part("hair", "hair", hair, (-0.115, -0.115, 1.49), (0.115, 0.150, 1.76), 0.0024, paint_hair, ("head",)),
        Part("brows", "hair", brows, (-0.06, -0.10, 1.61), (0.06, -0.05, 1.66), 0.0011, flat(HAIR), ("head",)),
        Part("eyes", "eye", eyes, (-0.05, -0.09, 1.59), (0.05, -0.045, 1.63), 0.0008, paint_eyes, ("head",)),
    )
)
