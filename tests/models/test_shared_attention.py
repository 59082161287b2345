"""Attention shared with a finished picture: it acts, repeats, and leaves the network as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lineboil.addon.engine.errors import Cancelled
from lineboil.addon.engine.models.diffusion.request import Control, Lora, Model, Request

pytest.importorskip("diffusers")

import tiny_diffusion as tiny
from lineboil.addon.engine.models.diffusion.diffuser import diffuser_for


def picture(height: int = 64, width: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


BASE = Request(prompt="a person", image=picture(), steps=4, strength=0.5, seed=5)
ANCHOR = picture(72, 96, seed=3)


def drawn(model: Model, **more: object) -> np.ndarray:
    return diffuser_for(model, "cpu").draw(replace(BASE, **more))


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_it_acts_with_all_that_may_be_added_and_leaves_nothing_behind(family: str) -> None:
    model = Model(
        family, tiny.folder(family), controlnets=(("depth", tiny.controlnet(family)),),
        loras=(Lora(tiny.lora(family)),), ip_adapter=tiny.ip_adapter(family), image_encoder=tiny.image_encoder(),
    )
    more = {"controls": (Control("depth", picture(seed=1)),), "reference": picture(seed=2)}
    unet = diffuser_for(model, "cpu")._base.unet
    plain, before = drawn(model, **more), unet.attn_processors
    with_anchor = drawn(model, anchor=ANCHOR, **more)
    assert np.array_equal(with_anchor, drawn(model, anchor=ANCHOR, **more))
    half = drawn(model, anchor=ANCHOR, anchor_weight=0.5, **more)
    other = drawn(model, anchor=picture(seed=4), **more)
    assert len({found.tobytes() for found in (plain, with_anchor, half, other)}) == 4
    assert np.array_equal(plain, drawn(model, anchor=ANCHOR, anchor_weight=0.0, **more))
    assert np.array_equal(plain, drawn(model, **more))
    assert unet.attn_processors == before and "forward" not in vars(unet)


@pytest.mark.parametrize("scheduler", ["euler_a", "heun", "unipc", "lcm", "ddim"])
def test_it_goes_with_every_kind_of_scheduler(scheduler: str) -> None:
    model = Model("sd15", tiny.folder())
    found = drawn(model, anchor=ANCHOR, scheduler=scheduler)
    assert np.array_equal(found, drawn(model, anchor=ANCHOR, scheduler=scheduler))
    assert not np.array_equal(found, drawn(model, scheduler=scheduler))


def test_a_stop_takes_it_out_again() -> None:
    model = Model("sd15", tiny.folder())
    plain = drawn(model)

    def stop(*_: object) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        diffuser_for(model, "cpu").draw(replace(BASE, anchor=ANCHOR), stop)
    assert np.array_equal(plain, drawn(model))


def test_the_weight_is_one_within_the_softmax() -> None:
    """Two copies of a place, one of weight w: what is seen is (own + w other) / (1 + w) for equal keys."""
    import torch
    from diffusers.models.attention_processor import Attention
    from lineboil.addon.engine.models.diffusion.attention import _Seen, _Shared

    torch.manual_seed(0)
    attn = Attention(query_dim=8, heads=2, dim_head=4)
    attn.to_k.weight.data.zero_()
    own, other = torch.randn(1, 3, 8), torch.randn(1, 3, 8)
    seen = _Seen(states={"layer": other})
    found = _Shared("layer", seen, 0.25)(attn, own)
    values = (attn.to_v(own).mean(1) + 0.25 * attn.to_v(other).mean(1)) / 1.25
    assert torch.allclose(found[:, 0], attn.to_out[0](values), atol=1e-6)
    assert seen.states == {}
