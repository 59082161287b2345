"""Motion of a small part, searched enlarged."""

from __future__ import annotations

import cv2
import numpy as np
from lineboil.addon.engine.image.fine_flow import FineFlow
from lineboil.addon.engine.image.flow import FlowFinder

HEIGHT, WIDTH = 160, 240


def texture(seed, height, width):
    noise = cv2.GaussianBlur(np.random.default_rng(seed).random((height, width), dtype=np.float32), (0, 0), 1.2)
    return ((noise - noise.min()) / (noise.max() - noise.min()) * 255).astype(np.uint8)


def limb():
    """A limb 9 pixels wide turns before a still ground: two pictures, where it is, and its exact motion."""
    still, sleeve = texture(1, HEIGHT, WIDTH), texture(2, HEIGHT, WIDTH)
    stripe = np.zeros((HEIGHT, WIDTH), np.uint8)
    stripe[70:79, 90:150] = 255
    turn = cv2.getRotationMatrix2D((90, 74), 4, 1)
    moved = cv2.warpAffine(sleeve, turn, (WIDTH, HEIGHT)), cv2.warpAffine(stripe, turn, (WIDTH, HEIGHT)) > 127
    first = np.where(stripe > 0, sleeve, still)
    second = np.where(moved[1], moved[0], still)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    to_x, to_y = (row[0] * x + row[1] * y + row[2] for row in turn)
    return first, second, stripe > 0, np.dstack([to_x - x, to_y - y]).astype(np.float32)


def test_a_thin_limb_is_followed_better_than_without():
    first, second, where, exact = limb()
    coarse = FlowFinder().between(first, second)
    fine = FineFlow().refine(first, second, coarse, where)
    before, after = (np.linalg.norm(flow - exact, axis=-1)[where].mean() for flow in (coarse, fine))
    assert after < 0.8 * before
    assert after < 0.6


def test_what_is_far_from_the_part_stays():
    first, second, where, _ = limb()
    coarse = np.full((HEIGHT, WIDTH, 2), 0.25, np.float32)
    fine = FineFlow().refine(first, second, coarse, where)
    assert np.array_equal(fine[:40], coarse[:40])
    assert not np.array_equal(fine[74], coarse[74])


def test_nothing_too_much_and_too_little_leave_the_flow_as_it_is():
    first, second, _, _ = limb()
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    everywhere = np.ones((HEIGHT, WIDTH), bool)
    assert FineFlow().refine(first, second, flow, ~everywhere) is flow
    assert FineFlow().refine(first, second, flow, everywhere) is flow
    small = np.zeros((20, 20), np.uint8), np.zeros((20, 20, 2), np.float32)
    assert FineFlow().refine(small[0], small[0], small[1], np.ones((20, 20), bool)) is small[1]


def test_two_things_far_apart_are_both_followed_where_one_box_would_be_too_large():
    first, second, where, _ = limb()
    there = np.zeros((HEIGHT, WIDTH), bool)
    there[2:12, 200:236], there[140:156, 4:40] = True, True
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    one = cv2.boundingRect((where | there).astype(np.uint8))
    assert one[2] * one[3] > 0.85 * where.size
    fine = FineFlow().refine(first, second, flow, where | there)
    assert not np.array_equal(fine[74], flow[74])
    assert np.array_equal(fine[110:120], flow[110:120])
