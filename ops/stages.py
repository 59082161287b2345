# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages as choices of an operator."""

from __future__ import annotations

from ..addon.engine.schema.registry import STAGES

# Blender keeps no references to the texts: the list must live as long as the operators.
STAGE_ITEMS = [(spec.name, spec.name.capitalize(), spec.doc) for spec in STAGES]
PICTURE_ITEMS = [item for item, spec in zip(STAGE_ITEMS, STAGES, strict=True) if not spec.on_request]
