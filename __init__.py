# SPDX-License-Identifier: GPL-3.0-or-later
"""Lineboil: film a performer, restyle them, light them in 3D."""


def register() -> None:
    """Put everything into Blender; raises what went wrong, with nothing left behind."""
    from . import ops, panels
    from .addon import registration

    registration.register((*registration.MODULES, *ops.MODULES, *panels.MODULES))


def unregister() -> None:
    """Take everything out of Blender again."""
    from .addon import registration

    registration.unregister()
