"""A model is placed where it fits: the choice with made-up cards, and the ways themselves with tiny models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lineboil.addon.engine.errors import EngineError
from lineboil.addon.engine.models.diffusion.memory import (
    DRAWING_BYTES_A_PIXEL,
    WAYS,
    Need,
    Way,
    chosen,
    is_out_of_memory,
    said,
)
from lineboil.addon.engine.models.diffusion.request import Control, Lora, Model, Request

GIGABYTE = 10**9
SD15 = Need(int(1.72 * GIGABYTE) + 3 * int(0.72 * GIGABYTE), int(0.25 * GIGABYTE), int(0.17 * GIGABYTE), 768 * 768)
GRID = replace(SD15, pixels=1536 * 1344)
SDXL = Need(
    int(7.65 * GIGABYTE), int(1.6 * GIGABYTE), int(0.33 * GIGABYTE), 1024 * 1024, 4, DRAWING_BYTES_A_PIXEL["sdxl"]
)
ZIMAGE = Need(
    int(19 * GIGABYTE), int(8 * GIGABYTE), int(0.17 * GIGABYTE), 1024 * 1024, 2, DRAWING_BYTES_A_PIXEL["zimage"]
)


@pytest.mark.parametrize(
    ("need", "free", "step"),
    [
        (SD15, 24, 0), (SD15, 6, 0), (SD15, 4, 2), (SD15, 2, 3),
        (GRID, 8, 0), (GRID, 7.2, 1), (GRID, 6, 2),
        (SDXL, 24, 0), (SDXL, 12, 0), (SDXL, 10, 1), (SDXL, 9, 2), (SDXL, 8, 2), (SDXL, 5, 3),
        (ZIMAGE, 80, 0), (ZIMAGE, 24, 1), (ZIMAGE, 16, 2), (ZIMAGE, 8, 3),
    ],
)
def test_the_quickest_way_that_fits_is_chosen(need: Need, free: float, step: int) -> None:
    assert chosen(need, int(free * GIGABYTE)).step == step


def test_more_memory_never_means_a_smaller_way_and_the_choice_is_told_with_numbers() -> None:
    steps = [chosen(SDXL, free * GIGABYTE // 2) for free in range(2, 100)]
    assert [way.step for way in steps] == sorted((way.step for way in steps), reverse=True)
    assert steps[0].tiles and not steps[-1].tiles
    sentence = said(steps[0], GIGABYTE, SDXL)
    assert "9.6 GB" in sentence and "1.0 GB are free" in sentence and "by tiles" in sentence and WAYS[3] in sentence


def test_the_ways_end() -> None:
    way, seen = Way(), []
    while way is not None:
        seen.append(way)
        way = way.smaller()
    assert [each.step for each in seen] == [0, 1, 2, 3] and all(each.tiles for each in seen[1:])


def test_apples_memory_only_has_tiles_to_save_with() -> None:
    way = Way().smaller(0)
    assert way == Way(0, tiles=True) and way.smaller(0) is None


@pytest.mark.parametrize("said", ["CUDA out of memory", "MPS backend out of memory", "Invalid buffer size: 33.00 GB"])
def test_what_every_device_says_when_memory_runs_out_is_known(said: str) -> None:
    pytest.importorskip("torch")
    assert is_out_of_memory(RuntimeError(said)) and not is_out_of_memory(RuntimeError("mat1 and mat2 differ"))


def test_attention_in_parts_sees_the_same() -> None:
    torch = pytest.importorskip("torch")
    from lineboil.addon.engine.models.diffusion.attention_parts import in_parts
    from torch.nn import functional

    draws = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(2, 3, length, 8, generator=draws) for length in (50, 70, 70))
    usual, asked = functional.scaled_dot_product_attention, []
    for mask in (None, torch.randn(2, 1, 1, 70, generator=draws), torch.randn(2, 1, 50, 70, generator=draws)):
        whole = usual(query, key, value, mask)
        with in_parts("cpu", 7 * 70 * 4 * 6, always=True):
            parts = functional.scaled_dot_product_attention(query, key, value, mask)
        asked.append(float((whole - parts).abs().max()))
    assert max(asked) < 1e-6 and functional.scaled_dot_product_attention is usual


def model_with_everything(family: str) -> tuple[Model, Request]:
    import tiny_diffusion as tiny

    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    request = Request(
        prompt="a person", image=picture, steps=4, strength=0.5, controls=(Control("depth", picture[::-1]),),
        reference=picture, anchor=picture,
    )
    return Model(
        family, tiny.folder(family), controlnets=(("depth", tiny.controlnet(family)),),
        loras=(Lora(tiny.lora(family)),), ip_adapter=tiny.ip_adapter(family), image_encoder=tiny.image_encoder(),
    ), request


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_every_way_draws_and_only_8_bits_change_the_picture(family: str) -> None:
    pytest.importorskip("diffusers")
    from lineboil.addon.engine.models.diffusion.diffuser import Diffuser

    wanted, request = model_with_everything(family)
    diffuser = Diffuser(wanted, "cpu")
    found = [diffuser.draw(request)]
    for step in (1, 2, 3):
        diffuser._placed.place(Way(step))
        found.append(diffuser.draw(request))
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])
    assert np.array_equal(found[2], found[3])
    assert np.abs(found[0].astype(int) - found[2]).mean() < 20


def test_when_memory_runs_out_the_picture_is_begun_again_with_less(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("diffusers")
    import torch
    from lineboil.addon.engine.models.diffusion.diffuser import Diffuser

    wanted, request = model_with_everything("sd15")
    told: list[str] = []
    diffuser = Diffuser(wanted, "cpu", told.append)
    plain = diffuser.draw(request)
    failures = [2]

    def step(*_: object) -> None:
        if failures[0]:
            failures[0] -= 1
            raise torch.OutOfMemoryError("CUDA out of memory")

    again = diffuser.draw(request, step)
    assert len(told) == 2 and all("begun again" in sentence for sentence in told) and diffuser._placed.way.step == 2
    assert again.shape == plain.shape

    def never(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(EngineError, match="too small for this picture"):
        diffuser.draw(request, never)
