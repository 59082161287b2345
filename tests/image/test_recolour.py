"""Paint for what no map finds in a key."""

from __future__ import annotations

import numpy as np
from lineboil.addon.engine.image.recolour import Recolouring

SIZE = 48


def _key() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A red hand on blue cloth; painted green on yellow."""
    footage8 = np.zeros((SIZE, SIZE, 3), np.uint8)
    footage8[:] = 30, 40, 200
    footage8[8:20, 8:20] = 210, 60, 40
    painted = np.zeros((SIZE, SIZE, 3), np.float32)
    painted[:] = 0.9, 0.8, 0.1
    painted[8:20, 8:20] = 0.1, 0.7, 0.2
    return footage8, painted, np.ones((SIZE, SIZE), np.float32)


def test_what_moved_is_lost_and_painted_in_the_colours_of_the_key():
    footage8, painted, matte = _key()
    frame8 = np.roll(footage8, (16, 16), (0, 1))
    recolouring = Recolouring(footage8, painted, matte)
    lost = recolouring.lost(frame8, np.zeros((SIZE, SIZE, 2), np.float32))
    assert lost[28:32, 28:32].min() > 0.95 and lost[12:16, 12:16].min() > 0.95
    assert lost[:, 42:].max() < 0.05
    answer = np.roll(painted, (16, 16), (0, 1))
    error = np.abs(recolouring.painted(frame8) - answer)
    assert error[26:34, 26:34].max() < 0.03 and error[10:18, 10:18].max() < 0.03


def test_nothing_is_lost_where_the_map_is_right():
    footage8, painted, matte = _key()
    frame8 = np.roll(footage8, 5, 1)
    flow = np.zeros((SIZE, SIZE, 2), np.float32)
    flow[..., 0] = -5
    assert Recolouring(footage8, painted, matte).lost(frame8, flow)[:, 8:].max() == 0


def test_a_colour_the_key_does_not_have_is_painted_like_the_nearest_it_has():
    footage8, painted, matte = _key()
    frame8 = np.zeros((8, 8, 3), np.uint8)
    frame8[:] = 250, 110, 90
    np.testing.assert_allclose(Recolouring(footage8, painted, matte).painted(frame8)[4, 4], painted[10, 10], atol=0.1)
