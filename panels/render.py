# SPDX-License-Identifier: GPL-3.0-or-later
"""The film of the scene."""

from __future__ import annotations

from typing import Any

from .stage import StagePanel, stage_classes


class RenderPanel(StagePanel):
    """A stage that renders the open file in the background."""

    def draw_buttons(self, row: Any) -> None:
        """Render."""
        row.operator("lineboil.render", text="", icon="PLAY")

    def draw_work(self, layout: Any) -> None:
        """The same button with its name."""
        layout.operator("lineboil.render", icon="RENDER_ANIMATION")


def chosen(settings: Any) -> tuple[str, ...]:
    """How well and with what."""
    own = ("preview_long_side", "preview_samples") if settings.quality == "preview" else ()
    return ("quality", "engine", "device", *own)


CLASSES = stage_classes("render", chosen, RenderPanel)
