# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is the character."""

from __future__ import annotations

from typing import Any

from .stage import stage_classes

_OF_ENGINE: dict[str, tuple[str, ...]] = {
    "auto": ("steadiness",),
    "person": ("steadiness",),
    "chroma": ("key_colour", "tolerance", "softness", "despill"),
    "plate": ("plate", "tolerance", "softness", "shadow_tolerance", "steadiness"),
    "motion": ("box", "strokes", "steadiness"),
}
_EDGE = ("shift", "feather")


def chosen(settings: Any) -> tuple[str, ...]:
    """What the engine listens to."""
    own = _OF_ENGINE.get(settings.engine, ())
    return ("engine", *own, *_EDGE) if settings.engine != "off" else ("engine",)


CLASSES = stage_classes("matte", chosen)
