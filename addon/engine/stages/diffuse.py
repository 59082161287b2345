# SPDX-License-Identifier: GPL-3.0-or-later
"""The diffuse stage: the keys redrawn.

Each engine is a module of its own with `run(context, settings)`. A diffusion model is one more: a choice in
`schema/diffuse.py`, a module beside these and a line in the table below; nothing before or after this stage changes.
"""

from __future__ import annotations

from ..schema.diffuse import DiffuseSettings
from . import diffuse_filter, diffuse_painted
from .context import StageContext

_ENGINES = {"filter": diffuse_filter.run, "painted": diffuse_painted.run}


def run(context: StageContext) -> None:
    """Make the redrawn keys."""
    settings: DiffuseSettings = context.settings
    _ENGINES[settings.engine](context, settings)
    context.record(engine=settings.engine)
