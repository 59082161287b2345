# SPDX-License-Identifier: GPL-3.0-or-later
"""The look carried to every frame."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes


def chosen(settings: Any) -> tuple[str, ...]:
    """How it is carried."""
    return ("method",) if settings.method == "linear" else ("method", "plane", "recolour", "trust")


CLASSES = stage_classes("propagate", chosen)
