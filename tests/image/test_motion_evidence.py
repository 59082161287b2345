# SPDX-License-Identifier: GPL-3.0-or-later
"""What moves against the background's own motion."""

from __future__ import annotations

import cv2
import numpy as np
from lineboil.addon.engine.image.motion_evidence import background_planes, combine, evidence, hysteresis
from lineboil.addon.engine.image.warp import homography_flow

HEIGHT, WIDTH = 120, 180


def frames() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Two frames of a panning camera with a moving square, the flow between them and the square's mask."""
    random = np.random.default_rng(3)
    wall = cv2.GaussianBlur(random.integers(0, 255, (HEIGHT, WIDTH + 20, 3)).astype(np.uint8), (0, 0), 1.5)
    cloth = random.integers(0, 255, (40, 30, 3)).astype(np.uint8)
    first, second = wall[:, :WIDTH].copy(), wall[:, 4 : WIDTH + 4].copy()
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    flow[..., 0] = -4
    mask = np.zeros((HEIGHT, WIDTH), bool)
    first[40:80, 60:90], second[40:80, 66:96] = cloth, cloth
    mask[40:80, 60:90] = True
    flow[mask] = (6, 0)
    return first, second, flow, mask


def test_the_background_is_a_plane_and_the_square_is_not() -> None:
    first, second, flow, mask = frames()
    planes = background_planes(flow)
    assert np.abs(homography_flow(planes[0], HEIGHT, WIDTH) - (-4, 0)).max() < 0.05
    found = combine([], [evidence(first, second, flow, planes)])
    assert found[mask].mean() > 0.3
    assert found[:30].mean() < 0.02
    region = hysteresis(cv2.GaussianBlur(found, (0, 0), 1.5), 0.2, 0.5) > 0
    assert region[mask].mean() > 0.9


def test_what_only_one_side_explains_badly_is_background() -> None:
    good, bad = np.zeros((4, 4), np.float32), np.ones((4, 4), np.float32)
    assert combine([(bad, good)], [(good, good)]).max() == 0
    assert combine([(bad, good)], [(bad, good)]).min() == 1
    assert combine([], [(bad, bad)]).max() == 0


def test_hysteresis_keeps_weak_parts_of_strong_regions() -> None:
    values = np.zeros((5, 12), np.float32)
    values[2, 1:5] = (0.3, 0.9, 0.3, 0.3)
    values[2, 7:10] = 0.3
    kept = hysteresis(values, 0.2, 0.5)
    assert kept[2, 1:5].all()
    assert not kept[2, 7:10].any()
