# SPDX-License-Identifier: GPL-3.0-or-later
"""Drawing of the preferences."""

from __future__ import annotations

from typing import Any

from .session import current


def draw(layout: Any, preferences: Any, context: Any) -> None:
    """All of it."""
    layout.use_property_split = True
    layout.label(text=current.environment_state.text)
    layout.prop(preferences, "backend")
    layout.prop(preferences, "environment_folder")
    layout.prop(preferences, "python")
