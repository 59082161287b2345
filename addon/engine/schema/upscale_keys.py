# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the upscale_keys stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..frames import frame_name
from ..key_list import FILE_NAME, key_frames
from ..settings import option
from .base import StageSpec
from .diffuse import FOLDER as KEYS_FOLDER
from .upscale import identity_of_engine

FOLDER = "upscaled_keys"


@dataclass(frozen=True)
class UpscaleKeysSettings:
    """How the redrawn keys are enlarged before they are carried."""

    engine: Literal["off", "lanczos", "realesrgan"] = option(
        "off",
        "off: keys are carried at the size they have. lanczos: enlarged as they are, quick. realesrgan: a network for "
        "drawn looks. Only the keys are enlarged, and the film comes out as large: crisper than a film enlarged at the "
        "end, and with the network much quicker, since it draws a few pictures instead of all.",
    )
    scale: Literal[2, 4] = option(2, "How many times larger each side of the keys, and so of the film, becomes.")


def spans(settings: Mapping[str, Any], shot_root: Path) -> dict[str, tuple[str, ...]]:
    """Each key is made from its own picture."""
    return {f"{key}-{key}": (f"{KEYS_FOLDER}/{frame_name(key)}",) for key in key_frames(shot_root)}


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
    spans=spans,
    span_inputs=("keys", "diffuse", FILE_NAME),
    enabled=lambda settings: settings.engine != "off",
    requires=("diffuse",),
)
