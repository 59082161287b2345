# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses motion models per pixel where a followed map cannot be trusted.

A *model* is a motion that holds over a region: an affine one fitted robustly to a tile of the map, or a homography. At
an occlusion edge, and where something comes into view, the right motion is nearly always that of a region close by.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from . import settle_kernels

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def tile_models(flow: Floats, known: Mask) -> tuple[Doubles, Doubles]:
    """Affine models of a flow, one for each tile, fitted by reweighted least squares.

    Args:
        flow: float32 (H, W, 2), pixels.
        known: bool (H, W), where it can be trusted.

    Returns:
        (rows, columns, 6): dx = p0 + p1 x + p2 y and dy = p3 + p4 x + p5 y at (x, y) of the picture; and
        (rows, columns): the share of the window that agrees, 0 where there is no model.
    """
    height, width = known.shape
    shape = -(-height // settle_kernels.TILE), -(-width // settle_kernels.TILE)
    models, agreeing = np.zeros((*shape, 6)), np.zeros(shape)
    settle_kernels.fit_tiles(np.ascontiguousarray(flow), known, models, agreeing)
    return models, agreeing


def settle(
    frame: Floats,
    key: Floats,
    key_shown: Mask,
    flow: Floats,
    lost: Mask,
    active: Mask,
    models: tuple[Doubles, Doubles],
    planes: Doubles,
) -> None:
    """Replace the flow of active pixels by the model close by under which the key's footage looks most like the frame.

    A difference counts by how alike the frame's own pixels are (Yoon, Kweon, "Adaptive Support-Weight Approach for
    Correspondence Search", 2006), so an edge in the frame is an edge in the result; then neighbours that explain a
    pixel as well win (propagation as in Barnes et al., "PatchMatch", 2009).

    Args:
        frame: float32 (H, W, 4), features of the frame's footage, in 8-bit steps.
        key: The same of the key.
        key_shown: bool (H, W), where the key shows the layer.
        flow: float32 (H, W, 2), pixels, frame → key; changed.
        lost: bool (H, W), where the frame before did not show it.
        active: bool (H, W), pixels to settle.
        models: Of `tile_models`.
        planes: float64 (N, 3, 3), homographies frame → key.
    """
    settle_kernels.settle(frame, key, key_shown, flow, lost, active, models[0], models[1], planes)
