"""docs/conventions.md, pinned."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from lineboil.addon.engine.frames import frame_name
from lineboil.addon.engine.image import files
from lineboil.addon.engine.image.flow import FlowFinder, grey8, occluded
from lineboil.addon.engine.image.warp import warp


def texture(seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 255, (80, 120, 3)).astype(np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 2)


def test_convention_frame_numbers_start_at_one_with_six_digits() -> None:
    assert frame_name(1) == "000001.png"


def test_convention_flow_is_dx_dy_from_a_to_b_and_warps_backward() -> None:
    a = texture()
    b = np.roll(a, (3, 5), (0, 1))
    flow = FlowFinder().between(grey8(a), grey8(b))
    assert flow.dtype == np.float32
    assert flow.shape == (80, 120, 2)
    assert np.allclose(np.median(flow[20:60, 20:100], (0, 1)), (5, 3), atol=0.1)
    back = warp(b, flow)
    assert np.abs(back[20:60, 20:100].astype(int) - a[20:60, 20:100]).mean() < 2


def test_convention_pixel_centres_are_at_integers() -> None:
    image = np.zeros((5, 7), np.float32)
    image[2, 4] = 1
    flow = np.zeros((5, 7, 2), np.float32)
    flow[..., 0] = 1
    assert warp(image, flow)[2, 3] == 1
    flow[..., 0] = 0.5
    assert np.allclose(warp(image, flow)[2, 3:5], 0.5)


def test_convention_occlusion_formula() -> None:
    there = np.zeros((9, 9, 2), np.float32)
    there[..., 0] = 2
    back = -there
    assert not occluded(there, back)[4, 4]
    back[..., 0] = -2 + np.sqrt(0.01 * 8 + 0.5) * 1.05
    assert occluded(there, back)[4, 3]


def test_convention_pictures_are_rgb_and_depth_is_sixteen_bits(tmp_path: Path) -> None:
    red = np.zeros((4, 6, 3), np.float32)
    red[..., 0] = 1
    files.write_rgb(tmp_path / "a.png", red)
    assert np.array_equal(files.read_rgb(tmp_path / "a.png"), red)
    assert cv2.imread(str(tmp_path / "a.png"))[0, 0].tolist() == [0, 0, 255]
    near = np.ones((4, 6), np.float32)
    files.write_grey(tmp_path / "d.png", near, bits=16)
    stored = cv2.imread(str(tmp_path / "d.png"), cv2.IMREAD_UNCHANGED)
    assert stored.dtype == np.uint16
    assert stored.min() == 65535
    assert files.read_grey(tmp_path / "d.png").max() == 1
