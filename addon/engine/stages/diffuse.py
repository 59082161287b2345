# SPDX-License-Identifier: GPL-3.0-or-later
"""The diffuse stage: the keys redrawn.

Each engine is a module of its own with `run(context, settings)`, loaded when it is asked for.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..grid_plan import FILE_NAME as PLAN
from ..schema.diffuse import DiffuseSettings
from .context import StageContext

_ENGINES = {"filter": "diffuse_filter", "painted": "diffuse_painted", "diffusion": "diffuse_model"}


def check(context: StageContext) -> None:
    """Tell what cannot be used before anything that was made goes.

    Raises:
        EngineError: A model, a picture or a setting that cannot be used.
    """
    settings: DiffuseSettings = context.settings
    check_engine = getattr(_engine(settings), "check", None)
    if check_engine is not None:
        check_engine(context, settings)


def run(context: StageContext) -> None:
    """Make the redrawn keys."""
    settings: DiffuseSettings = context.settings
    if settings.engine != "diffusion":
        # Keys that are not cut from grids must not be told stale by a grid that was painted over.
        context.file(PLAN).unlink(missing_ok=True)
    _engine(settings).run(context, settings)
    context.record(engine=settings.engine)


def _engine(settings: DiffuseSettings) -> Any:
    return importlib.import_module(f".{_ENGINES[settings.engine]}", __package__)
