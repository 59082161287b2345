"""A frame and the keys that offer it answers, small and made up."""

from __future__ import annotations

import cv2
import numpy as np
from lineboil.addon.engine.image.carry import Maps
from lineboil.addon.engine.image.composite import Offer, Source
from lineboil.addon.engine.image.ground_plate import GroundPlate
from lineboil.addon.engine.image.view import make_view

HEIGHT, WIDTH = 30, 40


def smooth(random, channels, sigma=2.0, size=(HEIGHT, WIDTH)):
    """Noise of one deviation, smoothed; float32 (H, W, channels)."""
    rough = cv2.GaussianBlur(random.standard_normal((*size, channels)).astype(np.float32), (0, 0), sigma)
    return (rough / rough.std()).reshape(*size, channels)


def view_of(random, footage):
    """The footage, float32 (H, W, 3), 8-bit steps, with grain and a square that moves."""
    height, width = footage.shape[:2]
    image8 = np.clip(footage + random.normal(0, 4, footage.shape), 0, 255).astype(np.uint8)
    free = np.zeros((height, width), np.float32)
    free[height // 4 : height * 3 // 4, width // 3 : width * 2 // 3] = 1
    return make_view(image8, free, 0.05)


def offer_of(random, footage, nearness, enlargement, *, told):
    """A key of the same footage, its paint so many times larger; `told`: with a look."""
    shape = footage.shape[:2]
    size = shape[0] * enlargement, shape[1] * enlargement
    painted = np.clip(0.5 + 0.3 * smooth(random, 3, 2, size), 0, 1)
    behind = 0.1 * smooth(random, 3, 3, size)
    quality = np.clip(0.6 + 0.4 * smooth(random, 1, 3, size)[..., 0], 0, 1)
    look = np.clip(painted + 0.1 * smooth(random, 3, 2, size), 0, 1) if told else None
    explained = np.clip(0.5 + 0.3 * smooth(random, 1, 4, shape)[..., 0], 0, 1) if told else None
    view = view_of(random, footage)
    ground, free = (2 * smooth(random, 2, 5, shape) for _ in range(2))
    source = Source(view, painted, GroundPlate(painted + behind, quality), behind, look, explained)
    return Offer(source, Maps(free, ground, np.zeros(shape, np.float32)), nearness)
