"""Steps, guidance and scheduler that the artist leaves open follow the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lineboil.addon.engine.models.diffusion.request import Lora, Model, Request
from lineboil.addon.engine.models.diffusion.usual import advice, guidance_of, scheduler_of, steps_of, with_usual

INK = Lora(Path("ink.safetensors"))
LCM = Lora(Path("lcm-lora-sdv1-5.safetensors"))


@pytest.mark.parametrize(
    ("family", "checkpoint", "loras", "wanted"),
    [
        ("sd15", "real.safetensors", (INK,), (20, 7.0, "")),
        ("sdxl", "real.safetensors", (), (25, 6.0, "")),
        ("zimage", "z-image-turbo", (), (9, 1.0, "")),
        ("sd15", "real.safetensors", (INK, LCM), (8, 1.0, "lcm")),
        ("sd15", "real.safetensors", (replace(LCM, weight=0.0),), (20, 7.0, "")),
        ("sdxl", "real_xl_lightning.safetensors", (), (8, 1.0, "euler")),
        ("sd15", "real.safetensors", (Lora(Path("Hyper-SD15-8steps-CFG-lora.safetensors")),), (12, 5.5, "ddim")),
    ],
)  # fmt: skip
def test_what_fits_the_model(family: str, checkpoint: str, loras: tuple, wanted: tuple) -> None:
    model = Model(family, Path(checkpoint), loras=loras)
    assert (steps_of(0, model), guidance_of(0.0, model), scheduler_of("", model)) == wanted
    assert (steps_of(4, model), guidance_of(1.5, model), scheduler_of("heun", model)) == (4, 1.5, "heun")
    request = with_usual(Request("a cat", np.zeros((64, 64, 3), np.uint8), steps=0, guidance=0), model)
    assert (request.steps, request.guidance) == wanted[:2]


def test_z_image_is_not_burnt_unawares() -> None:
    model = Model("zimage", Path("z-image-turbo"))
    assert advice(model, 1.0) == [] and advice(Model("sd15", Path("a")), 7.0) == []
    assert "guidance of 1; 7 takes twice as long" in advice(model, 7.0)[0]


def test_a_picture_is_drawn_with_what_fits() -> None:
    pytest.importorskip("diffusers")
    import tiny_diffusion as tiny
    from lineboil.addon.engine.models.diffusion.diffuser import diffuser_for

    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    open_one = Request("a cat", picture, steps=0, guidance=0, strength=0.2)
    diffuser = diffuser_for(Model("sd15", tiny.folder()), "cpu")
    seen: list[int] = []
    found = diffuser.draw(open_one, lambda _, of, __: seen.append(of))
    assert seen == [4] * 4 and np.array_equal(found, diffuser.draw(replace(open_one, steps=20, guidance=7.0)))
