# SPDX-License-Identifier: GPL-3.0-or-later
"""Dense motion is recovered, occlusion is where it must be, and the compact file gives it back."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from lineboil.addon.engine.errors import EngineError, InputError
from lineboil.addon.engine.image.flow import FlowFinder, grey8, occluded
from lineboil.addon.engine.image.flow_store import encode_end, encode_pair, load_pair
from lineboil.addon.engine.image.warp import homography_flow

HEIGHT, WIDTH = 120, 160


def texture(height: int, width: int, seed: int = 1) -> npt.NDArray[np.uint8]:
    noise = np.random.default_rng(seed).random((height, width), dtype=np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def moved(matrix: npt.NDArray[np.float64], picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return cv2.warpPerspective(picture, matrix, picture.shape[::-1], borderMode=cv2.BORDER_REFLECT)


def about_centre(angle_degrees: float, scale: float) -> npt.NDArray[np.float64]:
    return np.vstack([cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), angle_degrees, scale), [0, 0, 1]])


@pytest.mark.parametrize(
    "matrix",
    [
        np.array([[1, 0, 5.25], [0, 1, -3.5], [0, 0, 1]]),
        about_centre(4, 1),
        about_centre(0, 1.06),
    ],
    ids=["translation", "rotation", "zoom"],
)
def test_known_motion_is_recovered(matrix: npt.NDArray[np.float64]) -> None:
    a = texture(HEIGHT, WIDTH)
    b = moved(matrix, a)
    error = np.linalg.norm(FlowFinder().between(a, b) - homography_flow(matrix, HEIGHT, WIDTH), axis=-1)
    assert np.median(error) < 0.1
    assert error[16:-16, 16:-16].mean() < 0.2


def test_convention_flow_says_where_a_pixel_goes() -> None:
    a = np.zeros((64, 64), np.uint8)
    b = a.copy()
    cv2.circle(a, (30, 30), 8, 255, -1)
    cv2.circle(b, (34, 29), 8, 255, -1)
    a, b = cv2.GaussianBlur(a, (0, 0), 2), cv2.GaussianBlur(b, (0, 0), 2)
    flow = FlowFinder().between(a, b)
    assert np.abs(flow[24:36, 24:36].mean((0, 1)) - (4, -1)).max() < 0.5


def test_a_tiny_picture_has_motion_too() -> None:
    a = texture(6, 9)
    assert np.abs(FlowFinder().between(a, a)).max() < 0.1


def test_motion_does_not_depend_on_threads() -> None:
    a = texture(HEIGHT, WIDTH)
    b = moved(about_centre(2, 1.02), a)
    threads = cv2.getNumThreads()
    flows: list[npt.NDArray[np.float32]] = []
    try:
        for count in (1, 2, 5):
            cv2.setNumThreads(count)
            flows.append(FlowFinder().between(a, b))
    finally:
        cv2.setNumThreads(threads)
    assert all(np.array_equal(flows[0], flow) for flow in flows[1:])


def test_what_a_moving_square_covers_is_occluded() -> None:
    forward = np.zeros((60, 80, 2), np.float32)
    backward = forward.copy()
    forward[20:40, 20:40] = (10, 0)
    backward[20:40, 30:50] = (-10, 0)
    covered = occluded(forward, backward)
    expected = np.zeros((60, 80), bool)
    expected[20:40, 40:50] = True
    assert np.array_equal(covered, expected)


def test_what_leaves_the_picture_is_occluded() -> None:
    forward = np.full((30, 40, 2), (8, 0), np.float32)
    assert occluded(forward, -forward)[:, 33:].all()
    assert not occluded(forward, -forward)[:, :31].any()


def test_small_disagreement_is_not_occlusion() -> None:
    forward = np.full((30, 40, 2), (0.4, 0), np.float32)
    assert not occluded(forward, np.zeros_like(forward)).any()


def test_the_compact_file_keeps_a_64th_of_a_pixel(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    forward = cv2.GaussianBlur(random.normal(0, 60, (41, 53, 2)).astype(np.float32), (0, 0), 3)
    backward = random.uniform(-900, 900, (41, 53, 2)).astype(np.float32)
    path = tmp_path / "000001.npz"
    path.write_bytes(encode_pair(forward, backward, 53, 41))
    loaded_forward, loaded_backward = load_pair(path)
    assert loaded_forward.dtype == np.float32
    assert np.abs(loaded_forward - forward).max() <= 1 / 64 + 1e-4
    assert np.abs(loaded_backward - backward).max() <= 1 / 64 + 1e-4


def test_reduced_motion_is_enlarged_to_the_footage(tmp_path: Path) -> None:
    flow = np.full((20, 30, 2), (2, -1), np.float32)
    path = tmp_path / "000001.npz"
    path.write_bytes(encode_pair(flow, -flow, 60, 40))
    forward, backward = load_pair(path)
    assert forward.shape == (40, 60, 2)
    assert np.allclose(forward, (4, -2))
    assert np.allclose(backward, (-4, 2))


def test_the_same_motion_gives_the_same_bytes() -> None:
    flow = np.random.default_rng(0).normal(0, 3, (20, 30, 2)).astype(np.float32)
    assert encode_pair(flow, -flow, 30, 20) == encode_pair(flow, -flow, 30, 20)


def test_there_is_no_motion_across_a_cut(tmp_path: Path) -> None:
    path = tmp_path / "000009.npz"
    path.write_bytes(encode_end())
    with pytest.raises(EngineError, match="last frame of a scene"):
        load_pair(path)


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_file_is_named(tmp_path: Path, damage: bytes | None) -> None:
    flow = np.zeros((20, 30, 2), np.float32)
    path = tmp_path / "000007.npz"
    path.write_bytes(encode_pair(flow, flow, 30, 20)[:-40] if damage is None else damage)
    with pytest.raises(InputError, match=r"000007\.npz"):
        load_pair(path)


def test_grey_is_luma_of_rgb() -> None:
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    assert grey8(red)[0, 0] == 76
