# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames are redrawn."""

from __future__ import annotations

from typing import Any

import bpy

from ..addon import key_words, properties, shots, text_lines
from .stage import StagePanel, stage_classes


def chosen(settings: Any) -> tuple[str, ...]:
    """How many; or how much they must show."""
    return ("count",) if settings.count else ("count", "coverage", "figure_weight", "maximum_gap")


class KeysPanel(StagePanel):
    """The panel of the stage, with what the current key asks for itself."""

    def draw_work(self, layout: Any) -> None:
        """The key's words, where a model draws, above the buttons."""
        scene = bpy.context.scene
        root = shots.shot_root(scene)
        found = key_words.find(root, scene.frame_current) if root is not None else None
        if found is not None and properties.group(scene, "diffuse").engine == "diffusion":
            frame, words = found
            layout.operator("lineboil.key_words", text=f"Words of Key {frame}", icon="GREASEPENCIL").frame = frame
            if words.text():
                text_lines.draw(layout, words.text(), bpy.context)
        super().draw_work(layout)


CLASSES = stage_classes("keys", chosen, KeysPanel)
