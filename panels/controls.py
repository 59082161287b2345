# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds a diffusion model to the footage."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes

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


CLASSES = stage_classes("controls", chosen)
