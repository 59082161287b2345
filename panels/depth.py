# SPDX-License-Identifier: GPL-3.0-or-later
"""How near everything is."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes


def chosen(settings: Any) -> tuple[str, ...]:
    """The relief, and how the camera saw it."""
    if settings.engine == "flat":
        return ("engine", "field_of_view", "subject_height")
    return ("engine", "strength", "smoothness", "background", "field_of_view", "camera_height")


CLASSES = stage_classes("depth", chosen)
