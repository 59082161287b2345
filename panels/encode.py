# SPDX-License-Identifier: GPL-3.0-or-later
"""The film as a file."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes


def chosen(settings: Any) -> tuple[str, ...]:
    """What kind of file."""
    return ("codec", "quality", "sound")


CLASSES = stage_classes("encode", chosen)
