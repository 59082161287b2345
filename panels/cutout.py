# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture and depth for the card in 3D."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes


def chosen(settings: Any) -> tuple[str, ...]:
    """How far it reaches over its edge."""
    return ("colour_margin", "depth_margin")


CLASSES = stage_classes("cutout", chosen)
