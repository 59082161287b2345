# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the encode stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..settings import option
from .base import StageSpec


@dataclass(frozen=True)
class EncodeSettings:
    """How the film of the shot is written."""

    codec: Literal["h264", "prores4444"] = option(
        "h264", "h264 makes an .mp4 that plays anywhere; prores4444 an .mov for editing, with the matte as alpha."
    )
    quality: int = option(
        16,
        "Of h264: the constant rate factor; lower is better and larger, 16 looks like the frames.",
        minimum=0,
        maximum=51,
    )
    timing: Literal["exact", "constant"] = option(
        "exact", "exact shows each frame at its own time in the clip; constant at the mean rate."
    )
    alpha: bool = option(True, "Put the matte into prores4444 as alpha; h264 has none.")
    sound: bool = option(True, "Put the clip's sound into the film.")


SPEC = StageSpec(
    name="encode",
    version=1,
    settings=EncodeSettings,
    inputs=("footage", "matte", "propagate", "upscale"),
    folders=(),
    doc="The film: the frames as they are after the last stage in use, with the clip's sound.",
    frame_local=True,
)
