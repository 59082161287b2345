# SPDX-License-Identifier: GPL-3.0-or-later
"""What the redrawn frames look like."""

from __future__ import annotations

from typing import Any

from . import models, tries
from .looks import LINEBOIL_MT_looks
from .stage import StagePanel, stage_classes

_FILTER = ("look", "line_weight", "line_amount", "saturation", "smoothing", "background")
_DIFFUSION = (
    "model", "prompt", "background_prompt", "style", "negative_prompt", "strength", "guidance", "steps", "seed",
    "loras", "mode",
)


def chosen(settings: Any) -> tuple[str, ...]:
    """The look, what the model is asked, or where the painted pictures are."""
    own = {"filter": _FILTER, "diffusion": _DIFFUSION, "painted": ("folder",)}.get(settings.engine, ())
    return ("engine", *own)


class DiffusePanel(StagePanel):
    """The panel of the stage, with the looks above its settings."""

    def draw_choice(self, layout: Any) -> None:
        """The menu of looks."""
        layout.menu(LINEBOIL_MT_looks.bl_idname, text="Looks", icon="BRUSHES_ALL")


_PANEL, _MORE = stage_classes("diffuse", chosen, DiffusePanel)
CLASSES = (_PANEL, *models.CLASSES, *tries.CLASSES, _MORE)
