# SPDX-License-Identifier: GPL-3.0-or-later
"""The extension's preferences: where the worker's environment is, how it stands, and the buttons that mend it."""

import contextlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
from bpy.props import EnumProperty, StringProperty

from . import environment, preferences_draw
from .engine.models import registry
from .session import current

ROOT_PACKAGE = (__package__ or "").rpartition(".")[0]
BACKEND_ITEMS = [(item.name, item.title, item.text) for item in environment.available_backends()]


def user_folder() -> Path:
    """The extension's own folder; one in the user's data folder where Blender runs us from elsewhere.

    It is made where that is allowed: whoever writes there and cannot, says so.
    """
    try:
        folder = Path(bpy.utils.extension_path_user(ROOT_PACKAGE, create=False))
    except ValueError:
        folder = registry.user_data_folder() / "lineboil"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def preferences(context: Any) -> Any:
    """The artist's preferences; the defaults where Blender runs us without being enabled as an extension."""
    found = context.preferences.addons.get(ROOT_PACKAGE)
    if found is not None and found.preferences is not None:
        return found.preferences
    return SimpleNamespace(backend="cpu", environment_folder="", python="")


def apply() -> None:
    """Tell the session where things are."""
    chosen = preferences(bpy.context)
    current.configure(user_folder(), bpy.app.binary_path or sys.executable, chosen.environment_folder)


def _changed(settings: Any, context: Any) -> None:
    for name in ("environment_folder", "python"):
        text = getattr(settings, name)
        if text.startswith("//"):
            # Preferences are there before any .blend, and for all of them.
            setattr(settings, name, bpy.path.abspath(text))
    apply()


class LINEBOIL_AP_preferences(bpy.types.AddonPreferences):
    """Where Lineboil's worker is and what it can do."""

    bl_idname = ROOT_PACKAGE

    backend: EnumProperty(
        name="Backend", description="What the worker's environment is made for", items=BACKEND_ITEMS, default="cpu"
    )
    environment_folder: StringProperty(
        name="Environment Folder",
        description="A Python environment for the worker elsewhere; empty keeps it in the extension's own folder",
        subtype="DIR_PATH",
        update=_changed,
    )
    python: StringProperty(
        name="Python",
        description="The Python the environment is made with (3.11 or 3.13); empty takes Blender's own, or finds one",
        subtype="FILE_PATH",
        update=_changed,
    )

    def draw(self, context: Any) -> None:
        """The state of the environment in words, with the button that mends it."""
        preferences_draw.draw(self.layout, self, context)


CLASSES = (LINEBOIL_AP_preferences,)


def register() -> None:
    """Have the session use them."""
    apply()


def unregister() -> None:
    """The processes that the session started end."""
    current.close()
