# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps and guidance that fit a model, where the artist leaves them open.

Numbers are those the makers of the families and of LoRAs for few steps give.
"""

from __future__ import annotations

from dataclasses import replace

from .few_steps import FewSteps, kind_of
from .request import Family, Model, Request

_STEPS: dict[Family, int] = {"sd15": 20, "sdxl": 25, "zimage": 9}
_GUIDANCE: dict[Family, float] = {"sd15": 7.0, "sdxl": 6.0, "zimage": 1.0}
_NO_GUIDANCE = 1.0
_MOST_WITHOUT = 2.0


def steps_of(steps: int, model: Model) -> int:
    """Steps of the whole schedule; 0 asks for what fits the model."""
    if steps:
        return steps
    kind = _kind(model)
    return kind.steps[1] if kind else _STEPS[model.family]


def guidance_of(guidance: float, model: Model) -> float:
    """How strictly the prompt is followed; 0 asks for what fits the model."""
    if guidance:
        return guidance
    kind = _kind(model)
    if kind is None:
        return _GUIDANCE[model.family]
    low, high = kind.guidance
    return _NO_GUIDANCE if high <= _MOST_WITHOUT else (low + high) / 2


def scheduler_of(name: str, model: Model) -> str:
    """The scheduler; "" asks for what fits the model, and stays where any does."""
    kind = _kind(model)
    return name or (kind.scheduler if kind else "")


def with_usual(request: Request, model: Model) -> Request:
    """The request with what it leaves open filled in."""
    return replace(
        request, steps=steps_of(request.steps, model), guidance=guidance_of(request.guidance, model)
    )


def advice(model: Model, guidance: float) -> list[str]:
    """What of the settings does not go with a family, in sentences for the artist."""
    if model.family != "zimage" or guidance <= _MOST_WITHOUT:
        return []
    return [
        f"Z-Image Turbo was made for a guidance of 1; {guidance:g} takes twice as long and burns the picture: set "
        "diffuse.guidance to 0 to have what fits"
    ]


def _kind(model: Model) -> FewSteps | None:
    """What a LoRA, or the checkpoint it was worked into, makes of the model."""
    if model.family == "zimage":
        return None
    paths = [lora.path for lora in model.loras if lora.weight > 0] + [model.checkpoint]
    return next((kind for kind in map(kind_of, paths) if kind), None)
