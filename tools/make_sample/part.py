# SPDX-License-Identifier: GPL-3.0-or-later
"""What every modelled part of the figure says about itself."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .field import Field
from .surface import Quads, Vertices, surface

Colours = npt.NDArray[np.float32]
Paint = Callable[[Vertices], Colours]


@dataclass(frozen=True)
class Part:
    """A piece of the figure in the rest pose.

    `field` is meshed inside the box `low`..`high` (metres) with cells of `voxel` metres. `paint` gives linear RGB
    (V, 3) for vertices (V, 3). `bones` are the bones that may move it. A part with `mirrored` set is modelled on the
    left ("NAME.left" bones) and repeated on the right. `scale` enlarges the finished part about `pivot`.
    """

    name: str
    material: str
    field: Field
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    voxel: float
    paint: Paint
    bones: tuple[str, ...]
    mirrored: bool = False
    scale: float = 1.0
    pivot: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def mesh(self) -> tuple[Vertices, Quads, Colours]:
        """Vertices (V, 3), outward quads (Q, 4) and colours (V, 3) of the part, scaled about its pivot."""
        vertices, quads = surface(self.field, self.low, self.high, self.voxel)
        pivot = np.asarray(self.pivot, np.float32)
        return (vertices - pivot) * np.float32(self.scale) + pivot, quads, self.paint(vertices)


def srgb(code: str) -> npt.NDArray[np.float32]:
    """Linear RGB (3,) of an sRGB hexadecimal colour such as "c0392b"."""
    value = np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)], np.float32) / np.float32(255)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def flat(code: str) -> Paint:
    """One colour everywhere."""
    return lambda vertices: np.tile(srgb(code), (len(vertices), 1))


def tint(base: Colours, code: str, amount: npt.NDArray[np.float32]) -> Colours:
    """`base` (V, 3) drawn toward a colour by `amount` (V,) 0..1."""
    weight = np.clip(amount, 0, 1)[:, None].astype(np.float32)
    return base * (1 - weight) + srgb(code) * weight


def bump(vertices: Vertices, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Colours:
    """A soft spot (V,): 1 at `centre`, fading over `radii` metres."""
    scaled = (vertices - np.asarray(centre, np.float32)) / np.asarray(radii, np.float32)
    return np.exp(-(scaled**2).sum(1)).astype(np.float32)


def step(values: npt.NDArray[np.float32], edge: float, softness: float) -> npt.NDArray[np.float32]:
    """0 below `edge`, 1 above, smooth over `softness`."""
    t = np.clip((values - edge) / softness + 0.5, 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)
