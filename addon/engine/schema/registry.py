# SPDX-License-Identifier: GPL-3.0-or-later
"""All stages in the order of the work."""

from __future__ import annotations

from . import (
    build,
    controls,
    cutout,
    depth,
    diffuse,
    encode,
    flow,
    footage,
    keys,
    matte,
    pose,
    propagate,
    render,
    upscale,
    upscale_keys,
)
from .base import StageSpec

STAGES: tuple[StageSpec, ...] = tuple(
    module.SPEC
    for module in (
        footage, flow, pose, matte, depth, keys, controls, diffuse, upscale_keys, propagate, upscale, cutout, encode,
        build, render,
    )
)
BY_NAME: dict[str, StageSpec] = {spec.name: spec for spec in STAGES}
