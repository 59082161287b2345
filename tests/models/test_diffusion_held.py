"""What stays of a picture is at the noise level of the step that follows, whichever scheduler counts the steps."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("diffusers")

import torch
from lineboil.addon.engine.models.diffusion.held import Held
from lineboil.addon.engine.models.diffusion.schedulers import NAMES, make_scheduler

# As old checkpoints say it, with the cut that some schedulers would make of it.
CONFIG = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000,
    "prediction_type": "epsilon", "steps_offset": 1, "timestep_spacing": "leading", "clip_sample": True,
}  # fmt: skip
EXACT = [name for name in NAMES if name not in ("euler_a", "dpmpp_2m_sde_karras", "lcm", "tcd")]


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("steps", [8, 20])
def test_a_network_that_knows_the_noise_keeps_what_is_held(name: str, steps: int) -> None:
    scheduler = make_scheduler(name, CONFIG, None, steps)
    scheduler.set_timesteps(steps)
    start = steps // 2 * scheduler.order
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(start)
    kept = 3 * torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    held = Held(kept, np.zeros((64, 64), np.float32), 3)
    latents = scheduler.add_noise(kept, held._noise, scheduler.timesteps[start : start + 1])
    for timestep in scheduler.timesteps[start:]:
        scheduler.scale_model_input(latents, timestep)
        latents = scheduler.step(held._noise, timestep, latents).prev_sample
        assert torch.allclose(held.hold(latents, scheduler, timestep), latents, atol=0.02)
    assert torch.allclose(latents, kept, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_latents_are_never_cut_at_1(name: str) -> None:
    config = make_scheduler(name, CONFIG, None, 8).config
    assert not config.get("clip_sample") and not config.get("thresholding")
