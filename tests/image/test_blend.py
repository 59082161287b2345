"""Plates of painted keys: what belongs to the figure, what to the ground, and how keys are joined."""

from __future__ import annotations

import numpy as np
from lineboil.addon.engine.image.blend import Plate, box_of_figure, carried, joined, over, split, trusted, whole_plate

HEIGHT, WIDTH = 100, 160


def matte_of(left=50):
    matte = np.zeros((HEIGHT, WIDTH), np.float32)
    matte[20:80, left : left + 40] = 1
    return matte


def painted(line=0):
    """A red figure on a grey ground, with black lines of some width along the sides of its matte."""
    picture = np.full((HEIGHT, WIDTH, 3), 0.6, np.float32)
    picture[20:80, 50 - line : 90 + line] = 0
    picture[20:80, 50:90] = (1, 0, 0)
    return picture


def flat(value, quality=1.0):
    ones = np.ones((HEIGHT, WIDTH), np.float32)
    return Plate(np.full((HEIGHT, WIDTH, 3), value, np.float32), ones * np.float32(quality), ones)


def test_the_figure_reaches_outward_and_the_ground_under_it():
    figure, ground = split(painted(), matte_of(), [])
    assert np.allclose(figure.colour, (1, 0, 0), atol=1e-5)
    assert np.allclose(ground.colour, 0.6, atol=1e-5)
    assert ground.quality[50, 70] < 0.1
    assert ground.quality[5, 5] == 1


def test_a_line_drawn_on_the_silhouette_belongs_to_the_figure():
    figure, ground = split(painted(line=2), matte_of(), [])
    assert figure.alpha[50, 48] == 1
    assert np.allclose(figure.colour[50, 48], 0)
    assert np.allclose(ground.colour, 0.6, atol=0.02)
    made = over(figure, np.full((HEIGHT, WIDTH, 3), 0.2, np.float32), matte_of(), 2)
    assert np.allclose(made[50, 48], 0, atol=0.01)
    assert np.allclose(made[50, 40], 0.2)


def test_another_key_fills_what_the_figure_hides():
    _, ground = split(painted(), matte_of(), [flat(0.3)])
    assert np.allclose(ground.colour[50, 70], 0.3)
    assert np.allclose(ground.colour[50, 10], 0.6)
    assert 0.02 < ground.quality[50, 70] < 1


def test_quality_decides_between_keys_and_nearness_where_it_is_equal():
    assert np.allclose(joined([flat(0.0), flat(1.0)], [0.75, 0.25]).colour, 0.25, atol=1e-3)
    assert joined([flat(0.0, 0.02), flat(1.0)], [0.75, 0.25]).colour.mean() > 0.9


def test_a_key_whose_footage_looks_different_counts_less():
    cost = np.zeros((HEIGHT, WIDTH), np.float32)
    cost[:, 80:] = 1
    quality = trusted(flat(0.5), cost, 3.0).quality
    assert quality[0, 0] > 0.99
    assert quality[0, 100] < 0.01


def test_what_a_key_does_not_show_counts_for_little():
    flow = np.full((HEIGHT, WIDTH, 2), (30, 0), np.float32)
    moved = carried(flat(0.5), flow)
    assert (moved.quality[:, : WIDTH - 31] == 1).all()
    assert (moved.quality[:, WIDTH - 29 :] < 0.1).all()


def test_a_part_is_carried_like_the_whole():
    random = np.random.default_rng(0)
    plate = whole_plate(random.random((HEIGHT, WIDTH, 3), dtype=np.float32))
    flow = np.full((HEIGHT, WIDTH, 2), (2.4, -1.3), np.float32)
    box = (slice(30, 60), slice(40, 90))
    part = carried(plate, flow[box], start=(30, 40))
    assert np.array_equal(part.colour, carried(plate, flow).colour[box])


def test_the_box_holds_the_figure_and_its_lines():
    rows, columns = box_of_figure(matte_of())
    assert rows.start <= 18
    assert rows.stop >= 82
    assert columns.start <= 48
    assert columns.stop >= 92
    assert box_of_figure(np.zeros((HEIGHT, WIDTH), np.float32)) is None
