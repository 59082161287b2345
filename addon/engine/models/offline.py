# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is fetched while pictures are made: the hub's libraries are told so, and the artist's own word is heard."""

from __future__ import annotations

import os

ONLINE_VARIABLE = "LINEBOIL_ONLINE"
"""0 where nothing may be fetched; Blender's doors set it when its preferences do not allow online access."""

OFFLINE_REMEDY = (
    "Switch on Allow Online Access in Blender's preferences (System, Network), or in a terminal leave out --offline, "
    "LINEBOIL_ONLINE and HF_HUB_OFFLINE, for as long as it is fetched."
)

_TRUE = ("1", "true", "yes", "on")
_OFFLINE_VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_AT_RUN_TIME = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    # Else transformers asks the hub in the background to convert a model that has no safetensors.
    "DISABLE_SAFETENSORS_CONVERSION": "1",
    "HF_HUB_DISABLE_SYMLINKS_WARNING": "1",
}

# Kept before `stay_offline` says the same for this process: what somebody wishes for fetching too.
_asked = next((name for name in _OFFLINE_VARIABLES if os.environ.get(name, "").lower() in _TRUE), "")


def stay_offline() -> None:
    """Keep diffusers, transformers and the hub's library from the network in this process.

    Call it before any of them is imported: they look at these variables once.
    """
    os.environ.update(_AT_RUN_TIME)


def is_online() -> bool:
    """Whether Blender's preferences, and whoever started this process, allow to fetch anything."""
    return os.environ.get(ONLINE_VARIABLE, "").strip() != "0"


def offline_reason() -> str:
    """Which word forbids to fetch models of the hub, for a sentence; "" when they may be fetched."""
    if not is_online():
        return "online access is off"
    return f"{_asked} is set" if _asked else ""


def fetching_variables(given: dict[str, str]) -> dict[str, str]:
    """Environment variables of the program that fetches: those given, without what `stay_offline` has set.

    Args:
        given: This process's own.
    """
    kept = {name: value for name, value in given.items() if name not in _OFFLINE_VARIABLES}
    # Plain HTTP: its files can be gone on with after a stop, and each is checked before it gets its name.
    return kept | {
        "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_SYMLINKS_WARNING": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1", "PYTHONUNBUFFERED": "1",
    }
