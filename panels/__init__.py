# SPDX-License-Identifier: GPL-3.0-or-later
"""The sidebar: drawing only."""

from __future__ import annotations

from types import ModuleType

MODULES: tuple[ModuleType, ...] = ()
"""Modules with CLASSES, in the order they are registered: a panel before those inside it."""
