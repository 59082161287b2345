"""Networks that draw, as ONNX files of the smallest size: what goes in, what comes out, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.models.vision.drawings import EdgeFinder, LineDrawer
from tiny_onnx import write_convolution


def kernel(*channels):
    """One 3x3 kernel that weighs the channels of the pixel itself."""
    made = np.zeros((1, len(channels), 3, 3), np.float32)
    made[0, :, 1, 1] = channels
    return made


def halves(left, right, height=96, width=160):
    picture = np.full((height, width, 3), left, np.uint8)
    picture[:, width // 2 :] = right
    return picture


def test_lines_are_what_the_network_leaves_dark(tmp_path):
    # Red counts: where there is much of it the network says paper.
    drawer = LineDrawer(write_convolution(tmp_path / "lines.onnx", kernel(8, 0, 0)))
    drawn = drawer(halves((255, 0, 0), (0, 255, 255)))
    assert drawn.shape == (96, 160)
    assert drawn.dtype == np.uint8
    assert drawn[:, 10:70].max() <= 1
    assert np.median(drawn[:, 90:]) == 128


def test_a_picture_of_any_size_comes_back_at_its_size(tmp_path):
    drawer = LineDrawer(write_convolution(tmp_path / "lines.onnx", kernel(8, 0, 0)))
    for height, width in ((97, 161), (720, 540)):
        drawn = drawer(halves((255, 0, 0), (0, 0, 0), height, width))
        assert drawn.shape == (height, width)
        assert drawn[:, : width // 2 - 10].max() <= 1 < drawn[:, width // 2 + 10 :].min()


def test_edges_are_the_last_output_and_of_blue_green_red(tmp_path):
    # Two outputs, logits: the first of red, the last of blue; without a sigmoid, which the finder adds.
    kernels = np.concatenate([kernel(0, 0, 1), kernel(1, 0, 0)])
    finder = EdgeFinder(write_convolution(tmp_path / "edges.onnx", kernels, sigmoid=False))
    drawn = finder(halves((255, 0, 0), (0, 0, 255)))
    assert drawn.shape == (96, 160)
    assert drawn[:, 10:70].max() == 0
    assert drawn[:, 90:].min() == 255


def test_what_is_no_network_is_told_with_its_place(tmp_path):
    whole = write_convolution(tmp_path / "whole.onnx", kernel(1, 0, 0)).read_bytes()
    for name, data in (("text", b"<html>not found</html>"), ("torn", whole[: len(whole) // 2]), ("empty", b"")):
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"cannot be read as the network of line drawings.*Fetch it again") as told:
            LineDrawer(path)
        assert str(path) in str(told.value.where)


def test_another_network_is_told(tmp_path):
    small = LineDrawer(write_convolution(tmp_path / "small.onnx", kernel(1, 0, 0), stride=2))
    with pytest.raises(InputError, match="holds another network than one that draws"):
        small(halves((255, 0, 0), (0, 0, 0)))
