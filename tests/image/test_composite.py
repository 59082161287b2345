"""Answers of keys are weighed and mixed as the plain reference does it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from lineboil.addon.engine.image import reference_composite
from lineboil.addon.engine.image.carry import Maps
from lineboil.addon.engine.image.composite import Composer, Offer, Source
from lineboil.addon.engine.image.ground_plate import GroundPlate
from lineboil.addon.engine.image.view import make_view

HEIGHT, WIDTH = 30, 40


def _smooth(random, channels, sigma=2.0, size=(HEIGHT, WIDTH)):
    """Noise of one deviation, smoothed; float32 (H, W, channels)."""
    rough = cv2.GaussianBlur(random.standard_normal((*size, channels)).astype(np.float32), (0, 0), sigma)
    return (rough / rough.std()).reshape(*size, channels)


def _view(random, footage):
    image8 = np.clip(footage + random.normal(0, 4, footage.shape), 0, 255).astype(np.uint8)
    free = np.zeros((HEIGHT, WIDTH), np.float32)
    free[8:22, 12:26] = 1
    return make_view(image8, free, 0.05)


def _offer(random, footage, nearness, enlargement, *, told):
    size = HEIGHT * enlargement, WIDTH * enlargement
    painted = np.clip(0.5 + 0.3 * _smooth(random, 3, 2, size), 0, 1)
    behind = 0.1 * _smooth(random, 3, 3, size)
    quality = np.clip(0.6 + 0.4 * _smooth(random, 1, 3, size)[..., 0], 0, 1)
    look = np.clip(painted + 0.1 * _smooth(random, 3, 2, size), 0, 1) if told else None
    explained = np.clip(0.5 + 0.3 * _smooth(random, 1, 4)[..., 0], 0, 1) if told else None
    view = _view(random, footage)
    ground, free = (2 * _smooth(random, 2, 5) for _ in range(2))
    source = Source(view, painted, GroundPlate(painted + behind, quality), behind, look, explained)
    return Offer(source, Maps(free, ground, np.zeros((HEIGHT, WIDTH), np.float32)), nearness)


@pytest.mark.parametrize(("told", "enlargement"), [(True, 2), (False, 1)])
def test_a_frame_equals_the_reference(told, enlargement):
    random = np.random.default_rng(7)
    footage = 128 + 40 * _smooth(random, 3)
    offers = [_offer(random, footage, near, enlargement, told=told) for near in (0.3, 0.7)]
    view = _view(random, footage)
    look = np.clip(0.5 + 0.3 * _smooth(random, 3), 0, 1)
    composer = Composer((lambda image8: look) if told else None, "linear", 1.0)
    made = composer.frame(view, offers).picture
    wanted = reference_composite.composed(view, offers, look if told else None)
    np.testing.assert_allclose(made, wanted, atol=0.1 / 255)


def test_trust_of_nothing_goes_by_layer_and_time_alone():
    random = np.random.default_rng(8)
    footage = 128 + 40 * _smooth(random, 3)
    offers = [_offer(random, footage, 0.5, 1, told=False)]
    view = _view(random, footage)
    made = Composer(None, "linear", 0.0).frame(view, offers)
    np.testing.assert_allclose(made.picture, reference_composite.composed(view, offers, None, 0.0), atol=0.1 / 255)
