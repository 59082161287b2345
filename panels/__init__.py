# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar: drawing only."""

from __future__ import annotations

from types import ModuleType

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
    looks,
    matte,
    pose,
    presets,
    propagate,
    render,
    results,
    shot,
    upscale,
    upscale_keys,
)

MODULES: tuple[ModuleType, ...] = (
    presets, looks, shot, footage, flow, pose, matte, depth, keys, controls, diffuse, upscale_keys, propagate, upscale,
    cutout, encode, build, render, results,
)
"""Modules with CLASSES, in the order they are registered: a panel before those inside it."""
