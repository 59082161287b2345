"""Schedulers draw as diffusers' own pipeline does, and LoRAs for few steps get the one they were made for."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from lineboil.addon.engine.models.diffusion.few_steps import advice, fitting_scheduler, kind_of
from lineboil.addon.engine.models.diffusion.request import Lora, Model, Request

pytest.importorskip("diffusers")

import tiny_diffusion as tiny
from lineboil.addon.engine.models.diffusion.diffuser import diffuser_for
from lineboil.addon.engine.models.diffusion.latents import decode, encode
from lineboil.addon.engine.models.diffusion.schedulers import NAMES

# As their documentation writes them; DDIM and its kin without the cut that is meant for pictures.
USUAL = {
    "ddim": ("DDIMScheduler", {"clip_sample": False}),
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {}),
    "dpmpp_2m_karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    "dpmpp_2m_sde_karras": (
        "DPMSolverMultistepScheduler", {"use_karras_sigmas": True, "algorithm_type": "sde-dpmsolver++"},
    ),
    "unipc": ("UniPCMultistepScheduler", {}),
    "lcm": ("LCMScheduler", {}),
    "tcd": ("TCDScheduler", {}),
}
PICTURE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


@cache
def plain():
    """diffusers' own pipeline, of the same folder."""
    import diffusers
    import torch

    pipeline = diffusers.StableDiffusionImg2ImgPipeline.from_pretrained(tiny.folder(), dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@pytest.mark.parametrize(("steps", "strength"), [(14, 0.55), (4, 1.0)])
@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_those_of_diffusers_own_pipeline(name: str, steps: int, strength: float) -> None:
    import diffusers
    import torch

    kind, options = USUAL[name]
    pipeline = plain()
    few = {"timestep_spacing": "trailing"} if steps == 4 and name not in ("lcm", "tcd") else {}
    usual = diffusers.PNDMScheduler.from_pretrained(tiny.folder() / "scheduler").config
    pipeline.scheduler = getattr(diffusers, kind).from_config(usual, **options, **few)
    wanted = decode(pipeline.vae, pipeline(
        "a person, oil painting", encode(pipeline.vae, PICTURE), strength, steps, negative_prompt="ink",
        guidance_scale=5.0, generator=torch.Generator("cpu").manual_seed(3), output_type="latent",
    ).images)
    told: list[tuple[int, int]] = []
    request = Request(
        "a person, oil painting", PICTURE, "ink", strength=strength, steps=steps, guidance=5.0, seed=3, scheduler=name
    )
    found = diffuser_for(Model("sd15", tiny.folder()), "cpu").draw(request, lambda done, of, _: told.append((done, of)))
    assert np.abs(found.astype(int) - wanted).max() <= 1
    assert told == [(number + 1, pipeline.num_timesteps) for number in range(pipeline.num_timesteps)]
    # Heun asks twice in all steps but the last.
    done = int(steps * strength)
    assert pipeline.num_timesteps == (2 * done - 1 if name == "heun" else done)


@pytest.mark.parametrize(
    ("path", "scheduler"),
    [
        ("lcm-lora-sdv1-5/pytorch_lora_weights.safetensors", "lcm"),
        ("models--latent-consistency--lcm-lora-sdxl/snapshots/1/pytorch_lora_weights.safetensors", "lcm"),
        ("models--ByteDance--Hyper-SD/snapshots/1/Hyper-SD15-8steps-CFG-lora.safetensors", "ddim"),
        ("Hyper-SDXL-1step-lora.safetensors", "ddim"),
        ("sdxl_lightning_8step_lora.safetensors", "euler"),
        ("sd_xl_turbo_lora_v1.safetensors", "euler_a"),
        ("dmd2_sdxl_4step_lora_fp16.safetensors", "lcm"),
        ("TCD-SDXL-LoRA.safetensors", "tcd"),
        ("lightning_bolts.safetensors", ""),
        ("hyper_realism.safetensors", ""),
        ("turbocharged.safetensors", ""),
        ("lcmstyle.safetensors", ""),
    ],
)
def test_loras_for_few_steps_are_known_by_their_names(path: str, scheduler: str) -> None:
    assert fitting_scheduler((Lora(Path("ink.safetensors")), Lora(Path(path)))) == scheduler
    assert fitting_scheduler((Lora(Path(path), 0.0),)) == ""
    kind = kind_of(Path(path))
    assert kind is None or (kind.scheduler in NAMES and set(kind.others) <= set(NAMES))


def test_settings_that_a_lora_was_not_made_for_are_told() -> None:
    loras = (Lora(Path("lcm_sd15.safetensors")),)
    assert advice(loras, "auto", 6, 1.5) == [] == advice((Lora(Path("ink.safetensors")),), "heun", 30, 12.0)
    burnt, slow = advice(loras, "", 20, 7.0)
    assert "guidance of 7 makes burnt pictures, it wants 1 to 2: set diffuse.guidance to 0" in burnt
    assert "4 to 8 steps, 20 are asked for" in slow
    assert "made for the scheduler lcm, not heun" in advice(loras, "heun", 6, 1.5)[0]
    assert "weak" in advice((Lora(Path("Hyper-SD15-8steps-CFG-lora.safetensors")),), "", 8, 1.0)[0]


def test_the_fitting_scheduler_is_taken_where_none_is_chosen(tmp_path: Path) -> None:
    path = tmp_path / "my_lcm_lora.safetensors"
    shutil.copyfile(tiny.lora(), path)
    request = Request("a person", PICTURE, strength=0.5, steps=4, guidance=1.5)
    found = [
        diffuser_for(Model("sd15", tiny.folder(), loras=(Lora(path),)), "cpu").draw(
            Request(**{**vars(request), "scheduler": name})
        )
        for name in ("", "lcm", "dpmpp_2m_karras")
    ]
    assert np.array_equal(found[0], found[1]) and not np.array_equal(found[0], found[2])
