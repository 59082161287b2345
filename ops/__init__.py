# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators: they collect what is needed, make one call and report."""

from __future__ import annotations

from types import ModuleType

from . import (
    beside,
    build,
    controls,
    environment,
    looking,
    looks,
    models,
    presets,
    preview,
    render,
    results,
    run,
    shot,
    tries,
)

MODULES: tuple[ModuleType, ...] = (
    beside, shot, run, preview, build, render, results, environment, presets, looks, models, tries, looking, controls,
)
"""Modules with CLASSES, in the order they are registered."""
