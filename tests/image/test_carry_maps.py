"""Maps to a key: the plane holds still, and is found whatever moves before it."""

from __future__ import annotations

import cv2
import numpy as np
from lineboil.addon.engine.image.carry import LayerTracker
from lineboil.addon.engine.image.flow import FlowFinder
from lineboil.addon.engine.image.ground_track import planes_of
from lineboil.addon.engine.image.map_store import encode_maps, load_maps
from lineboil.addon.engine.image.view import make_view
from lineboil.addon.engine.image.warp import homography_flow

HEIGHT, WIDTH = 120, 160


def texture(seed):
    noise = np.random.default_rng(seed).random((HEIGHT, WIDTH, 3), dtype=np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.rint((smooth - smooth.min()) / (smooth.max() - smooth.min()) * 255).astype(np.uint8)


def step(index):
    """The camera turns and moves a little each frame: key → frame."""
    turn = np.vstack([cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 0.4 * index, 1 + 0.004 * index), [0, 0, 1]])
    turn[0, 2] += 0.7 * index
    return turn


def followed(count):
    """Maps of frame `count` to frame 0 of a plane with noise, and the plane's exact map."""
    still = texture(1)
    random = np.random.default_rng(9)
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    matte[45:75, 60:95] = 1
    grain = [random.normal(0, 3, still.shape) for _ in range(count + 1)]
    moved = [
        cv2.warpPerspective(still, step(i), (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT) for i in range(count + 1)
    ]
    views = [
        make_view(np.clip(picture + noise, 0, 255).astype(np.uint8), matte)
        for picture, noise in zip(moved, grain, strict=True)
    ]
    finder = FlowFinder()
    tracker = LayerTracker(views[0])
    maps = None
    for before, after in zip(views, views[1:], strict=False):
        maps = tracker.advance(after, finder.between(after.grey, before.grey), finder.between(before.grey, after.grey))
    return maps, homography_flow(np.linalg.inv(step(count)), HEIGHT, WIDTH)


def test_the_ground_is_held_to_the_key_however_far_it_is():
    maps, exact = followed(12)
    error = np.linalg.norm(maps.ground - exact, axis=-1)[15:-15, 15:-15]
    assert np.median(error) < 0.15
    assert error.mean() < 0.3


def test_the_ground_goes_on_under_the_figure():
    maps, exact = followed(4)
    assert np.linalg.norm(maps.ground - exact, axis=-1)[50:70, 65:90].max() < 0.5


def test_a_plane_is_found_whatever_moves_before_it():
    matrix = np.array([[1.01, 0.01, 3], [-0.01, 0.99, -2], [1e-5, 0, 1]])
    flow = homography_flow(matrix, HEIGHT, WIDTH)
    flow[30:80, 40:100] += (9, 4)
    found = planes_of(flow, np.ones((HEIGHT, WIDTH), bool))[0]
    assert np.abs(homography_flow(found, HEIGHT, WIDTH) - homography_flow(matrix, HEIGHT, WIDTH)).max() < 0.05
    assert planes_of(flow, np.zeros((HEIGHT, WIDTH), bool)) == []


def test_what_moves_almost_like_the_plane_does_not_bend_it():
    matrix = np.array([[1.01, 0.01, 3], [-0.01, 0.99, -2], [1e-5, 0, 1]])
    exact = homography_flow(matrix, HEIGHT, WIDTH)
    flow = exact + np.random.default_rng(5).normal(0, 0.05, exact.shape).astype(np.float32)
    flow[30:90, 40:120] += (0.55, 0)
    everywhere = np.ones((HEIGHT, WIDTH), bool)
    off = {
        closely: np.abs(homography_flow(planes_of(flow, everywhere, closely=closely)[0], HEIGHT, WIDTH) - exact).mean()
        for closely in (False, True)
    }
    assert off[True] < 0.01
    assert off[True] < off[False] / 5


def test_motion_like_no_plane_gives_none():
    flow = np.random.default_rng(2).uniform(-30, 30, (HEIGHT, WIDTH, 2)).astype(np.float32)
    assert planes_of(flow, np.ones((HEIGHT, WIDTH), bool)) == []


def test_maps_on_disk_are_the_maps(tmp_path):
    maps, _ = followed(2)
    path = tmp_path / "000001.npz"
    path.write_bytes(encode_maps(maps))
    loaded = load_maps(path)
    assert np.abs(loaded.ground - maps.ground).max() <= 1 / 64 + 1e-4
    assert np.abs(loaded.free - maps.free).max() <= 1 / 64 + 1e-4
