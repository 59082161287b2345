# SPDX-License-Identifier: GPL-3.0-or-later
"""Body, hands and face of the people in the footage."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes


def chosen(settings: Any) -> tuple[str, ...]:
    """Whether anybody is looked for, how many, and boxes drawn by hand."""
    return ("engine",) if settings.engine == "off" else ("engine", "people", "boxes")


CLASSES = stage_classes("pose", chosen)
