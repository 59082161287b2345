"""Warps and composed maps agree with plain loops and with known motion."""

from __future__ import annotations

import cv2
import numpy as np
from lineboil.addon.engine.image import reference
from lineboil.addon.engine.image.flow import occluded
from lineboil.addon.engine.image.warp import compose, homography_flow, inside, invert, positions, resize_flow, warp


def smooth(shape, scale, seed=0):
    noise = np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 4)
    return blurred / np.abs(blurred).max() * scale


def test_convention_backward_warp_takes_from_where_the_flow_points():
    image = np.zeros((5, 5), np.float32)
    image[2, 3] = 1
    flow = np.zeros((5, 5, 2), np.float32)
    flow[1, 1] = (2, 1)
    assert warp(image, flow)[1, 1] == 1


def test_convention_pixel_centres_are_at_integers():
    assert positions(3, 4)[2, 3].tolist() == [3.0, 2.0]
    image = np.array([[0, 1, 2, 3]], np.float32)
    half = np.full((1, 4, 2), (0.5, 0), np.float32)
    assert warp(image, half)[0].tolist() == [0.5, 1.5, 2.5, 3.0]


def test_linear_warp_equals_the_reference():
    image = np.random.default_rng(1).random((20, 24, 3), dtype=np.float32)
    flow = smooth((20, 24, 2), 6)
    # OpenCV looks up at steps of 1/32 pixel.
    assert np.abs(warp(image, flow) - reference.warp(image, flow)).max() < 2 / 32


def test_composition_equals_the_reference():
    first, then = smooth((20, 24, 2), 5, 1), smooth((20, 24, 2), 5, 2)
    assert np.abs(compose(first, then) - reference.compose(first, then)).max() < 0.05


def test_a_long_chain_of_maps_stays_in_place():
    height, width = 60, 80
    angle = np.deg2rad(0.5)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    centre = np.array([[1, 0, width / 2], [0, 1, height / 2], [0, 0, 1]])
    step = centre @ turn @ np.linalg.inv(centre)
    total = np.zeros((height, width, 2), np.float32)
    for _ in range(40):
        total = compose(homography_flow(step, height, width), total)
    exact = homography_flow(np.linalg.matrix_power(step, 40), height, width)
    error = np.linalg.norm(total - exact, axis=-1)[20:40, 30:50]
    assert error.max() < 0.15
    assert error.mean() < 0.08


def test_occlusion_equals_the_reference():
    there = smooth((24, 30, 2), 6, 3)
    back = -there + smooth((24, 30, 2), 1.5, 4)
    differs = occluded(there, back) != reference.occluded(there, back)
    assert differs.mean() < 0.01
    assert 0.05 < occluded(there, back).mean() < 0.95


def test_a_homography_moves_points_as_the_matrix_says():
    matrix = np.array([[1.02, 0.03, 4], [-0.02, 0.97, -3], [1e-4, -5e-5, 1]])
    flow = homography_flow(matrix, 50, 70)
    for x, y in ((0, 0), (69, 0), (20, 49), (35, 25)):
        point = matrix @ (x, y, 1)
        assert np.allclose(flow[y, x], (point[0] / point[2] - x, point[1] / point[2] - y), atol=1e-3)


def test_inverting_a_smooth_flow_leads_back():
    flow = smooth((60, 80, 2), 2, 5)
    there_and_back = compose(flow, invert(flow))
    assert np.abs(there_and_back[10:-10, 10:-10]).max() < 0.1


def test_resized_motion_is_scaled_with_the_picture():
    flow = np.full((10, 20, 2), (3, -2), np.float32)
    assert np.allclose(resize_flow(flow, 20, 60), (9, -4))
    assert resize_flow(flow, 10, 20) is flow


def test_what_points_out_of_the_picture_is_not_inside():
    flow = np.zeros((4, 4, 2), np.float32)
    flow[0, 0] = (-1, 0)
    flow[3, 3] = (0, 2)
    expected = np.ones((4, 4), bool)
    expected[0, 0] = expected[3, 3] = False
    assert np.array_equal(inside(flow, 4, 4), expected)
