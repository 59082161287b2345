# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames are redrawn."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes


def chosen(settings: Any) -> tuple[str, ...]:
    """How many; or how much they must show."""
    return ("count",) if settings.count else ("count", "coverage", "figure_weight", "maximum_gap")


CLASSES = stage_classes("keys", chosen)
