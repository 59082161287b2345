# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the keys stage."""

from __future__ import annotations

from dataclasses import dataclass

from ..key_list import FILE_NAME
from ..settings import option
from .base import StageSpec


@dataclass(frozen=True)
class KeysSettings:
    """Which frames are redrawn; all others are carried from them."""

    count: int = option(
        0,
        "How many keys to choose in the whole shot, yours included. 0 chooses as many as needed.",
        minimum=0,
        maximum=10000,
    )
    coverage: float = option(
        0.85,
        "How much of every frame some key must show when the number is left open: 1 is everything. "
        "Higher asks for more keys.",
        minimum=0.1,
        maximum=0.98,
    )
    figure_weight: float = option(
        0.7,
        "How much the character counts in that against the background: people look at the character.",
        minimum=0.0,
        maximum=1.0,
    )
    minimum_gap: float = option(
        0.2, "Two keys are never closer than this: closer ones boil instead of helping.", minimum=0.0, unit="s"
    )
    maximum_gap: float = option(
        2.0, "No frame is farther from a key than this, even where little moves.", minimum=0.04, unit="s"
    )
    prefer_sharp: bool = option(True, "Prefer a frame without motion blur to a blurred one beside it.")


SPEC = StageSpec(
    name="keys",
    version=2,
    settings=KeysSettings,
    inputs=("footage", "flow", "matte"),
    folders=(),
    doc="Which frames are redrawn, chosen by what the other keys do not show; yours to edit in keys.json.",
    extra_outputs=(FILE_NAME,),
    merged_outputs=(FILE_NAME,),
)
