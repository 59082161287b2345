"""Parts of a picture with words, noise and strength of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lineboil.addon.engine.errors import InputError, SettingError
from lineboil.addon.engine.models.diffusion.request import Cell, Control, Model, Request

pytest.importorskip("diffusers")

import tiny_diffusion as tiny
import torch
from lineboil.addon.engine.models.diffusion.cells import OwnStarts, _ByPart, _Shares
from lineboil.addon.engine.models.diffusion.diffuser import diffuser_for

HEIGHT, WIDTH, HALF = 64, 128, 64


def picture(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


RIGHT = np.zeros((HEIGHT, WIDTH), np.float32)
RIGHT[:, HALF:] = 1
BASE = Request(prompt="a person", image=picture(), steps=4, strength=1.0, seed=5)


def drawn(model: Model, **more: object) -> np.ndarray:
    return diffuser_for(model, "cpu").draw(replace(BASE, **more)).astype(int)


def apart(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Mean difference left and right."""
    return tuple(float(np.abs(one - other)[:, side].mean()) for side in (slice(0, HALF), slice(HALF, None)))


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_words_act_in_their_part_with_all_that_may_be_added(family: str) -> None:
    model = Model(
        family, tiny.folder(family), controlnets=(("depth", tiny.controlnet(family)),),
        ip_adapter=tiny.ip_adapter(family), image_encoder=tiny.image_encoder(),
    )  # fmt: skip
    more = {"controls": (Control("depth", picture(1)),), "reference": picture(2), "anchor": picture(3)}
    unet = diffuser_for(model, "cpu")._base.unet
    plain, before = drawn(model, **more), dict(unet.attn_processors)
    own = drawn(model, cells=(Cell(RIGHT, "a dog in the snow, oil painting, thick strokes"),), **more)
    left, right = apart(plain, own)
    # Places look at each other too, so the other side is not untouched.
    assert right > left
    assert unet.attn_processors == before
    same = drawn(model, cells=(Cell(RIGHT, "a person"),), **more)
    assert np.abs(same - plain).max() <= 1
    assert np.array_equal(plain, drawn(model, cells=(Cell(RIGHT),), **more))


def test_nothing_of_the_text_leaks_to_the_neighbour() -> None:
    latents = torch.zeros(1, 4, 5, 7)
    mask = np.zeros((40, 56), np.float32)
    mask[:, :24] = 1
    shares = _Shares([mask], latents)
    found = torch.zeros(2, 35, 3)

    def usual(attn: object, hidden: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        return found[-len(hidden) :] + words[-len(hidden) :].mean()

    own = _ByPart(usual, [torch.full((1, 9, 3), 7.0)], shares, lambda: False)(None, found, torch.zeros(2, 4, 3))
    assert own[0].abs().max() == 0
    grid = own[1, :, 0].reshape(5, 7)
    assert (grid[:, :3] == 7).all() and (grid[:, 3:] == 0).all()
    elsewhere = _ByPart(usual, [torch.full((1, 9, 3), 7.0)], shares, lambda: True)
    assert elsewhere(None, found, torch.zeros(2, 4, 3)).abs().max() == 0
    assert shares(12).shape == (1, 12)


def test_a_seed_is_the_parts_own_wherever_it_lies() -> None:
    model = Model("sd15", tiny.folder())
    plain = drawn(model)
    first, again = (drawn(model, cells=(Cell(RIGHT, seed=77),)) for _ in range(2))
    assert np.array_equal(first, again)
    left, right = apart(plain, first)
    assert right > 3 * left

    class Scheduler:
        def add_noise(self, original: torch.Tensor, noise: torch.Tensor, _: object) -> torch.Tensor:
            return original + noise

    def laid(mask: np.ndarray) -> torch.Tensor:
        scheduler, start = Scheduler(), torch.zeros(1, 4, HEIGHT // 8, WIDTH // 8)
        OwnStarts(replace(BASE, cells=(Cell(mask, seed=77),)), start, scheduler)
        return scheduler.add_noise(start, torch.zeros_like(start), None)

    on_the_right, on_the_left = laid(RIGHT), laid(1 - RIGHT)
    assert torch.equal(on_the_right[..., HALF // 8 :], on_the_left[..., : HALF // 8])
    assert on_the_right[..., : HALF // 8].abs().max() == 0


@pytest.mark.parametrize("scheduler", ["", "heun", "ddim", "lcm"])
def test_a_part_with_less_strength_stays_nearer_to_the_footage(scheduler: str) -> None:
    model = Model("sd15", tiny.folder())
    even = drawn(model, scheduler=scheduler, strength=0.25)
    whole = drawn(model, scheduler=scheduler)
    own = drawn(model, scheduler=scheduler, cells=(Cell(RIGHT, strength=0.25),))
    left, right = apart(own, whole)
    assert right > left
    assert apart(own, even)[1] < apart(whole, even)[1]


def test_what_cannot_be_done_is_told() -> None:
    model = Model("sd15", tiny.folder())
    with pytest.raises(SettingError, match="leave no step"):
        drawn(model, cells=(Cell(RIGHT, strength=0.1),))
    with pytest.raises(InputError, match="part 1 has 64 x 64 pixels"):
        drawn(model, cells=(Cell(RIGHT[:, :64], "a dog"),))
