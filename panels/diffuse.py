# SPDX-License-Identifier: GPL-3.0-or-later
"""What the redrawn frames look like."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes

_FILTER = ("look", "line_weight", "line_amount", "saturation", "smoothing", "background")


def chosen(settings: Any) -> tuple[str, ...]:
    """The look, or where the painted pictures are."""
    own = {"filter": _FILTER, "painted": ("folder",)}.get(settings.engine, ())
    return ("engine", *own)


CLASSES = stage_classes("diffuse", chosen)
