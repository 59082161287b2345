"""Motion chosen per pixel is what trying everything chooses, but for ties."""

from __future__ import annotations

import numpy as np
import pytest
from lineboil.addon.engine.image import reference_settle, settle


def _flow(height=36, width=48):
    """Two motions side by side, with a little noise and a place where nothing is known."""
    random = np.random.default_rng(3)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    left = np.dstack([1.5 + 0.01 * x, -0.5 + 0.02 * y])
    right = np.dstack([-2.0 + 0.005 * y, 1.0 - 0.01 * x])
    flow = np.where(x[..., None] < width / 2 + 3, left, right) + random.normal(0, 0.05, (height, width, 2))
    known = np.ones((height, width), bool)
    known[24:, :24] = False
    return flow.astype(np.float32), known


def test_motion_of_tiles_equals_the_reference():
    flow, known = _flow()
    models, agreeing = settle.tile_models(flow, known)
    for row, column in np.ndindex(*agreeing.shape):
        found = reference_settle.tile_model(flow, known, row, column)
        if found is None:
            assert agreeing[row, column] == 0
            continue
        # Slopes are multiplied by positions of up to 48 pixels: the motion is the same to a thousandth of a pixel.
        np.testing.assert_allclose(models[row, column], found[0], atol=1e-5)
        assert agreeing[row, column] == pytest.approx(found[1], abs=1e-5)


def test_a_tile_that_is_hardly_known_has_no_model():
    flow, _ = _flow()
    known = np.zeros(flow.shape[:2], bool)
    known[:4, :4] = True
    assert settle.tile_models(flow, known)[1].max() == 0
    assert reference_settle.tile_model(flow, known, 0, 0) is None


def _scene(planes):
    flow, _ = _flow()
    random = np.random.default_rng(5)
    height, width = flow.shape[:2]
    models = settle.tile_models(flow, np.ones((height, width), bool))
    key = random.uniform(0, 40, (height, width, 4)).astype(np.float32)
    frame = key + random.normal(0, 4, key.shape).astype(np.float32)
    shown = np.ones((height, width), bool)
    shown[:, :6] = False
    lost = np.zeros((height, width), bool)
    lost[10:20] = True
    active = np.zeros((height, width), bool)
    active[8:22, 14:36] = True
    return reference_settle.Scene(frame, key, shown, flow, lost, active, models, planes)


@pytest.mark.parametrize(
    "planes", [np.zeros((0, 3, 3)), np.array([[[1.0, 0, 0.2], [0, 1, -0.1], [1e-4, 0, 1]], np.eye(3)])]
)
def test_the_motion_chosen_equals_the_reference(planes):
    scene = _scene(planes)
    wanted = reference_settle.settled(scene)
    made = scene.flow.copy()
    settle.settle(
        scene.frame, scene.key, scene.key_shown, made, scene.lost, scene.active, scene.models, scene.planes
    )
    assert (made[~scene.active] == scene.flow[~scene.active]).all()
    # Single precision decides a tie differently now and then; elsewhere the motion is the same.
    same = np.abs(made - wanted).max(-1)[scene.active] < 1e-4
    assert same.mean() > 0.99
    moved = np.abs(wanted - scene.flow).max(-1)[scene.active] > 0
    assert moved.mean() > 0.3
