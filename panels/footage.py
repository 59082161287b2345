# SPDX-License-Identifier: GPL-3.0-or-later
"""The clip and the part of it that is used."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes


def chosen(settings: Any) -> tuple[str, ...]:
    """The clip, its part, and the size to work in."""
    return ("source", "long_side", "start_seconds", "end_seconds", "timing")


CLASSES = stage_classes("footage", chosen)
