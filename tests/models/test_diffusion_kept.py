"""A model stays loaded while only LoRAs change, gives its memory back on request, and takes less when it lacks."""

from __future__ import annotations

import os
import shutil
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.models import kept
from lineboil.addon.engine.models.diffusion.memory import Way
from lineboil.addon.engine.models.diffusion.request import Cell, Control, Lora, Model, Request

pytest.importorskip("diffusers")

import tiny_diffusion as tiny
import torch
from lineboil.addon.engine.models.diffusion import diffuser as module
from lineboil.addon.engine.models.diffusion import placing
from lineboil.addon.engine.models.diffusion.diffuser import Diffuser, diffuser_for


def picture(size: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)


BASE = Request("a person", picture(), steps=4, strength=0.5)


def test_memory_is_given_back_on_request() -> None:
    model = Model("sd15", tiny.folder(), controlnets=(("depth", tiny.controlnet()),), loras=(Lora(tiny.lora()),))
    diffuser = diffuser_for(model, "cpu")
    mask = picture()[..., 0] / np.float32(255)
    diffuser.draw(replace(BASE, controls=(Control("depth", picture()),), anchor=picture(), mask=mask))
    parts = (diffuser._base.unet, diffuser._base.vae, diffuser._base.text_encoder, diffuser._nets.by_kind["depth"])
    seen = [weakref.ref(part) for part in parts]
    del parts, diffuser
    assert model.checkpoint.name in kept.free()
    assert [part() for part in seen] == [None] * 4


@pytest.mark.parametrize("family", ["sd15", "sdxl"])
def test_half_precision_draws_all_that_may_be_asked(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a card; SDXL's VAE then reckons in another type than the rest."""
    monkeypatch.setattr(module, "chosen_type", lambda *_: torch.float16)
    model = Model(
        family, tiny.folder(family), controlnets=(("depth", tiny.controlnet(family)),),
        loras=(Lora(tiny.lora(family)),), ip_adapter=tiny.ip_adapter(family), image_encoder=tiny.image_encoder(),
    )
    half = np.zeros((64, 64), np.float32)
    half[:, :32] = 1
    request = replace(
        BASE, controls=(Control("depth", picture()),), reference=picture(), anchor=picture(seed=3), anchor_weight=0.5,
        mask=half, kept=picture(seed=4), cells=(Cell(half, "ink", 5, 0.25),),
    )
    found = Diffuser(model, "cpu").draw(request, lambda _done, _of, look: look())
    assert np.array_equal(found[:, 32:], picture(seed=4)[:, 32:]) and len(np.unique(found[:, :32])) > 20


def test_sdxls_union_draws_in_every_way_in_half_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "chosen_type", lambda *_: torch.float16)
    kinds = ("depth", "lineart")
    diffuser = Diffuser(
        Model("sdxl", tiny.folder("sdxl"), controlnets=tuple((kind, tiny.union()) for kind in kinds)), "cpu"
    )
    request = replace(BASE, controls=tuple(Control(kind, picture(), 0.7) for kind in kinds), anchor=picture())
    found = []
    for step in range(4):
        diffuser._placed.place(Way(step))
        found.append(diffuser.draw(request))
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[2], found[3])
    assert 0 < np.abs(found[0].astype(int) - found[2]).mean() < 20
    # What takes weights past their layers is left alone: on a card they would wait in main memory.
    union = diffuser._nets.union
    assert {weights.dtype for weights in union.transformer_layes.parameters()} == {torch.float16}
    assert torch.float8_e4m3fn in {weights.dtype for weights in union.parameters()}


def test_memory_that_runs_out_while_parts_are_placed_is_a_step_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    diffuser = Diffuser(Model("sd15", tiny.folder()), "cpu", told.append)
    move, failures = diffuser._placed.place, ["CUDA out of memory", "CUBLAS_STATUS_ALLOC_FAILED"]

    def place(way: Way) -> None:
        if failures:
            raise RuntimeError(failures.pop())
        move(way)

    monkeypatch.setattr(diffuser._placed, "place", place)
    assert diffuser.draw(BASE).shape == (64, 64, 3)
    assert len(told) == 2 and all("begun again" in sentence for sentence in told)
    assert diffuser._placed.way == Way(2, tiles=True)


def test_a_larger_picture_than_the_first_is_placed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    diffuser = Diffuser(Model("sd15", tiny.folder()), "cpu", told.append)
    need = diffuser._placed.need(64 * 64)
    room = (need.drawing + need.encoders + need.vae + 64 * 64 * 4500) / 0.92
    monkeypatch.setattr(placing, "free_bytes", lambda _: int(room))
    for size, way in ((64, Way()), (128, Way(1, tiles=True)), (64, Way(1, tiles=True)), (128, Way(1, tiles=True))):
        diffuser.draw(replace(BASE, image=picture(size)))
        assert (diffuser._placed.way.step > 0, diffuser._placed.way.tiles) == (way.step > 0, way.tiles)
    assert len(told) == 2 and all("are free on the card" in sentence for sentence in told)


def test_a_bad_lora_among_good_ones_leaves_none_behind() -> None:
    plain = Model("sd15", tiny.folder())
    before = diffuser_for(plain, "cpu").draw(BASE)
    with pytest.raises(InputError):
        diffuser_for(replace(plain, loras=(Lora(tiny.lora()), Lora(tiny.vae("sd15", "file")))), "cpu")
    assert np.array_equal(before, diffuser_for(plain, "cpu").draw(BASE))


def test_files_that_take_the_place_of_others_are_loaded(tmp_path: Path) -> None:
    lora, checkpoint = tmp_path / "mine.safetensors", tmp_path / "model"
    shutil.copyfile(tiny.lora("sd15", "kohya"), lora)
    shutil.copytree(tiny.folder(), checkpoint)
    model = Model("sd15", checkpoint, loras=(Lora(lora),))
    first = diffuser_for(model, "cpu")
    pictures = [first.draw(BASE)]
    _trained_on(lora)
    assert diffuser_for(model, "cpu") is first
    pictures.append(first.draw(BASE))
    _trained_on(next(checkpoint.glob("unet/*.safetensors")))
    other = diffuser_for(model, "cpu")
    assert other is not first and diffuser_for(model, "cpu") is other
    pictures.append(other.draw(BASE))
    assert len({found.tobytes() for found in pictures}) == 3


def _trained_on(path: Path) -> None:
    from safetensors.torch import load_file, save_file

    save_file({name: tensor * 0.5 for name, tensor in load_file(path).items()}, path)
    # Within the same tick of the clock nothing would tell them apart.
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 10**9))


def test_in_8_bits_other_loras_load_the_model_anew() -> None:
    plain = Model("sd15", tiny.folder())
    first = diffuser_for(plain, "cpu")
    first._placed.place(Way(2))
    first.draw(BASE)
    assert diffuser_for(plain, "cpu") is first
    with_lora = replace(plain, loras=(Lora(tiny.lora()),))
    other = diffuser_for(with_lora, "cpu")
    assert other is not first and np.array_equal(other.draw(BASE), Diffuser(with_lora, "cpu").draw(BASE))
