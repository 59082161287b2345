# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedulers by the names artists know."""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

import inspect
from typing import Any

from ...errors import SettingError

_CLASSES: dict[str, tuple[str, dict[str, Any]]] = {
    "ddim": ("DDIMScheduler", {}),
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
NAMES = tuple(_CLASSES)
USUAL = "dpmpp_2m_karras"
# Some are made for pictures and cut their numbers at -1 and 1; latents go far beyond.
_WHOLE_RANGE = {"clip_sample": False, "thresholding": False}
_MOST_STEPS = {"lcm": 50, "tcd": 50}
_FEW_STEPS = 12


def make_scheduler(name: str, config: dict[str, Any], v_prediction: bool | None, steps: int) -> Any:
    """A scheduler of diffusers.

    Args:
        name: One of `NAMES`; "" for `USUAL`.
        config: Of the scheduler that came with the checkpoint.
        v_prediction: Whether the model predicts velocity; None leaves what the config says.
        steps: How many will be asked of it.

    Raises:
        SettingError: There is no scheduler of this name, or it cannot do so many steps.
    """
    import diffusers

    name = name or USUAL
    if name not in _CLASSES:
        raise SettingError(f'there is no scheduler "{name}"', remedy="There are: " + ", ".join(NAMES) + ".")
    if steps > _MOST_STEPS.get(name, steps):
        raise SettingError(
            f"the scheduler {name} does {_MOST_STEPS[name]} steps at most, not {steps}",
            remedy="Lower diffuse.steps (4 to 8 are usual with it), or choose another scheduler.",
        )
    kind, more = _CLASSES[name]
    more = {**more, **_WHOLE_RANGE}
    if v_prediction is not None:
        more = {**more, "prediction_type": "v_prediction" if v_prediction else "epsilon"}
    if v_prediction:
        more = {**more, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    if steps <= _FEW_STEPS and name not in _MOST_STEPS:
        # LoRAs for few steps were trained on a schedule that begins with noise alone.
        more = {**more, "timestep_spacing": "trailing"}
    wanted = getattr(diffusers, kind)
    accepted = set(inspect.signature(wanted.__init__).parameters)
    # What another scheduler's config says of itself does not fit this one.
    kept = {key: value for key, value in config.items() if key in accepted and key not in _OWN}
    return wanted.from_config({**kept, **{key: value for key, value in more.items() if key in accepted}})


_OWN = {"use_karras_sigmas", "algorithm_type", "solver_order", "solver_type", "lower_order_final"}
