"""Frames mixed by PyTorch are those of the processor's engine; PyTorch's own processor device stands in for a card."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from composite_scene import offer_of, smooth, view_of
from lineboil.addon.engine.image import look, view, warp
from lineboil.addon.engine.image.composite import Composer

torch = pytest.importorskip("torch")

from lineboil.addon.engine.image import torch_filters, torch_look, torch_lookup  # noqa: E402
from lineboil.addon.engine.image.torch_composite import TorchComposer  # noqa: E402


def put(image):
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(np.atleast_3d(image), 2, 0)))


def taken(image):
    return np.moveaxis(image.numpy(), 0, 2)


def noise(height, width, channels=3):
    return np.random.default_rng(height).random((height, width, channels), np.float32)


@pytest.mark.parametrize("size", [(33, 48), (9, 6)])
def test_filters_equal_opencv(size):
    image = noise(*size)
    for sigma in (0.5, 0.6, 1.0, 2.5, 8.0):
        found = taken(torch_filters.blurred(put(image), sigma))
        np.testing.assert_allclose(found, cv2.GaussianBlur(image, (0, 0), sigma), atol=2e-6)
    np.testing.assert_allclose(taken(torch_filters.averaged(put(image), 5)), cv2.blur(image, (5, 5)), atol=2e-6)
    across, down = cv2.Sobel(image, -1, 1, 0), cv2.Sobel(image, -1, 0, 1)
    np.testing.assert_allclose(taken(torch_filters.steepness(put(image))), np.hypot(across, down), atol=1e-5)


@pytest.mark.parametrize("size", [(66, 96), (50, 70), (33, 96), (20, 25)])
def test_sizes_change_as_opencv_changes_them(size):
    image = noise(33, 48)
    found = taken(torch_filters.resized(put(image), *size))
    np.testing.assert_allclose(found, cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR), atol=2e-6)


@pytest.mark.parametrize("lookup", ["nearest", "linear", "cubic", "lanczos"])
def test_lookups_equal_opencv(lookup):
    image = noise(33, 48)
    random = np.random.default_rng(1)
    flow = random.uniform(-12, 12, (40, 50, 2)).astype(np.float32)
    flow[0, 0], flow[39, 49], flow[5, 5] = (-900, 3), (4000, 4000), (0, 0)
    flow[10, :, 0] = np.arange(50) / 32
    at = warp.positions(40, 50) + flow
    found = taken(torch_lookup.look_up(put(image), torch_lookup.positions(put(flow)), lookup))
    np.testing.assert_allclose(found, warp.look_up(image, at, lookup), atol=2e-6 if lookup != "nearest" else 0)


@pytest.fixture(scope="module")
def fitted():
    random = np.random.default_rng(2)
    footage = [np.clip(128 + 50 * smooth(random, 3, 2, (54, 96)), 0, 255).astype(np.uint8) for _ in range(3)]
    painted = [np.clip(np.round(image8 / 64) / 4, 0, 1).astype(np.float32) for image8 in footage[:2]]
    return look.Look(footage[:2], painted), footage[2]


def test_the_look_equals_the_processors(fitted):
    made, footage = fitted
    image = put(footage.astype(np.float32) / 255)
    np.testing.assert_allclose(taken(torch_look.features(image)), look.features(footage), atol=5e-6)
    found = taken(torch_look.TorchLook(made.fitted, "cpu")(image))
    assert_alike(found, made(footage))


@pytest.mark.parametrize(
    ("told", "enlargement", "lookup", "trust"),
    [(True, 1, "lanczos", 1.0), (True, 2, "cubic", 1.0), (False, 2, "lanczos", 2.0), (False, 1, "linear", 0.0)],
)
def test_frames_equal_the_processors(fitted, told, enlargement, lookup, trust):
    random = np.random.default_rng(7)
    footage = 128 + 40 * smooth(random, 3, 2, (54, 96))
    offers = [offer_of(random, footage, near, enlargement, told=told) for near in (0.3, 0.7)]
    seen = view_of(random, footage)
    known = fitted[0] if told else None
    torch_composer = TorchComposer(known, lookup, trust, "cpu")
    wanted = Composer(known, lookup, trust).frame(seen, offers)
    made = torch_composer.frame(seen, offers)
    assert made.picture.dtype == np.float32
    assert made.picture.flags.c_contiguous
    assert_alike(made.picture, wanted.picture)
    np.testing.assert_allclose(made.agreement, wanted.agreement, atol=1e-3)
    assert (made.explained is None) == (wanted.explained is None)
    if told:
        np.testing.assert_allclose(made.explained, wanted.explained, atol=1e-5)
    np.testing.assert_array_equal(torch_composer.frame(seen, offers).picture, made.picture)


def test_transparent_paint_and_footage_without_anything_still():
    random = np.random.default_rng(9)
    footage = 128 + 40 * smooth(random, 3, 2, (54, 96))
    offer = offer_of(random, footage, 1.0, 1, told=False)
    painted = np.dstack([offer.source.painted, offer.source.painted[..., :1]])
    source = type(offer.source)(offer.source.view, painted, offer.source.ground, None, None, None)
    offer = type(offer)(source, offer.maps, 1.0)
    seen = view.make_view(view_of(random, footage).image8, np.ones((54, 96), np.float32))
    made = TorchComposer(None, "lanczos", 1.0, "cpu").frame(seen, [offer])
    assert made.picture.shape == (54, 96, 4)
    assert_alike(made.picture, Composer(None, "lanczos", 1.0).frame(seen, [offer]).picture)


def assert_alike(made, wanted):
    """On average less than half an 8-bit step apart, and 99.9 % of the values less than three."""
    difference = np.abs(made - wanted) * 255
    assert difference.mean() < 0.5
    assert np.mean(difference < 3) >= 0.999
