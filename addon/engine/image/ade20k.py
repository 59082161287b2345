# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen, in the colours of ADE20K's classes that the segmentation ControlNets were trained on.

Without a network only two things are told: the character from the matte, and the floor from the depth. The rest is
called wall. The artist may paint the file over with any of the colours.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Image8 = npt.NDArray[np.uint8]
Grey = npt.NDArray[np.float32]

COLOURS: dict[str, tuple[int, int, int]] = {
    "wall": (120, 120, 120),
    "building": (180, 120, 120),
    "sky": (6, 230, 230),
    "floor": (80, 50, 50),
    "tree": (4, 200, 3),
    "ceiling": (120, 120, 80),
    "road": (140, 140, 140),
    "person": (150, 5, 61),
    "earth": (120, 120, 70),
    "grass": (4, 250, 7),
    "pavement": (235, 255, 7),
    "table": (255, 6, 82),
    "door": (8, 255, 51),
    "window": (230, 230, 230),
    "chair": (204, 70, 3),
    "car": (0, 102, 200),
    "water": (61, 230, 250),
    "curtain": (255, 51, 7),
}
"""Classes an artist paints with most, of the 150; sRGB."""
_SLOPE = 1 / 4000


def from_layout(matte: Grey | None, depth: Grey | None, shape: tuple[int, int]) -> Image8:
    """Person, floor and wall, uint8 RGB (H, W, 3).

    Args:
        matte: float32 (H, W), 0..1, the character; None where it is not known.
        depth: float32 (H, W), 0..1, near is 1; None where it is not known.
        shape: Height and width.
    """
    made = np.empty((*shape, 3), np.uint8)
    made[:] = COLOURS["wall"]
    person = np.zeros(shape, np.bool_) if matte is None else matte > 0.5
    if depth is not None:
        made[_floor(depth, person)] = COLOURS["floor"]
    made[person] = COLOURS["person"]
    return made


def _floor(depth: Grey, person: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """From the row where the ground begins to come nearer, down to the lower edge."""
    rows = np.array([
        np.median(row[~there]) if (~there).any() else np.nan for row, there in zip(depth, person, strict=True)
    ])
    known = np.flatnonzero(np.isfinite(rows))
    if len(known) < 2:
        return np.zeros(depth.shape, np.bool_)
    rows = np.interp(np.arange(len(rows)), known, rows[known])
    comes_nearer = np.diff(rows, prepend=rows[0]) > _SLOPE
    # The last run of rows that come nearer, to the bottom.
    top = len(rows)
    while top > 0 and comes_nearer[top - 1]:
        top -= 1
    found = np.zeros(depth.shape, np.bool_)
    found[top:] = True
    return found
