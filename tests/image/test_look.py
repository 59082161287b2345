"""The look agrees with the plain regression it is a quick form of."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from lineboil.addon.engine.image import look, reference_look


def _footage(seed):
    random = np.random.default_rng(seed)
    rough = random.uniform(0, 255, (52, 64, 3)).astype(np.float32)
    return np.clip(cv2.GaussianBlur(rough, (0, 0), 2) * 3 - 250, 0, 255).astype(np.uint8)


def _painted(image8):
    """Paint that follows the footage in part: darker, of fewer colours, with a pattern of its own."""
    y, x = np.mgrid[0 : image8.shape[0], 0 : image8.shape[1]]
    pattern = 0.1 * np.sin(x / 3)[..., None] * (y > 26)[..., None]
    return np.clip(np.round(image8 / 64) / 5 + pattern, 0, 1).astype(np.float32)


@pytest.fixture(scope="module")
def keys():
    footage = [_footage(1), _footage(2)]
    return footage, [_painted(image8) for image8 in footage]


def test_features_equal_the_reference(keys):
    footage, _ = keys
    made = look.features(footage[0])
    assert made.shape == (52, 64, 34)
    np.testing.assert_allclose(made, reference_look.features(footage[0]), atol=2e-6)


def test_the_look_equals_the_reference(keys):
    footage, painted = keys
    frame = _footage(3)
    made = look.Look(footage, painted)(frame)
    wanted = reference_look.looked(footage, painted, frame)
    # Features that hardly vary are scaled up, and the last bits of single precision with them.
    np.testing.assert_allclose(made, wanted, atol=0.5 / 255)
    assert np.abs(made - wanted).mean() < 0.05 / 255
    assert wanted.std() > 0.05


def test_what_is_explained_equals_the_reference(keys):
    footage, painted = keys
    predicted = look.Look(footage, painted)(footage[0])
    found = look.explained(painted[0], predicted)
    wanted = reference_look.explained(painted[0].astype(float), predicted.astype(float))
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    assert wanted.max() - wanted.min() > 0.1


def test_a_look_that_follows_nothing_explains_nothing():
    random = np.random.default_rng(4)
    painted = random.random((52, 64, 3), np.float32)
    assert look.explained(painted, np.full_like(painted, 0.5)).max() < 0.02
