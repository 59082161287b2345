# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys enlarged before they are carried."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes


def chosen(settings: Any) -> tuple[str, ...]:
    """By what, and how far."""
    return ("engine",) if settings.engine == "off" else ("engine", "scale")


CLASSES = stage_classes("upscale_keys", chosen)
