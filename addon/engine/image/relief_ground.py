# SPDX-License-Identifier: GPL-3.0-or-later
"""The set behind a person as disparity (1 / metres): a floor that meets the feet, and a wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .relief import Float

_CORNER = 0.06


@dataclass(frozen=True)
class Ground:
    """A level camera over a floor.

    Attributes:
        horizon_row: Row of the picture that points straight ahead; may lie outside the picture.
        focal_pixels: Focal length in pixels.
        camera_height_metres: Over the floor.
    """

    horizon_row: float
    focal_pixels: float
    camera_height_metres: float

    def disparity(self, row: float) -> float:
        """1 / metres of the floor at a row; 0 and less at the horizon and above."""
        return (row - self.horizon_row) / (self.focal_pixels * self.camera_height_metres)


def horizon_row(foot_row: float, foot_metres: float, focal_pixels: float, camera_height_metres: float) -> float:
    """The horizon that lets the floor be `foot_metres` away at `foot_row`."""
    return foot_row - focal_pixels * camera_height_metres / foot_metres


def background(shape: tuple[int, int], ground: Ground | None, wall_metres: float) -> Float:
    """Disparity of an empty room.

    Args:
        shape: Rows and columns.
        ground: None leaves the floor out.
        wall_metres: Distance of the back wall; the corner to the floor is rounded.

    Returns:
        (H, W) float32, 1 / metres.
    """
    wall = 1 / wall_metres
    if ground is None:
        return np.full(shape, wall, np.float32)
    floor = np.array([ground.disparity(row) for row in range(shape[0])])
    column = (floor + wall + np.sqrt((floor - wall) ** 2 + (_CORNER * wall) ** 2)) / 2
    return np.repeat(column.astype(np.float32)[:, None], shape[1], axis=1)
