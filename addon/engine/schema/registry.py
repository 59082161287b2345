# SPDX-License-Identifier: GPL-3.0-or-later
"""All stages in the order of the work."""

from __future__ import annotations

import importlib

from .base import StageSpec

_NAMES = ("footage", "flow", "pose", "matte", "depth", "keys", "diffuse", "propagate", "upscale", "cutout", "encode", "build", "render")


def _load():
    found = []
    for name in _NAMES:
        try:
            found.append(importlib.import_module("." + name, __package__).SPEC)
        except ModuleNotFoundError:
            continue
    return tuple(found)


STAGES: tuple[StageSpec, ...] = _load()
BY_NAME: dict[str, StageSpec] = {spec.name: spec for spec in STAGES}
