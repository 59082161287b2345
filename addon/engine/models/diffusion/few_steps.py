# SPDX-License-Identifier: GPL-3.0-or-later
"""LoRAs for few steps: the scheduler, steps and guidance that each kind was trained for, known by its name.

Nothing inside such a file tells it from others, so its name is read, as it was published or as artists rename it.
Numbers are those their makers give.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .request import Lora

_HUB = "models--"
_NAMELESS = "pytorch_lora_weights"


@dataclass(frozen=True)
class FewSteps:
    """What a kind of LoRA wants.

    Attributes:
        name: As artists call it.
        scheduler: Of `schedulers.NAMES`.
        steps: Fewest and most.
        guidance: Least and most.
        others: Schedulers that do as well.
    """

    name: str
    scheduler: str
    steps: tuple[int, int]
    guidance: tuple[float, float]
    others: tuple[str, ...] = ()


# The first whose pattern is found counts: one that keeps guidance says so besides its maker's name.
_KINDS: tuple[tuple[str, FewSteps], ...] = (
    (r"hyper.*cfg", FewSteps("Hyper (CFG)", "ddim", (6, 12), (3.0, 8.0), ("euler", "tcd"))),
    (r"hyper.?(sdxl|sd|xl)", FewSteps("Hyper", "ddim", (1, 8), (0.0, 2.0), ("euler", "tcd", "lcm"))),
    (r"(sd|sdxl|xl).?lightning|lightning.*steps?", FewSteps("Lightning", "euler", (2, 8), (0.0, 2.0), ("ddim",))),
    (r"dmd2?", FewSteps("DMD2", "lcm", (4, 8), (0.0, 1.5))),
    (
        r"(sd|sdxl|sd_xl|xl).*turbo|turbo.*(lora|steps?)",
        FewSteps("Turbo", "euler_a", (1, 8), (0.0, 2.0), ("euler", "lcm", "ddim")),
    ),
    (r"tcd", FewSteps("TCD", "tcd", (4, 8), (0.0, 2.0))),
    (r"lcm", FewSteps("LCM", "lcm", (4, 8), (1.0, 2.0))),
)


def kind_of(path: Path) -> FewSteps | None:
    """The kind of a LoRA for few steps; None for any other.

    >>> kind_of(Path("loras/Hyper-SD15-8steps-CFG-lora.safetensors")).scheduler
    'ddim'
    >>> kind_of(Path("models--latent-consistency--lcm-lora-sdxl/x/pytorch_lora_weights.safetensors")).scheduler
    'lcm'
    >>> kind_of(Path("lightning_bolts/rain.safetensors")), kind_of(Path("turbocharged_cars.safetensors"))
    (None, None)
    """
    repository = next((part for part in path.parts if part.startswith(_HUB)), "")
    # Of a repository that was copied by hand, the file's own name tells nothing.
    folder = path.parent.name if path.stem == _NAMELESS else ""
    name = f"{repository.removeprefix(_HUB)} {folder} {path.stem}".lower()
    for pattern, kind in _KINDS:
        if re.search(rf"(?<![a-z])({pattern})(?![a-z])", name):
            return kind
    return None


def fitting_scheduler(loras: tuple[Lora, ...]) -> str:
    """The scheduler that a model's LoRAs were trained for; "" where any will do."""
    kind = _first(loras)
    return kind.scheduler if kind else ""


def advice(loras: tuple[Lora, ...], scheduler: str, steps: int, guidance: float) -> list[str]:
    """What of the settings does not go with a LoRA for few steps, in sentences for the artist.

    Args:
        loras: Of the model.
        scheduler: A name of `schedulers.NAMES`; "" or auto where the fitting one is taken.
        steps: Those of a strength of 1.
        guidance: How strictly the prompt is followed.
    """
    kind = _first(loras)
    if kind is None:
        return []
    told = []
    if scheduler not in ("", "auto", kind.scheduler, *kind.others):
        told.append(
            f"the {kind.name} LoRA was made for the scheduler {kind.scheduler}, not {scheduler}: set diffuse.scheduler "
            "to auto"
        )
    low, high = kind.guidance
    if not low <= guidance <= high:
        told.append(
            f"with the {kind.name} LoRA a guidance of {guidance:g} makes {'burnt' if guidance > high else 'weak'} "
            f"pictures, it wants {low:g} to {high:g}: set diffuse.guidance to 0, which takes what fits"
        )
    if steps > 2 * kind.steps[1]:
        told.append(
            f"the {kind.name} LoRA draws in {kind.steps[0]} to {kind.steps[1]} steps, {steps} are asked for: set "
            "diffuse.steps to 0, which takes what fits"
        )
    return told


def _first(loras: tuple[Lora, ...]) -> FewSteps | None:
    kinds = (kind_of(lora.path) for lora in loras if lora.weight > 0)
    return next((kind for kind in kinds if kind), None)
