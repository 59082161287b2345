# SPDX-License-Identifier: GPL-3.0-or-later
"""What is put into Blender, in order, and taken out again.

A module that goes into Blender has `CLASSES` (a tuple of Blender classes), and may have `register()` and
`unregister()` for the rest: properties, handlers, timers. Its classes come first, and go last.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from types import ModuleType
from typing import Any

import bpy

from . import handlers, headless, preferences, properties, pump, try_list

MODULES: tuple[ModuleType, ...] = (properties, preferences, try_list, handlers, pump, headless)


class Registration:
    """Everything that is in Blender because of us."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def add(self, modules: Iterable[ModuleType]) -> None:
        """Register modules in order; when one fails all are taken back and the failure is raised."""
        with ExitStack() as stack:
            for module in modules:
                for kind in module.CLASSES:
                    _add_class(stack, kind)
                if hasattr(module, "register"):
                    stack.callback(module.unregister)
                    module.register()
            self._stack = stack.pop_all()

    def remove(self) -> None:
        """Take out everything, last first; one failure does not keep the rest in."""
        stack, self._stack = self._stack, ExitStack()
        stack.close()


def _add_class(stack: ExitStack, kind: Any) -> None:
    bpy.utils.register_class(kind)
    stack.callback(bpy.utils.unregister_class, kind)


_registration = Registration()


def register(modules: Iterable[ModuleType]) -> None:
    """Put modules into Blender; when one fails nothing stays, and the failure is raised.

    `unregister()` of a module is also called when its own `register()` failed half-way.
    """
    _registration.add(modules)


def unregister() -> None:
    """Take out what `register` put in."""
    _registration.remove()
