"""Answers of keys are weighed and mixed as the plain reference does it."""

from __future__ import annotations

import numpy as np
import pytest
from composite_scene import offer_of, smooth, view_of
from lineboil.addon.engine.image import reference_composite
from lineboil.addon.engine.image.composite import Composer


@pytest.mark.parametrize(("told", "enlargement"), [(True, 2), (False, 1)])
def test_a_frame_equals_the_reference(told, enlargement):
    random = np.random.default_rng(7)
    footage = 128 + 40 * smooth(random, 3)
    offers = [offer_of(random, footage, near, enlargement, told=told) for near in (0.3, 0.7)]
    view = view_of(random, footage)
    look = np.clip(0.5 + 0.3 * smooth(random, 3), 0, 1)
    composer = Composer((lambda image8, where: look * where[..., None]) if told else None, "linear", 1.0)
    made = composer.frame(view, offers).picture
    wanted = reference_composite.composed(view, offers, look if told else None)
    np.testing.assert_allclose(made, wanted, atol=0.1 / 255)


def test_trust_of_nothing_goes_by_layer_and_time_alone():
    random = np.random.default_rng(8)
    footage = 128 + 40 * smooth(random, 3)
    offers = [offer_of(random, footage, 0.5, 1, told=False)]
    view = view_of(random, footage)
    made = Composer(None, "linear", 0.0).frame(view, offers)
    np.testing.assert_allclose(made.picture, reference_composite.composed(view, offers, None, 0.0), atol=0.1 / 255)
