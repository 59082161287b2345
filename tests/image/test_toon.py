"""The drawn look: lines where edges are, none where they are not, and steady under noise."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from lineboil.addon.engine.image.tangent import along, edge_tangents
from lineboil.addon.engine.image.toon import LOOKS, Look, draw, soft_steps
from lineboil.addon.engine.image.xdog import flow_difference, without_specks

HEIGHT, WIDTH = 270, 360
RADIUS = 80
EVERY_LOOK = sorted(LOOKS)


def distance_to_centre():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    return np.hypot(x - WIDTH / 2, y - HEIGHT / 2)


def disc(inside=(0.35, 0.45, 0.6), outside=(0.85, 0.8, 0.7)):
    """A dark disc on light ground, its rim as soft as a camera makes it."""
    cover = np.clip(RADIUS - distance_to_centre() + 0.5, 0, 1)[..., None]
    picture = np.array(inside, np.float32) * cover + np.array(outside, np.float32) * (1 - cover)
    return cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.8)


def noisy(picture, seed, sigma=2 / 255):
    return np.clip(picture + np.random.default_rng(seed).normal(0, sigma, picture.shape), 0, 1).astype(np.float32)


def lines_of(picture, **changes):
    """Ink alone: black lines on white paper."""
    return 1 - draw(picture, Look(ink=(0, 0, 0), colour=0.0, **changes))[..., 0]


def test_tangents_follow_the_rim_of_a_disc():
    tangents = edge_tangents(disc(), 2.0)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rim = np.abs(distance_to_centre() - RADIUS) < 2
    normal = np.dstack([x - WIDTH / 2, y - HEIGHT / 2])[rim] / distance_to_centre()[rim][:, None]
    assert np.abs((tangents[rim] * normal).sum(-1)).max() < 0.1
    assert np.allclose(np.hypot(tangents[..., 0], tangents[..., 1]), 1, atol=1e-3)


def test_flat_ground_takes_the_direction_of_the_hatching():
    tangents = edge_tangents(np.full((20, 20, 3), 50, np.float32), 2.0, 30.0, 1.0)
    expected = np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)])
    assert np.allclose(np.abs(tangents @ expected), 1, atol=1e-3)


def test_a_mean_along_the_edges_keeps_the_edges_and_takes_the_noise():
    grey = disc()[..., 0].copy()
    grainy = noisy(grey, 1, 0.03)
    smooth = along(grainy, edge_tangents(cv2.GaussianBlur(grey, (0, 0), 1), 2.5), 4.0)
    near = np.abs(distance_to_centre() - RADIUS) < 3
    assert np.abs(smooth - grey)[near].std() < 0.6 * np.abs(grainy - grey)[near].std()
    blurred = cv2.GaussianBlur(grainy, (0, 0), 4.0)
    assert np.abs(smooth - grey)[near].mean() < 0.25 * np.abs(blurred - grey)[near].mean()


def test_difference_of_a_flat_picture_is_nothing():
    tangents = edge_tangents(np.full((40, 40), 60, np.float32), 2.0)
    assert np.abs(flow_difference(np.full((40, 40), 60, np.float32), tangents, 1.0, 3.0)).max() < 1e-3


def test_lines_run_round_the_disc_and_nowhere_else():
    ink = lines_of(disc())
    away = distance_to_centre() - RADIUS
    angle = np.arctan2(*(np.mgrid[0:HEIGHT, 0:WIDTH] - np.array([HEIGHT / 2, WIDTH / 2])[:, None, None]))
    on_rim = np.abs(away) < 3
    for start in np.linspace(-np.pi, np.pi, 36, endpoint=False):
        piece = on_rim & (angle >= start) & (angle < start + np.pi / 18)
        assert ink[piece].max() > 0.7
    assert ink[np.abs(away) > 6].max() < 0.02


def test_line_weight_makes_lines_thicker():
    thin, thick = (lines_of(disc(), line_pixels=pixels).sum() for pixels in (0.9, 2.4))
    assert thick > 1.4 * thin


def test_no_lines_are_drawn_when_none_are_wanted():
    assert lines_of(disc(), line_amount=0.0).max() == 0


def test_a_faint_edge_on_calm_ground_gets_a_line_and_noise_does_not():
    faint = disc((0.55, 0.55, 0.55), (0.70, 0.70, 0.70))
    ink = lines_of(noisy(faint, 3, 1.5 / 255))
    away = np.abs(distance_to_centre() - RADIUS)
    assert ink[away < 3].mean() > 0.04
    assert ink[away > 8].mean() < 0.002


def test_marks_shorter_than_wanted_vanish_and_lines_stay():
    ink = np.zeros((40, 60), np.float32)
    ink[10, 5:8] = 1
    ink[30, 5:50] = 1
    left = without_specks(ink, 7.0)
    assert left[10].max() == 0
    assert left[30, 5:50].min() == 1


def test_shadows_are_solid_ink_where_the_look_has_blacks():
    ink = lines_of(disc((0.05, 0.05, 0.06)), blacks=20.0)
    assert ink[distance_to_centre() < RADIUS - 6].min() > 0.9
    assert ink[distance_to_centre() > RADIUS + 6].max() < 0.02


def test_soft_steps_keep_their_order_and_make_plateaus():
    values = np.linspace(0, 1, 1001, dtype=np.float32)
    stepped = soft_steps(values, 5, 0.3)
    assert (np.diff(stepped) >= -1e-6).all()
    assert np.abs(stepped - values).max() <= 0.101
    assert (np.diff(stepped) < 1e-6).mean() > 0.6


@pytest.mark.parametrize("name", EVERY_LOOK)
def test_the_same_picture_gives_the_same_drawing(name):
    picture = noisy(disc(), 5)
    first = draw(picture, LOOKS[name])
    assert first.dtype == np.float32
    assert first.min() >= 0 and first.max() <= 1
    assert np.array_equal(first, draw(picture.copy(), LOOKS[name]))


def shaded():
    """A face of a sort: shading, an edge, thin dark strokes."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    picture = disc() * (0.75 + 0.25 * (x / WIDTH))[..., None]
    for row in (110, 135, 160):
        cv2.line(picture, (150, row), (205, row + 6), (0.1, 0.08, 0.1), 2, cv2.LINE_AA)
    return picture.astype(np.float32)


@pytest.mark.parametrize("name", EVERY_LOOK)
def test_noise_of_a_camera_changes_the_drawing_little(name):
    picture = shaded()
    still, moved = (draw(noisy(picture, seed), LOOKS[name]) for seed in (11, 12))
    change = np.abs(still - moved).max(-1)
    assert change.mean() < 2 / 255
    assert (change > 0.25).mean() < 0.004


def test_a_quiet_background_has_fewer_lines_and_paler_colours():
    picture = np.hstack([shaded(), shaded()])
    quiet = np.zeros(picture.shape[:2], np.float32)
    quiet[:, WIDTH:] = 1
    drawn = draw(picture, LOOKS["toon"], quiet)
    loud, calm = drawn[:, : WIDTH - 20], drawn[:, WIDTH + 20 :]
    assert (loud.max(-1) < 0.2).sum() > 1.5 * (calm.max(-1) < 0.2).sum()
    assert np.ptp(loud, axis=-1).mean() > 1.1 * np.ptp(calm, axis=-1).mean()


def test_the_look_does_not_depend_on_the_working_size():
    picture = shaded()
    large = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    small = draw(picture, LOOKS["toon"])
    reduced = cv2.resize(draw(np.clip(large, 0, 1), LOOKS["toon"]), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    assert np.abs(small - reduced).mean() < 0.03
