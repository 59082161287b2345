"""Flat regions of a scene: planes part over several frames, and the footage corrects them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from lineboil.addon.engine.image.ground_regions import held_to_regions
from lineboil.addon.engine.image.planar_regions import NOWHERE, Motion, planar_regions
from lineboil.addon.engine.image.plane_align import aligned, slopes_of
from lineboil.addon.engine.image.scene_regions import SceneRegions
from lineboil.addon.engine.image.view import cost, enlarged, make_view
from lineboil.addon.engine.image.warp import homography_flow, positions

HEIGHT, WIDTH = 120, 160
EDGE = 70
WALL = np.array([[1, 0, 2.0], [0, 1, 0], [0, 0, 1]])
FLOOR = np.array([[1, 0.03, 1.0], [0, 1.01, -0.3], [0, 0.0001, 1]])


def two_planes(sign=1):
    """Motion of a wall above and a floor below, and which is which."""
    whole = [homography_flow(m if sign > 0 else np.linalg.inv(m), HEIGHT, WIDTH) for m in (WALL, FLOOR)]
    below = positions(HEIGHT, WIDTH)[..., 1] >= EDGE
    return np.where(below[..., None], whole[1], whole[0]), below


def motions():
    everywhere = np.ones((HEIGHT, WIDTH), bool)
    grain = np.random.default_rng(4)
    noisy = [two_planes(sign)[0] + grain.normal(0, 0.1, (HEIGHT, WIDTH, 2)) for sign in (1, -1)]
    return [Motion(flow.astype(np.float32), everywhere) for flow in noisy]


def nothing_free():
    return np.zeros((HEIGHT, WIDTH), bool)


def test_wall_and_floor_are_told_apart():
    _, below = two_planes()
    labels = planar_regions(motions(), nothing_free())
    wall, floor = np.bincount(labels[~below]).argmax(), np.bincount(labels[below]).argmax()
    assert NOWHERE not in (wall, floor)
    assert wall != floor
    assert (labels[~below] == wall).mean() > 0.95
    assert (labels[below] == floor).mean() > 0.95


def test_a_patch_of_wrong_motion_stays_with_the_plane_around_it():
    given = motions()
    for motion in given:
        motion.flow[95:101, 60:66] += 2
    labels = planar_regions(given, nothing_free())
    assert (labels[95:101, 60:66] == labels[110, 20]).all()


def test_what_moves_by_itself_is_on_no_plane():
    free = nothing_free()
    free[30:90, 60:90] = True
    labels = planar_regions(motions(), free)
    assert (labels[free] == NOWHERE).all()
    assert labels[10, 10] != NOWHERE


def test_foliage_is_on_no_plane():
    random = np.random.default_rng(5)
    flow = cv2.GaussianBlur(random.normal(0, 30, (HEIGHT, WIDTH, 2)).astype(np.float32), (0, 0), 4)
    known = np.ones((HEIGHT, WIDTH), bool)
    labels = planar_regions([Motion(flow, known), Motion(-flow, known)], nothing_free())
    assert (labels == NOWHERE).mean() > 0.6


def test_without_known_motion_there_are_no_planes():
    unknown = Motion(np.zeros((HEIGHT, WIDTH, 2), np.float32), nothing_free())
    assert not planar_regions([], nothing_free()).any()
    assert not planar_regions([unknown], nothing_free()).any()


def texture(seed):
    noise = np.random.default_rng(seed).random((HEIGHT, WIDTH), dtype=np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return ((smooth - smooth.min()) / (smooth.max() - smooth.min()) * 180 + 20).astype(np.float32)


def seen(key, matrix, shadow):
    """The key's picture seen by a later frame under a shadow that the key does not have."""
    frame = cv2.warpPerspective(key, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    light = 1 - 0.4 * np.exp(-(((positions(HEIGHT, WIDTH)[..., 0] - shadow) / 25) ** 2))
    return np.clip(np.rint(frame * light), 0, 255).astype(np.uint8)


def test_a_plane_is_corrected_by_the_footage_in_spite_of_a_shadow():
    key = texture(1)
    exact = np.array([[1.002, 0.003, 2.4], [-0.002, 0.999, -1.3], [0.00001, 0.00002, 1]])
    frame = seen(key, exact, 60)
    off = exact.copy()
    off[:2, 2] += 0.3, -0.2
    inner = np.zeros((HEIGHT, WIDTH), np.uint8)
    inner[12:-12, 12:-12] = 1
    found = aligned(frame, slopes_of(key.astype(np.uint8)), {1: off}, inner, inner > 0)[1]
    error = np.linalg.norm(
        homography_flow(found, HEIGHT, WIDTH) - homography_flow(exact, HEIGHT, WIDTH), axis=-1
    )[inner > 0]
    assert error.mean() < 0.08


def test_a_plane_that_the_footage_says_nothing_of_stays():
    plain = np.full((HEIGHT, WIDTH), 90, np.uint8)
    inner = np.ones((HEIGHT, WIDTH), np.uint8)
    found = aligned(plain, slopes_of(plain), {1: WALL}, inner, inner > 0)[1]
    assert np.allclose(found, WALL)


def scene(regions):
    key = texture(2)
    exact = np.array([[1, 0, 1.6], [0, 1, -0.7], [0, 0, 1.0]])
    nothing = np.zeros((HEIGHT, WIDTH), np.float32)
    pictures = (seen(key, exact, 9999), np.rint(key).astype(np.uint8))
    views = [make_view(np.repeat(grey[..., None], 3, axis=2), nothing, 0.0, regions) for grey in pictures]
    return (*views, homography_flow(exact, HEIGHT, WIDTH))


def test_a_region_takes_patches_that_went_astray_back_to_its_plane():
    regions = np.ones((HEIGHT, WIDTH), np.uint8)
    view, key, exact = scene(regions)
    astray = exact.copy()
    astray[80:96, 70:90] += 2.5
    trusted = np.ones((HEIGHT, WIDTH), bool)
    costs = enlarged(cost(view, key, astray), (HEIGHT, WIDTH))
    flow, held, planes = held_to_regions(view, key, slopes_of(key.grey), astray, trusted, ~trusted, costs)
    assert len(planes) == 1
    assert held[80:96, 70:90].all()
    assert np.linalg.norm(flow - exact, axis=-1)[10:-10, 10:-10].max() < 0.15


def test_a_region_that_does_not_move_like_a_plane_is_left_alone():
    regions = np.ones((HEIGHT, WIDTH), np.uint8)
    view, key, exact = scene(regions)
    bent = exact + 3 * np.sin(positions(HEIGHT, WIDTH) / 9).astype(np.float32)
    trusted = np.ones((HEIGHT, WIDTH), bool)
    flow, held, planes = held_to_regions(
        view, key, slopes_of(key.grey), bent, trusted, ~trusted, np.zeros((HEIGHT, WIDTH), np.float32)
    )
    assert not planes
    assert not held.any()
    assert (flow == bent).all()


def test_regions_of_a_frame_do_not_depend_on_the_order_of_asking():
    forward, backward = (motion.flow / 8 for motion in motions())

    def made(frames):
        scenes = SceneRegions(
            lambda frame, other: forward if other > frame else backward,
            lambda _: np.zeros((HEIGHT, WIDTH), np.float32),
            lambda _: (1, 20),
            (WIDTH, HEIGHT),
        )
        return {frame: scenes.labels(frame) for frame in frames}

    ascending, descending = made(range(1, 21)), made(range(20, 0, -1))
    assert all((ascending[frame] == descending[frame]).all() for frame in range(1, 21))
    assert all((labels > 0).mean() > 0.8 for labels in ascending.values())


def test_a_scene_of_one_frame_has_no_regions():
    scenes = SceneRegions(
        lambda *_: pytest.fail("there is no motion"),
        lambda _: np.zeros((HEIGHT, WIDTH), np.float32),
        lambda _: (7, 7),
        (WIDTH, HEIGHT),
    )
    assert not scenes.labels(7).any()
