# SPDX-License-Identifier: GPL-3.0-or-later
"""The film enlarged."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes


def chosen(settings: Any) -> tuple[str, ...]:
    """By what, and how far."""
    return ("engine",) if settings.engine == "off" else ("engine", "scale")


CLASSES = stage_classes("upscale", chosen)
