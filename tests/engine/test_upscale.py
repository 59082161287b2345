"""The film enlarged: sizes, tiles without seams, the processor where there is no real graphics card."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from carry_shot import make_shot, run_stage
from lineboil.addon.engine.errors import MissingError
from lineboil.addon.engine.frames import list_frames
from lineboil.addon.engine.image import files
from lineboil.addon.engine.models import upscaler as upscaler_module
from lineboil.addon.engine.models.registry import model_path
from lineboil.addon.engine.models.upscaler import SCALE, Upscaler
from lineboil.addon.engine.schema.registry import BY_NAME
from lineboil.addon.engine.schema.upscale import MODELS, UpscaleSettings
from lineboil.addon.engine.stages.upscale import lanczos, reduced

HEIGHT, WIDTH = 72, 104


def drawing(seed=0, height=HEIGHT, width=WIDTH):
    """Flat colours with lines, a little grain."""
    random = np.random.default_rng(seed)
    picture = np.full((height, width, 3), (0.8, 0.75, 0.6), np.float32)
    for _ in range(12):
        start, end = ([int(value) for value in random.integers(0, (width, height))] for _ in range(2))
        cv2.line(picture, start, end, [float(value) for value in random.random(3) * 0.6], 2, cv2.LINE_AA)
    return np.clip(picture + random.normal(0, 0.01, picture.shape), 0, 1).astype(np.float32)


def network(**changes):
    structure, weights = (model_path(name) for name in MODELS)
    return Upscaler(structure, weights, **changes)


@pytest.fixture(scope="module")
def enlarged():
    return network(tile_pixels=1000).enlarge(drawing())


def test_off_is_a_pass_through():
    assert not BY_NAME["upscale"].enabled(UpscaleSettings())
    assert BY_NAME["upscale"].enabled(UpscaleSettings(engine="lanczos"))


@pytest.mark.parametrize("scale", [2, 4])
def test_lanczos_enlarges_every_frame(tmp_path, scale):
    pictures = [drawing(seed) for seed in range(3)]
    make_shot(tmp_path / "shot", pictures, upscale__engine="lanczos", upscale__scale=scale, diffuse__engine="off")
    run_stage(tmp_path / "shot", "upscale")
    assert list_frames(tmp_path / "shot/upscaled") == [1, 2, 3]
    for frame, picture in enumerate(pictures, 1):
        result = files.read_rgb(tmp_path / f"shot/upscaled/{frame:06d}.png")
        assert result.shape == (scale * HEIGHT, scale * WIDTH, 3)
        assert np.abs(reduced(result, scale) - picture).mean() < 0.02


def test_lanczos_keeps_flat_ground_and_the_place_of_things():
    assert np.allclose(lanczos(np.full((9, 13, 3), 0.3, np.float32), 4), 0.3, atol=1e-5)
    spot = np.zeros((15, 15, 3), np.float32)
    spot[7, 7] = 1
    large = lanczos(spot, 4)[..., 0]
    y, x = np.mgrid[0:60, 0:60]
    centre = [(large * axis).sum() / large.sum() for axis in (y, x)]
    # The middle of pixel 7 is 7.5 pixels from the rim: 30 of the large ones, between pixels 29 and 30.
    assert centre == pytest.approx([29.5, 29.5], abs=0.05)


def test_the_network_makes_the_same_picture_four_times_as_large(enlarged):
    assert enlarged.shape == (SCALE * HEIGHT, SCALE * WIDTH, 3)
    assert enlarged.dtype == np.float32
    assert enlarged.min() >= 0 and enlarged.max() <= 1
    assert np.abs(reduced(enlarged, SCALE) - drawing()).mean() < 0.03


def test_colours_keep_their_order(enlarged):
    assert enlarged.mean((0, 1)) == pytest.approx(drawing().mean((0, 1)), abs=0.02)


def test_tiles_make_the_same_picture_as_the_whole(enlarged):
    tiled = network(tile_pixels=40).enlarge(drawing())
    assert np.abs(tiled - enlarged).max() < 1e-3


def test_the_same_picture_is_enlarged_the_same_way_twice(enlarged):
    assert np.array_equal(network(tile_pixels=1000).enlarge(drawing()), enlarged)


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (41, 7)])
def test_small_and_odd_sizes_are_enlarged(size):
    assert network(tile_pixels=40).enlarge(drawing(2, *size)).shape == (SCALE * size[0], SCALE * size[1], 3)


def test_the_network_enlarges_frames_twice_by_halving(tmp_path, enlarged):
    make_shot(tmp_path / "shot", [drawing()], upscale__engine="realesrgan", upscale__scale=2, diffuse__engine="off")
    heard = run_stage(tmp_path / "shot", "upscale")
    result = files.read_rgb(tmp_path / "shot/upscaled/000001.png")
    assert result.shape == (2 * HEIGHT, 2 * WIDTH, 3)
    assert np.abs(result - reduced(enlarged, 2)).mean() < 0.01
    assert any("runs on" in message.text for message in heard.messages if message.kind == "note")


class Devices:
    """Stands for ncnn's list of graphics devices."""

    def __init__(self, kinds: list[int], starts: bool = True) -> None:
        self.kinds = kinds
        self.starts = starts

    def create_gpu_instance(self) -> int:
        return 0 if self.starts else -1

    def get_gpu_count(self) -> int:
        return len(self.kinds)

    def get_gpu_info(self, index: int):
        kind = self.kinds[index]

        class Information:
            def type(self) -> int:
                return kind

            def device_name(self) -> str:
                return f"card {index}"

        return Information()


@pytest.mark.parametrize(
    ("devices", "expected"),
    [
        (Devices([], starts=False), ("processor", None)),
        (Devices([]), ("processor", None)),
        (Devices([3]), ("processor", None)),
        (Devices([3, 0]), ("card 1", 1)),
        (Devices([1, 0]), ("card 0", 0)),
    ],
)
def test_a_software_device_is_never_taken_for_a_graphics_card(monkeypatch, devices, expected):
    monkeypatch.setattr(upscaler_module, "ncnn", devices)
    assert upscaler_module._device() == expected


def test_files_that_are_no_network_are_told(tmp_path):
    for name in ("a.param", "a.bin"):
        (tmp_path / name).write_text("nothing", encoding="utf-8")
    with pytest.raises(MissingError, match="cannot be read"):
        Upscaler(tmp_path / "a.param", tmp_path / "a.bin")
