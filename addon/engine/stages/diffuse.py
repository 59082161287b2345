# SPDX-License-Identifier: GPL-3.0-or-later
"""The diffuse stage: the keys redrawn.

Each engine is a module of its own with `run(context, settings)`, loaded when it is asked for.
"""

from __future__ import annotations

import importlib

from ..grid_plan import FILE_NAME as PLAN
from ..schema.diffuse import DiffuseSettings
from .context import StageContext

_ENGINES = {"filter": "diffuse_filter", "painted": "diffuse_painted", "diffusion": "diffuse_model"}


def run(context: StageContext) -> None:
    """Make the redrawn keys."""
    settings: DiffuseSettings = context.settings
    if settings.engine != "diffusion":
        # Keys that are not cut from grids must not be told stale by a grid that was painted over.
        context.file(PLAN).unlink(missing_ok=True)
    importlib.import_module(f".{_ENGINES[settings.engine]}", __package__).run(context, settings)
    context.record(engine=settings.engine)
