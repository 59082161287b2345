# SPDX-License-Identifier: GPL-3.0-or-later
"""The motion of the footage."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes


def chosen(settings: Any) -> tuple[str, ...]:
    """How carefully it is measured."""
    return ("quality",)


CLASSES = stage_classes("flow", chosen)
