# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms and hands, shirt, trousers and shoes."""

import numpy as np

from .field import (
    Distances,
    Points,
    capsule,
    carve,
    common,
    ellipsoid,
    mirrored,
    plane,
    ring,
    ripple,
    sphere,
    unite,
    unite_all,
)
from .head import SKIN
from .part import Colours, Part, bump, srgb, step, tint
from .skeleton import (
    ANKLE,
    ARM,
    ELBOW,
    FINGERS,
    FOREARM_LENGTH,
    HIP,
    KNEE,
    SHOULDER,
    UPPER_ARM_LENGTH,
    WRIST,
    along_arm,
    finger_joints,
)
from .surface import Vertices

HAND_START = UPPER_ARM_LENGTH + FOREARM_LENGTH
SLEEVE_END = 0.165
HEM = 0.895


def arm(p: Points) -> Distances:
    """The left arm with its hand."""
    upper = capsule(p, along_arm(0.075), ELBOW, 0.038, 0.036)
    lower = capsule(p, ELBOW, along_arm(UPPER_ARM_LENGTH + 0.09), 0.036, 0.038)
    taper = capsule(p, along_arm(UPPER_ARM_LENGTH + 0.09), WRIST, 0.038, 0.0255)
    shape = unite_all((upper, lower, taper), 0.02)
    shape = unite(shape, sphere(p, along_arm(UPPER_ARM_LENGTH, 0.012), 0.030), 0.02)
    return unite(shape, _hand(p), 0.014)


def _hand(p: Points) -> Distances:
    palm: list[Distances] = []
    for _, place, forward, _, _ in FINGERS[:4]:
        start = along_arm(HAND_START + 0.008, 0.0, forward * 0.5)
        palm.append(capsule(p, start, along_arm(HAND_START + place, 0.0, forward), 0.0165, 0.0118))
    palm.append(
        capsule(
            p, along_arm(HAND_START + 0.012, -0.004, 0.014), along_arm(HAND_START + 0.055, -0.006, 0.036), 0.016, 0.013
        )
    )
    shape = unite_all(palm, 0.012)
    for name, place, forward, spread, lengths in FINGERS:
        joints = finger_joints(place, forward, spread, lengths)
        thick = 0.0120 if name == "thumb" else 0.0088 if name == "little" else 0.0100
        bones = [capsule(p, joints[i], joints[i + 1], thick - 0.0009 * i, thick - 0.0009 * (i + 1)) for i in range(3)]
        shape = unite(shape, unite_all(bones, 0.003), 0.006)
    return shape


def paint_arm(vertices: Vertices) -> Colours:
    """Skin, a little redder at the elbow, the knuckles and the finger tips."""
    colour = np.tile(srgb(SKIN), (len(vertices), 1))
    colour = tint(colour, "c47a60", 0.35 * bump(vertices, ELBOW, (0.04, 0.04, 0.04)))
    reach = (vertices - np.asarray(SHOULDER, np.float32)) @ np.asarray(ARM, np.float32)
    return tint(colour, "c9785f", 0.35 * step(reach, HAND_START + 0.13, 0.06))


def shirt(p: Points) -> Distances:
    """A loose T-shirt with creases at the waist and under the arms."""
    q = mirrored(p)
    chest = ellipsoid(q, (0, 0.014, 1.275), (0.140, 0.102, 0.165))
    bust = ellipsoid(q, (0.066, -0.058, 1.270), (0.058, 0.048, 0.058))
    waist = ellipsoid(q, (0, 0.010, 1.100), (0.124, 0.094, 0.150))
    hips = ellipsoid(q, (0, 0.014, 0.950), (0.169, 0.126, 0.145))
    torso = unite_all((chest, waist, hips), 0.09)
    torso = unite(torso, bust, 0.05)
    yoke = capsule(q, (0.030, 0.026, 1.425), (SHOULDER[0] - 0.012, SHOULDER[1], SHOULDER[2] - 0.006), 0.044, 0.047)
    sleeve = capsule(q, along_arm(0.0, -0.008), along_arm(SLEEVE_END + 0.05), 0.053, 0.064)
    sleeve = common(sleeve, plane(q, along_arm(SLEEVE_END), ARM), 0.006)
    shape = unite(unite(torso, yoke, 0.05), sleeve, 0.035)
    shape = shape - np.float32(0.006) + _shirt_folds(p)
    shape = common(shape, plane(q, (0, 0, HEM), (0, 0, -1)), 0.008)
    shape = carve(shape, ellipsoid(q, (0, -0.006, 1.482), (0.070, 0.078, 0.066)), 0.008)
    return unite(shape, ring(q, (0, 0.008, 1.437), (0.069, 0.064), 0.0075, tilt=0.42), 0.004)


def _shirt_folds(p: Points) -> Distances:
    fine = ripple(p, (((9, 14, 21), 0.4), ((23, -11, 34), 1.1), ((-14, 19, 47), 2.0)), 0.0042)
    amount = np.float32(0.35) + np.exp(-(((p[2] - np.float32(1.05)) / np.float32(0.12)) ** 2))
    return fine * amount


def paint_shirt(vertices: Vertices) -> Colours:
    """Cream with rust red stripes; on the sleeves they run round the arm."""
    side = np.abs(vertices[:, 0])
    reach = ((side - SHOULDER[0]) * ARM[0] + (vertices[:, 2] - SHOULDER[2]) * ARM[2]).astype(np.float32)
    upper = step(vertices[:, 2], 1.19, 0.002)
    on_sleeve = step(reach, 0.035, 0.002) * step(side, SHOULDER[0] - 0.007, 0.002) * upper
    level = np.where(on_sleeve > 0.5, reach + 0.006, 1.400 - vertices[:, 2])
    stripe = step((np.abs((level / 0.052) % 1.0 - 0.5) * 2).astype(np.float32), 0.52, 0.08)
    colour = tint(np.tile(srgb("efe3cd"), (len(vertices), 1)), "b5432c", stripe)
    collar = step(vertices[:, 2] - 0.42 * vertices[:, 1], 1.427, 0.003) * step(-side, -0.080, 0.003)
    cuff = step(reach, SLEEVE_END - 0.014, 0.003) * upper
    hem = step(-vertices[:, 2], -HEM - 0.014, 0.003)
    return tint(colour, "8e3020", np.maximum(collar, np.maximum(cuff, hem)))


def trousers(p: Points) -> Distances:
    """Straight jeans with creases at the knees and above the shoes."""
    q = mirrored(p)
    hips = ellipsoid(q, (0, 0.014, 0.925), (0.150, 0.108, 0.115))
    seat = sphere(q, (0.070, 0.058, 0.890), 0.070)
    thigh = capsule(q, HIP, KNEE, 0.083, 0.062)
    shin = capsule(q, KNEE, (ANKLE[0], ANKLE[1] - 0.006, 0.06), 0.062, 0.060)
    calf = ellipsoid(q, (0.098, 0.022, 0.380), (0.052, 0.054, 0.110))
    legs = unite_all((thigh, shin, calf), 0.03)
    shape = unite(unite(hips, seat, 0.05), legs, 0.03)
    folds = ripple(p, (((19, 17, 22), 0.7), ((-31, 23, 38), 0.2), ((37, 29, 56), 1.4)), 0.0036)
    near = sum(
        np.exp(-(((p[2] - np.float32(z)) / np.float32(size)) ** 2))
        for z, size in ((0.50, 0.07), (0.13, 0.08), (0.83, 0.06))
    )
    shape = shape + folds * (np.float32(0.2) + near)
    return common(shape, plane(p, (0, 0.02, 0.062), (0, -0.35, -0.94)), 0.006)


def paint_trousers(vertices: Vertices) -> Colours:
    """Denim, worn paler at the thighs and knees, with darker seams at the sides."""
    v = vertices.copy()
    v[:, 0] = np.abs(v[:, 0])
    colour = np.tile(srgb("2c405f"), (len(v), 1))
    colour = tint(colour, "5d7899", 0.75 * bump(v, (0.092, -0.085, 0.68), (0.045, 0.06, 0.15)))
    colour = tint(colour, "5d7899", 0.5 * bump(v, (0.094, -0.07, 0.49), (0.04, 0.05, 0.06)))
    seam = np.abs(v[:, 1] - 0.005) < 0.004
    colour = tint(colour, "1d2b42", 0.8 * (seam & (v[:, 0] > 0.12)).astype(np.float32))
    return tint(colour, "22314b", step(-v[:, 2], -0.088, 0.004))


def shoe(p: Points) -> Distances:
    """The left sneaker."""
    heel, toe = (0.101, 0.052), (0.117, -0.150)
    upper = capsule(p, (heel[0], heel[1] - 0.006, 0.050), (toe[0], toe[1] + 0.012, 0.034), 0.040, 0.034)
    collar = capsule(p, (ANKLE[0], 0.034, 0.05), (ANKLE[0], 0.030, 0.100), 0.044, 0.042)
    upper = unite(upper, collar, 0.03)
    upper = unite(upper, capsule(p, (0.103, 0.0, 0.078), (0.111, -0.075, 0.050), 0.026, 0.022), 0.03)
    flat_x, flat_y = np.array(toe) - np.array(heel)
    t = np.clip(((p[0] - heel[0]) * flat_x + (p[1] - heel[1]) * flat_y) / (flat_x**2 + flat_y**2), 0, 1)
    outline = np.hypot(p[0] - heel[0] - t * flat_x, p[1] - heel[1] - t * flat_y) - (0.040 + 0.006 * t)
    sole = common(outline.astype(np.float32), np.abs(p[2] - np.float32(0.014)) - np.float32(0.014), 0.006)
    shape = unite(common(upper, plane(p, (0, 0, 0.012), (0, 0, -1))), sole, 0.003)
    return shape


def paint_shoe(vertices: Vertices) -> Colours:
    """Mustard canvas on a white sole, white toe cap and laces."""
    colour = np.tile(srgb("d29a2e"), (len(vertices), 1))
    cap = step(-vertices[:, 1], 0.135, 0.004) * step(vertices[:, 2], 0.02, 0.004)
    colour = tint(colour, "efece4", cap)
    lace = (np.sin((vertices[:, 1] + vertices[:, 2]) * 330) > 0.3) & (np.abs(vertices[:, 0] - 0.108) < 0.018)
    lace &= (vertices[:, 1] < -0.02) & (vertices[:, 1] > -0.11) & (vertices[:, 2] > 0.055)
    colour = tint(colour, "f4f1ea", lace.astype(np.float32))
    return tint(colour, "efece4", step(-vertices[:, 2], -0.028, 0.003))


ARM_BONES = ("clavicle", "upper_arm", "forearm", "forearm_twist", "hand")
FINGER_BONES = tuple(f"{finger[0]}_{number}" for finger in FINGERS for number in (1, 2, 3))
LEGS = tuple(f"{bone}.{side}" for bone in ("thigh", "shin") for side in ("left", "right"))
SLEEVES = tuple(f"{bone}.{side}" for bone in ("clavicle", "upper_arm") for side in ("left", "right"))

PARTS: tuple[Part, ...] = (
    Part(
        "arm", "skin", arm, (0.10, -0.12, 0.86), (0.74, 0.09, 1.45), 0.0026, paint_arm, ARM_BONES + FINGER_BONES, True
    ),
    Part(
        "shirt",
        "cloth",
        shirt,
        (-0.37, -0.16, 0.86),
        (0.37, 0.18, 1.49),
        0.0045,
        paint_shirt,
        ("pelvis", "belly", "chest", *SLEEVES),
    ),
    Part(
        "trousers",
        "cloth",
        trousers,
        (-0.21, -0.16, 0.03),
        (0.21, 0.18, 1.08),
        0.0050,
        paint_trousers,
        ("pelvis", *LEGS),
    ),
    Part("shoe", "rubber", shoe, (0.03, -0.22, -0.01), (0.19, 0.13, 0.16), 0.0026, paint_shoe, ("foot", "toes"), True),
)
