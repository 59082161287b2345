"""Controls keep what they say at another size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from lineboil.addon.engine.image.ade20k import COLOURS
from lineboil.addon.engine.image.control_fit import fitted


def drawn():
    picture = np.zeros((540, 960, 3), np.uint8)
    cv2.line(picture, (101, 20), (101, 520), (255, 255, 255), 1)
    cv2.line(picture, (300, 33), (900, 33), (255, 255, 255), 1)
    return picture


@pytest.mark.parametrize("kind", ["canny", "mlsd", "lineart"])
@pytest.mark.parametrize("size", [(512, 288), (320, 180)])
def test_lines_of_one_pixel_stay_bright_in_a_small_cell(kind, size):
    made = fitted(kind, drawn(), size)
    assert made.shape == (size[1], size[0], 3)
    upright = made[size[1] // 4 : size[1] // 2, : size[0] // 4, 0]
    assert upright.max(axis=1).min() > 130
    assert (upright > 60).sum(axis=1).max() <= 2


def test_classes_are_not_mixed():
    picture = np.empty((100, 160, 3), np.uint8)
    picture[:, :81] = COLOURS["person"]
    picture[:, 81:] = COLOURS["floor"]
    for size in ((64, 40), (331, 207)):
        told = {tuple(colour) for colour in fitted("segmentation", picture, size).reshape(-1, 3).tolist()}
        assert told == {COLOURS["person"], COLOURS["floor"]}


def test_the_same_size_is_left_alone_and_depth_is_averaged():
    picture = np.random.default_rng(1).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    assert fitted("depth", picture, (80, 60)) is picture
    assert abs(float(fitted("depth", picture, (40, 30)).mean()) - float(picture.mean())) < 1
