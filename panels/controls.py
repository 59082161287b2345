# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds a diffusion model to the footage."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes

_KINDS = ("lineart", "softedge", "canny", "depth", "openpose", "mlsd", "segmentation")


def chosen(settings: Any) -> tuple[str, ...]:
    """Which kinds are made, and what shapes those that are."""
    own = (("openpose_engine", "hands", "face") if settings.openpose else ())
    own += (("line_weight",) if settings.lineart else ()) + (("segmentation_engine",) if settings.segmentation else ())
    return (*_KINDS, *own)


CLASSES = stage_classes("controls", chosen)
