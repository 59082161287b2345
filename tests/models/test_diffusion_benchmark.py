"""The benchmark for cards runs: through the stages, with networks of the build of the real ones, small."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("diffusers")

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_every_grid_is_measured(family: str, capsys: pytest.CaptureFixture[str]) -> None:
    import diffuse

    words = ["--tiny", "--device", "cpu", "--families", family, "--keys", "3", "--steps", "1"]
    assert diffuse.main(words) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith(f"| {family}")]
    # The first grid draws alone, the second looks at it.
    assert [row[2] for row in rows] == ["own", "shared"]
    assert all(float(row[3]) > 0 and float(row[6]) > 0 for row in rows)
    own, shared = (float(row[4]) for row in rows)
    assert own < shared < 2 * own


def test_random_networks_have_the_size_of_real_ones() -> None:
    """Sizes that are published: 860 million numbers, 361 a ControlNet; 2567 and 2.5 GB in half precision of a union."""
    import diffusers
    import torch
    from diffuse_networks import Networks

    class Shapes(Networks):
        def _made(self, make):
            with torch.device("meta"):
                return make()

    def millions(network) -> int:
        return round(sum(tensor.numel() for tensor in network.parameters()) / 1e6)

    small, large = (Shapes(family, torch.float16, "cpu") for family in ("sd15", "sdxl"))
    assert (millions(small.unet), millions(large.unet)) == (860, 2567)
    assert millions(small.controlnets(("depth",)).by_kind["depth"]) == 361
    union = large.controlnets(("depth",)).union
    assert isinstance(union, diffusers.ControlNetUnionModel)
    assert 1250 < millions(union) < 1260


def test_the_memory_that_is_reckoned_with_holds_what_networks_of_full_size_take() -> None:
    import diffuse_memory
    import torch
    from lineboil.addon.engine.models.diffusion import memory
    from torch._subclasses.fake_tensor import FakeTensorMode

    usual = torch.get_default_dtype()
    torch.set_default_dtype(diffuse_memory.TYPE)
    try:
        with FakeTensorMode(allow_non_fake_inputs=True):
            takes = diffuse_memory.Networks("sd15", 3).takes(256, 256)
    finally:
        torch.set_default_dtype(usual)
    sharing = takes["with shared attention"][0] - takes["drawing"][0]
    most = takes["with ControlNets"][0] + sharing
    assert 1.1 * most < memory.DRAWING_BYTES_A_PIXEL["sd15"] < 1.5 * most
    assert 1.1 * takes["decoding"][0] < memory.DECODING_BYTES_A_PIXEL < 1.5 * takes["decoding"][0]
    # Known of this network: about 1.6 TFLOP for two pictures of 512x512; a quarter of the pixels here, less attention.
    assert takes["drawing"][1] == pytest.approx(0.36, abs=0.03)
