"""Pictures redrawn by tiny models in the true classes: from every layout, with all that may be added."""

from __future__ import annotations

import socket
from dataclasses import replace

import numpy as np
import pytest
from lineboil.addon.engine.errors import Cancelled
from lineboil.addon.engine.models.diffusion.request import Control, Lora, Model, Request

pytest.importorskip("diffusers")

import tiny_diffusion as tiny
from lineboil.addon.engine.models.diffusion import diffuser as diffusers_kept
from lineboil.addon.engine.models.diffusion.diffuser import Diffuser, diffuser_for
from lineboil.addon.engine.models.diffusion.schedulers import NAMES

FAMILIES = ("sd15", "sdxl")
KINDS = ("depth", "lineart", "openpose")


def picture(height: int = 64, width: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


BASE = Request(prompt="a person, oil painting", image=picture(), steps=4, strength=0.5, seed=5)
CONTROLS = tuple(Control(kind, picture(seed=number), 0.8) for number, kind in enumerate(KINDS, 1))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def model(family: str, **more: object) -> Model:
    return Model(family, tiny.folder(family), **more)


def controlled(family: str) -> Model:
    layouts = ("folder", "file", "original" if family == "sd15" else "file")
    return model(family, controlnets=tuple(
        (kind, tiny.controlnet(family, kind, layout)) for kind, layout in zip(KINDS, layouts, strict=True)
    ))


def drawn(wanted: Model, request: Request = BASE, **more: object) -> np.ndarray:
    return diffuser_for(wanted, "cpu").draw(replace(request, **more))


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return np.array_equal(one, other)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_folder_and_a_single_file_draw_the_same(family: str) -> None:
    from_folder = drawn(model(family))
    assert same(from_folder, drawn(model(family)))
    assert not same(from_folder, drawn(model(family), seed=6))
    assert same(from_folder, drawn(Model(family, tiny.single_file(family))))


@pytest.mark.parametrize("scheduler", NAMES)
def test_every_scheduler_repeats_to_the_last_bit(scheduler: str) -> None:
    first = drawn(model("sd15"), scheduler=scheduler)
    # Ancestral ones draw random numbers in every step: of the request's seed, not of the process.
    assert same(first, drawn(model("sd15"), scheduler=scheduler))
    assert not same(first, drawn(model("sd15"), scheduler=scheduler, seed=6))


@pytest.mark.parametrize("family", FAMILIES)
def test_each_control_counts_with_its_weight_and_its_range(family: str) -> None:
    wanted = controlled(family)
    free = drawn(wanted)
    assert same(free, drawn(model(family)))
    all_three = drawn(wanted, controls=CONTROLS)
    assert not same(all_three, free)
    weights = [drawn(wanted, controls=CONTROLS[:number]) for number in (1, 2)]
    assert not same(weights[0], weights[1]) and not same(weights[1], all_three)
    off = tuple(replace(control, weight=0.0) for control in CONTROLS)
    assert same(free, drawn(wanted, controls=off))
    early = tuple(replace(control, end=0.5) for control in CONTROLS)
    late = tuple(replace(control, start=0.5) for control in CONTROLS)
    assert len({drawn(wanted, controls=some).tobytes() for some in (CONTROLS, early, late)}) == 3


def test_a_union_takes_each_control_for_itself() -> None:
    wanted = model("sdxl", controlnets=tuple((kind, tiny.union()) for kind in KINDS))
    first, second, third = CONTROLS
    alone = drawn(wanted, controls=(second,))
    # One of weight 0, or at its end, takes nothing from the others.
    assert same(alone, drawn(wanted, controls=(replace(first, weight=0.0), second)))
    assert same(alone, drawn(wanted, controls=(replace(first, start=0.0, end=0.01), second)))
    assert not same(alone, drawn(wanted, controls=(first, second)))
    assert same(drawn(wanted, controls=(first, second)), drawn(
        replace(wanted, controlnets=tuple((kind, tiny.union("file")) for kind in KINDS)), controls=(first, second)
    ))
    assert not same(drawn(wanted, controls=(first, third)), drawn(wanted, controls=(first, second)))


@pytest.mark.parametrize("family", FAMILIES)
def test_loras_are_exchanged_without_loading_the_rest(family: str) -> None:
    plain = drawn(model(family))
    kept = diffuser_for(model(family), "cpu")
    by_layout = [
        drawn(model(family, loras=(Lora(tiny.lora(family, layout), 0.7),))) for layout in ("kohya", "diffusers")
    ]
    assert same(*by_layout) and not same(by_layout[0], plain)
    assert not same(by_layout[0], drawn(model(family, loras=(Lora(tiny.lora(family), 0.2),))))
    assert same(plain, drawn(model(family)))
    assert diffuser_for(model(family), "cpu") is kept


@pytest.mark.parametrize("family", FAMILIES)
def test_a_reference_is_followed(family: str) -> None:
    wanted = replace(
        controlled(family), ip_adapter=tiny.ip_adapter(family), image_encoder=tiny.image_encoder(),
        vae=tiny.vae(family, "file"), preview_vae=tiny.tiny_vae(), clip_skip=1,
    )
    without = drawn(wanted, controls=CONTROLS)
    assert same(without, drawn(wanted, controls=CONTROLS, reference=picture(90, 50), reference_weight=0.0))
    assert not same(without, drawn(wanted, controls=CONTROLS, reference=picture(90, 50)))
    looks = []
    diffuser_for(wanted, "cpu").draw(BASE, lambda done, of, look: looks.append(look().shape))
    assert looks == [(64, 64, 3)] * 2


def test_a_vae_of_ones_own_and_clip_skip() -> None:
    plain = drawn(model("sd15"))
    vaes = [drawn(model("sd15", vae=tiny.vae("sd15", layout))) for layout in ("folder", "file")]
    assert same(*vaes) and not same(vaes[0], plain)
    assert not same(plain, drawn(model("sd15", clip_skip=1)))


def test_a_checkpoint_that_predicts_velocity_is_known_by_its_marks() -> None:
    wanted = Model("sd15", tiny.single_file("sd15", v_prediction=True))
    found = drawn(wanted)
    assert not same(found, drawn(model("sd15")))
    assert same(found, drawn(model("sd15", v_prediction=True)))
    assert same(drawn(model("sd15")), drawn(replace(wanted, v_prediction=False)))


def test_what_is_kept_stays_to_the_last_bit() -> None:
    mask = np.zeros((64, 64), np.float32)
    mask[16:48, 16:48] = 1
    kept = picture(seed=9)
    found = drawn(model("sd15"), mask=mask, kept=kept)
    assert same(found[mask == 0], kept[mask == 0]) and not same(found[mask == 1], kept[mask == 1])
    own = drawn(model("sd15"), mask=mask)
    assert same(own[mask == 0], BASE.image[mask == 0])


@pytest.mark.parametrize("family", FAMILIES)
def test_any_size_is_drawn(family: str) -> None:
    controls = tuple(replace(control, image=picture(138, 202)) for control in CONTROLS)
    found = drawn(controlled(family), image=picture(69, 101), controls=controls)
    assert found.shape == (69, 101, 3)


def test_progress_is_told_and_ends_the_work_between_two_steps() -> None:
    diffuser = diffuser_for(model("sd15"), "cpu")
    told = []

    def step(done: int, of: int, look: object) -> None:
        told.append((done, of, look().shape))
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        diffuser.draw(replace(BASE, strength=1.0), step)
    assert told == [(1, 4, (8, 8, 3)), (2, 4, (8, 8, 3))]
    assert same(diffuser.draw(BASE), drawn(model("sd15")))


def test_a_quick_look_has_the_colours_of_the_picture() -> None:
    from lineboil.addon.engine.models.diffusion.latents import QuickLook, encode

    class Vae:
        """Averages 8 x 8 pixels: what a quick look must find out."""

        device, dtype = "cpu", __import__("torch").float32
        config = type("Config", (), {"scaling_factor": 0.5, "latents_mean": None, "latents_std": None})

        def encode(self, image):
            import torch

            small = torch.nn.functional.avg_pool2d(image, 8)
            mixed = torch.cat([small[:, [1, 2, 0]], small.sum(1, keepdim=True)], 1)
            return type("Told", (), {"latent_dist": type("Mode", (), {"mode": lambda self: mixed})()})()

    wanted = np.repeat(np.repeat(picture(8, 8), 8, 0), 8, 1)
    found = QuickLook(Vae())(encode(Vae(), wanted))
    assert np.abs(found.astype(int) - wanted[::8, ::8]).max() <= 4


def test_memory_is_given_back() -> None:
    kept = diffuser_for(model("sd15"), "cpu")
    diffusers_kept.free()
    assert kept._base is None and diffuser_for(model("sd15"), "cpu") is not kept
    assert isinstance(diffuser_for(model("sd15"), "cpu"), Diffuser)
