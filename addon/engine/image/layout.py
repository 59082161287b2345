# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things stand: distances of the figure, its ground and the wall behind, and disparity of all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.float32]

# A camera is seldom nearer to its ground than this, whatever the feet seem to say.
_LEAST_HEIGHT_METRES = 0.25
_LEAST_DISTANCE_METRES = 0.2


@dataclass(frozen=True)
class Layout:
    """The stage of a shot, seen by a level camera.

    Attributes:
        focal_pixels: Of the footage.
        horizon_pixels: Row of the horizon.
        camera_metres: Height of the camera over the ground.
        wall_metres: Distance of the wall.
        near_metres: Distance that disparity 1 stands for.
        far_metres: Distance that disparity 0 stands for.
    """

    focal_pixels: float
    horizon_pixels: float
    camera_metres: float
    wall_metres: float
    near_metres: float
    far_metres: float

    def disparity(self, distance: Image) -> Image:
        """Disparity 0..1 of distances in metres, near is 1."""
        far = 1 / self.far_metres
        return np.clip((1 / distance - far) / (1 / self.near_metres - far), 0, 1).astype(np.float32)

    def background(self, width: int, height: int, scale: float) -> Image:
        """Distance of ground and wall, float32 (height, width), on a grid of `scale` to the footage."""
        row = (np.arange(height, dtype=np.float32) + np.float32(0.5)) / np.float32(scale) - np.float32(0.5)
        below = np.maximum(row - np.float32(self.horizon_pixels), 1e-3)
        ground = self.focal_pixels * self.camera_metres / below
        return np.repeat(np.minimum(ground, self.wall_metres).astype(np.float32)[:, None], width, 1)


def focal_pixels(width: int, height: int, field_of_view_degrees: float) -> float:
    """Focal length in pixels for a field of view of the long side."""
    return max(width, height) / 2 / float(np.tan(np.radians(field_of_view_degrees) / 2))


def distances(
    soles: npt.NDArray[np.float32], typical_metres: float, focal: float, horizon: float, count: int
) -> tuple[npt.NDArray[np.float32], float]:
    """How far a figure stands in each frame, and how high the camera is over its ground.

    Feet that go down in the picture come nearer; where none are seen the figure keeps its distance.

    Args:
        soles: float32 (N,), row of the lowest point standing on the ground, NaN where the picture cuts it off.
        typical_metres: The figure's usual distance, from its scale.
        focal: Focal length in pixels.
        horizon: Row of the horizon.
        count: N.

    Returns:
        float32 (N,) metres, and the camera's height in metres.
    """
    typical = max(typical_metres, _LEAST_DISTANCE_METRES)
    known = np.isfinite(soles)
    middle = float(np.median(soles[known])) if known.any() else np.nan
    if not np.isfinite(middle) or middle <= horizon + 2:
        return np.full(count, typical, np.float32), 1.4
    camera = max(typical * (middle - horizon) / focal, _LEAST_HEIGHT_METRES)
    typical = camera * focal / (middle - horizon)
    metres = np.full(count, np.nan, np.float32)
    metres[known] = focal * camera / np.maximum(soles[known] - horizon, 1)
    metres = np.interp(np.arange(count), np.flatnonzero(known), metres[known]).astype(np.float32)
    return np.clip(metres, 0.65 * typical, 1.5 * typical), camera
