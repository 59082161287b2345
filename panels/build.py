# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene made of the shot."""

from __future__ import annotations

from typing import Any

from .stage import StagePanel, stage_classes


class BuildPanel(StagePanel):
    """A stage that works in the open scene."""

    def draw_buttons(self, row: Any) -> None:
        """Build."""
        row.operator("lineboil.build", text="", icon="PLAY")

    def draw_work(self, layout: Any) -> None:
        """The same button with its name."""
        layout.operator("lineboil.build", icon="SCENE_DATA")


def chosen(settings: Any) -> tuple[str, ...]:
    """The set and the figure in it."""
    return ("set", "relief", "own_light", "camera_turn", "ground")


CLASSES = stage_classes("build", chosen, BuildPanel)
