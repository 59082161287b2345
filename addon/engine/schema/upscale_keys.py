# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the upscale_keys stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..key_list import FILE_NAME, key_frames
from ..settings import option
from .base import StageSpec
from .upscale import identity_of_engine

FOLDER = "upscaled_keys"


@dataclass(frozen=True)
class UpscaleKeysSettings:
    """How the redrawn keys are enlarged before they are carried."""

    engine: Literal["off", "lanczos", "realesrgan"] = option(
        "off",
        "off: keys are carried at the size they have. lanczos: enlarged as they are, quick. realesrgan: a network for "
        "drawn looks. Only the keys are enlarged, and the film comes out as large: crisper than a film enlarged at the "
        "end, and much quicker, since the network draws a few pictures instead of all.",
    )
    scale: Literal[2, 4] = option(2, "How many times larger each side of the keys, and so of the film, becomes.")


SPEC = StageSpec(
    name="upscale_keys",
    version=1,
    settings=UpscaleKeysSettings,
    inputs=("footage", "keys", "diffuse"),
    folders=(FOLDER,),
    doc="The redrawn keys enlarged before they are carried, so that the film is as large.",
    files=lambda settings, shot_root: [shot_root / FILE_NAME],
    identity=lambda settings: identity_of_engine(settings.engine),
    frames=key_frames,
    enabled=lambda settings: settings.engine != "off",
    requires=("diffuse",),
)
