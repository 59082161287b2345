"""The Vector pass of a real render, read as exact motion."""

from __future__ import annotations

import numpy as np
import pytest
from lineboil.addon.engine.image.motion_file import read_motion


@pytest.mark.parametrize("camera_step", [0, 4])
def test_the_vector_pass_says_where_things_were_and_will_be(inside, tmp_path, camera_step) -> None:
    inside.run("vector_pass", tmp_path, camera_step, enable=False)
    path = tmp_path / "000002.exr"
    to_previous, to_next = (read_motion(path, direction, 2) for direction in ("to_previous", "to_next"))
    # At frame 2 the square's middle is 7 pixels left and 5 below the middle; 3 left and 1 below that before, and so on.
    square, ground = (slice(24, 34), slice(20, 30)), (slice(2, 10), slice(50, 60))
    assert np.abs(to_previous[square] - (-3 + camera_step, 1)).max() < 0.01
    assert np.abs(to_next[square] - (5 - camera_step, -2)).max() < 0.01
    assert np.abs(to_previous[ground] - (camera_step, 0)).max() < 0.01
    assert np.abs(to_next[ground] + (camera_step, 0)).max() < 0.01
