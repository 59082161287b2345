# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds a diffusion model to the footage."""

from __future__ import annotations

from typing import Any

import bpy

from ..addon import control_list, properties, shots
from .stage import StagePanel, stage_classes

_KINDS = ("lineart", "softedge", "canny", "depth", "openpose", "mlsd", "segmentation")


_OWN = {
    "lineart": ("lineart_engine", "line_weight"),
    "softedge": ("softedge_engine",),
    "canny": ("canny_low", "canny_high"),
    "openpose": ("openpose_engine", "hands", "face"),
    "mlsd": ("shortest_line",),
    "segmentation": ("segmentation_engine",),
}


def chosen(settings: Any) -> tuple[str, ...]:
    """Which kinds are made, and what shapes those that are."""
    own = tuple(name for kind in _KINDS if getattr(settings, kind) for name in _OWN.get(kind, ()))
    # Its weight is the filter's: the network draws as it does.
    return (*_KINDS, *(name for name in own if name != "line_weight" or settings.lineart_engine == "filter"))


class ControlsPanel(StagePanel):
    """The panel of the stage, with the pictures of the current key."""

    def draw_work(self, layout: Any) -> None:
        """The pictures that are there, above the buttons: each opens; one of the artist's own can be given up."""
        scene = bpy.context.scene
        root = shots.shot_root(scene)
        found = control_list.find(root, scene.frame_current) if root is not None else None
        settings = properties.group(scene, "controls")
        shown = [kind for kind in found[1] if getattr(settings, kind)] if found else []
        if found and shown:
            frame, own = found
            column = layout.column(align=True)
            column.label(text=f"Pictures of key {frame}")
            for kind in shown:
                row = column.row(align=True)
                text = f"{kind.capitalize()}, yours" if own[kind] else kind.capitalize()
                _aim(row.operator("lineboil.open_control", text=text, icon="IMAGE_DATA"), kind, frame)
                if own[kind]:
                    _aim(row.operator("lineboil.reset_control", text="", icon="LOOP_BACK"), kind, frame)
        super().draw_work(layout)


def _aim(operator: Any, kind: str, frame: int) -> None:
    operator.kind, operator.frame = kind, frame


CLASSES = stage_classes("controls", chosen, ControlsPanel)
