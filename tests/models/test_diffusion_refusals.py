"""What cannot be used is refused in one sentence that names it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lineboil.addon.engine.errors import EngineError, InputError, MissingError, SettingError
from lineboil.addon.engine.models.diffusion.request import Control, Lora, Model, Request

pytest.importorskip("diffusers")

import tiny_diffusion as tiny
from lineboil.addon.engine.models.diffusion.diffuser import Diffuser, diffuser_for

PICTURE = np.full((64, 64, 3), 128, np.uint8)
BASE = Request(prompt="a person", image=PICTURE, steps=4, strength=0.5)


def written(name: str, data: bytes) -> Path:
    path = tiny.root() / name
    path.write_bytes(data)
    return path


def lora_of_nothing() -> Path:
    import torch
    from safetensors.torch import save_file

    path = tiny.root() / "nothing.safetensors"
    name = "lora_unet_no_such_layer"
    save_file({f"{name}.lora_down.weight": torch.zeros(4, 8), f"{name}.lora_up.weight": torch.zeros(8, 4)}, path)
    return path


CHECKPOINTS: dict[str, tuple[Callable[[], Model], str]] = {
    "folder of SDXL": (lambda: Model("sd15", tiny.folder("sdxl")), "holds SDXL, not Stable Diffusion 1.5"),
    "file of SDXL": (lambda: Model("sd15", tiny.single_file("sdxl")), "holds SDXL, not Stable Diffusion 1.5"),
    "file of SD 1.5": (lambda: Model("sdxl", tiny.single_file("sd15")), "holds Stable Diffusion 1.5, not SDXL"),
    "LoRA": (lambda: Model("sd15", tiny.lora()), "Choose a whole checkpoint"),
    "ControlNet": (lambda: Model("sd15", tiny.controlnet()), "holds ControlNetModel"),
    "torn": (lambda: Model("sd15", tiny.truncated(tiny.single_file())), "is cut off: 9 MB of 19 MB are there"),
    "page": (lambda: Model("sd15", written("page.safetensors", b"<html>404</html>" * 9)), "is a web page"),
    "nothing in it": (lambda: Model("sd15", written("empty.safetensors", b"")), "is empty"),
    "ckpt": (lambda: Model("sd15", written("old.ckpt", b"pickle")), "hidden programs"),
    "not there": (lambda: Model("sd15", Path("/nowhere/a.safetensors")), "is not there"),
}
PARTS: dict[str, tuple[str, Callable[[], dict], str]] = {
    "LoRA of SDXL, kohya": ("sd15", lambda: _loras(tiny.lora("sdxl")), "was made for SDXL"),
    "LoRA of SDXL": ("sd15", lambda: _loras(tiny.lora("sdxl", "diffusers")), "was made for SDXL"),
    "LoRA of SD 1.5, kohya": ("sdxl", lambda: _loras(tiny.lora("sd15")), "was made for Stable Diffusion 1.5"),
    "LoRA of nothing": ("sd15", lambda: _loras(lora_of_nothing()), "does not fit the checkpoint"),
    "LoRA that is a VAE": ("sd15", lambda: _loras(tiny.vae("sd15", "file")), "does not fit the checkpoint"),
    "LoRA, torn": ("sd15", lambda: _loras(tiny.truncated(tiny.lora(), "torn_lora.safetensors")), "not fetched to its"),
    "ControlNet of SDXL": ("sd15", lambda: _net(tiny.controlnet("sdxl")), "ControlNet for depth was made for SDXL"),
    "ControlNet file of SDXL": ("sd15", lambda: _net(tiny.controlnet("sdxl", layout="file")), "was made for SDXL"),
    "ControlNet of SD 1.5": ("sdxl", lambda: _net(tiny.controlnet(layout="original")), "was made for Stable Diffusion"),
    "union with SD 1.5": ("sd15", lambda: _net(tiny.union("file")), "was made for SDXL"),
    "ControlNet that is a LoRA": ("sd15", lambda: _net(tiny.lora()), "is not a ControlNet"),
    "ControlNet that is a checkpoint": ("sd15", lambda: _net(tiny.single_file()), "is not a ControlNet"),
    "union beside another": (
        "sdxl",
        lambda: {"controlnets": (("depth", tiny.union()), ("canny", tiny.controlnet("sdxl", "canny")))},
        "cannot be used together",
    ),
    "VAE that is a ControlNet": ("sd15", lambda: {"vae": tiny.controlnet(layout="file")}, "is not a VAE"),
    "VAE folder of another": ("sd15", lambda: {"vae": tiny.controlnet()}, "not a VAE"),
    "preview VAE of another": ("sd15", lambda: {"preview_vae": tiny.vae()}, "not a VAE of previews"),
    "IP-Adapter of SDXL": ("sd15", lambda: _ip(tiny.ip_adapter("sdxl")), "IP-Adapter was made for SDXL"),
    "IP-Adapter that is a LoRA": ("sd15", lambda: _ip(tiny.lora()), "is not an IP-Adapter"),
    "IP-Adapter alone": ("sd15", lambda: {"ip_adapter": tiny.ip_adapter()}, "image encoder is not installed"),
    "encoder of another": (
        "sd15", lambda: _ip(tiny.ip_adapter()) | {"image_encoder": tiny.controlnet()}, "not an image encoder"
    ),
}
REQUESTS: dict[str, tuple[dict, type[EngineError], str]] = {
    "no step left": ({"strength": 0.2}, SettingError, "4 steps at denoising strength 0.2 leave no step.* 0.25 or more"),
    "a third of 3 steps": ({"steps": 3, "strength": 0.33}, SettingError, "3 steps .* 0.34 or more"),
    "unknown scheduler": ({"scheduler": "dreams"}, SettingError, "There are: ddim"),
    "too many steps": ({"scheduler": "lcm", "steps": 60}, SettingError, "50 steps at most, not 60"),
    "too small": ({"image": PICTURE[:20]}, InputError, "64 x 20 pixels"),
    "mask of another size": ({"mask": np.ones((3, 5), np.float32)}, InputError, "mask has 5 x 3 pixels"),
    "kept without mask": ({"kept": PICTURE}, InputError, "needs a mask"),
    "control without net": ({"controls": (Control("mlsd", PICTURE),)}, InputError, "no ControlNet for mlsd"),
    "control of another shape": ({"controls": (Control("depth", PICTURE[:32]),)}, InputError, "64 x 32 pixels"),
    "reference without adapter": ({"reference": PICTURE}, InputError, "needs an IP-Adapter"),
}


def _loras(path: Path) -> dict:
    return {"loras": (Lora(path),)}


def _net(path: Path) -> dict:
    return {"controlnets": (("depth", path),)}


def _ip(path: Path) -> dict:
    return {"ip_adapter": path, "image_encoder": tiny.image_encoder()}


def is_one_sentence(error: EngineError) -> bool:
    return "\n" not in str(error) and len(error.what) < 250 and "Traceback" not in str(error)


@pytest.mark.parametrize("case", CHECKPOINTS)
def test_a_wrong_checkpoint(case: str) -> None:
    make, words = CHECKPOINTS[case]
    with pytest.raises((InputError, MissingError), match=words) as caught:
        Diffuser(make(), "cpu")
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize("case", PARTS)
def test_a_wrong_part(case: str) -> None:
    family, make, words = PARTS[case]
    with pytest.raises((InputError, MissingError), match=words) as caught:
        Diffuser(Model(family, tiny.folder(family), **make()), "cpu")
    assert is_one_sentence(caught.value)


@pytest.mark.parametrize("case", REQUESTS)
def test_a_wrong_request(case: str) -> None:
    changes, kind, words = REQUESTS[case]
    diffuser = diffuser_for(Model("sd15", tiny.folder(), controlnets=(("depth", tiny.controlnet()),)), "cpu")
    with pytest.raises(kind, match=words) as caught:
        diffuser.draw(replace(BASE, **changes))
    assert is_one_sentence(caught.value) and re.search(words, str(caught.value))


def test_a_device_that_is_not_there() -> None:
    import torch

    lacking = "mps" if torch.cuda.is_available() else "cuda"
    with pytest.raises(MissingError, match="finds no"):
        Diffuser(Model("sd15", tiny.folder()), lacking)


def test_a_wrong_lora_does_not_spoil_what_is_loaded() -> None:
    plain = Model("sd15", tiny.folder())
    before = diffuser_for(plain, "cpu").draw(BASE)
    with pytest.raises(InputError):
        diffuser_for(replace(plain, loras=(Lora(lora_of_nothing(), 1.0),)), "cpu")
    assert np.array_equal(before, diffuser_for(plain, "cpu").draw(BASE))
