"""Z-Image, tiny and of random weights: image to image with control, which the library has apart only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lineboil.addon.engine.errors import InputError
from lineboil.addon.engine.models.diffusion.memory import Way
from lineboil.addon.engine.models.diffusion.request import Control, Lora, Model, Request

pytest.importorskip("diffusers")

import tiny_diffusion as tiny
import tiny_zimage
from lineboil.addon.engine.models.diffusion.diffuser import Diffuser, diffuser_for


def picture(height: int = 64, width: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


BASE = Request(prompt="a person", image=picture(), steps=4, strength=0.5, guidance=1.0, seed=5)
CONTROLS = (Control("depth", picture(seed=1), 0.8), Control("openpose", picture(seed=2), 0.6))


def model(layout: str = "file") -> Model:
    places = tuple((kind, tiny_zimage.controlnet(layout)) for kind in ("depth", "openpose"))
    return Model("zimage", tiny_zimage.folder(), controlnets=places)


def drawn(wanted: Model | None = None, **more: object) -> np.ndarray:
    return diffuser_for(wanted or model(), "cpu").draw(replace(BASE, **more))


def test_it_repeats_and_follows_seed_strength_and_guidance() -> None:
    first = drawn()
    assert np.array_equal(first, drawn())
    others = [drawn(seed=6), drawn(strength=1.0), drawn(guidance=4.0)]
    assert len({found.tobytes() for found in (first, *others)}) == 4
    assert not np.array_equal(others[2], drawn(guidance=4.0, negative_prompt="a street"))


def test_several_controls_count_each_with_weight_and_range() -> None:
    both = drawn(controls=CONTROLS)
    assert np.array_equal(both, drawn(controls=CONTROLS))
    alone = drawn(controls=CONTROLS[1:])
    assert len({found.tobytes() for found in (both, alone, drawn(controls=CONTROLS[:1]), drawn())}) == 4
    over = (replace(CONTROLS[0], end=0.1), CONTROLS[1])
    assert np.array_equal(alone, drawn(controls=over))
    assert np.array_equal(both, drawn(model("folder"), controls=CONTROLS))


def test_any_size_is_drawn_parts_are_kept_and_progress_is_told() -> None:
    image, mask = picture(70, 90), np.zeros((70, 90), np.float32)
    mask[20:50, 30:60] = 1
    looks = []
    found = diffuser_for(model(), "cpu").draw(
        replace(BASE, image=image, mask=mask, controls=(replace(CONTROLS[0], image=image),)),
        lambda done, of, look: looks.append((done, of, look().shape)),
    )
    assert found.shape == image.shape and np.array_equal(found[mask == 0], image[mask == 0])
    assert looks == [(1, 2, (10, 12, 3)), (2, 2, (10, 12, 3))]


@pytest.mark.parametrize("is_drawn_before", [True, False])
def test_every_way_of_placing_draws_with_control(is_drawn_before: bool) -> None:
    """The ControlNet gets layers of the network that draws, with the first drawing that has a control."""
    diffuser, request = Diffuser(model(), "cpu"), replace(BASE, controls=CONTROLS)
    wanted = diffuser.draw(request) if is_drawn_before else Diffuser(model(), "cpu").draw(request)
    found = []
    for step in (1, 2, 3):
        diffuser._placed.place(Way(step))
        found.append(diffuser.draw(request))
    assert np.array_equal(found[0], wanted) and np.array_equal(found[1], found[2])
    assert 0 < np.abs(found[1].astype(int) - wanted).mean() < 20


def test_a_prompt_over_the_limit_is_told() -> None:
    told: list[str] = []
    diffuser_for(model(), "cpu", told.append).draw(replace(BASE, prompt="a person " * 80))
    assert len(told) == 1 and "512 words or parts of words are read" in told[0]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (lambda: Model("sd15", tiny_zimage.folder()), "holds Z-Image, not Stable Diffusion 1.5"),
        (lambda: Model("zimage", tiny.folder()), "holds Stable Diffusion 1.5, not Z-Image"),
        (lambda: Model("zimage", tiny.single_file()), "holds Stable Diffusion 1.5, not Z-Image"),
        (lambda: replace(model(), controlnets=(("depth", tiny.controlnet(layout="file")),)), "not a ControlNet of Z-"),
        (lambda: replace(model(), controlnets=(("depth", tiny.controlnet()),)), "holds ControlNetModel"),
        (lambda: replace(model(), loras=(Lora(tiny.lora()),)), "does not fit the checkpoint"),
        (lambda: replace(model(), ip_adapter=tiny.ip_adapter()), "has no IP-Adapter"),
    ],
)
def test_what_does_not_belong_to_it_is_refused(wanted, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Diffuser(wanted(), "cpu")
