# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps `scene.lineboil` and the `shot.toml` of the scene's shot alike; `mirror_core` decides, this asks Blender.

Scenes are remembered by number, never by reference: undo and file-load exchange them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from . import property_paths, shots
from .engine.errors import EngineError
from .mirror_core import FIELDS, Mirror, encoded
from .quiet import is_quiet, quietly
from .settings_file import Values

_QUIET_SECONDS = 0.3
_RETRY_SECONDS = 3.0


@dataclass
class _Known:
    root: Path
    mirror: Mirror
    touched_at: float = 0.0
    tried_at: float = 0.0


@dataclass
class _State:
    scenes: dict[int, _Known] = field(default_factory=dict[int, _Known])


_state = _State()


def touch(scene: Any, key: str) -> None:
    """Called by every property: the artist, a script or a driver of the interface gave it a value."""
    if is_quiet():
        return
    known = _known(scene)
    if known is not None:
        known.mirror.touch(key)
        known.touched_at = time.monotonic()


def touch_shot(scene: Any) -> None:
    """Called when the scene's shot was changed: its properties show the new shot's settings at once."""
    if is_quiet():
        return
    shots.chosen(scene)
    _state.scenes.pop(scene.session_uid, None)
    poll(scene)


def poll(scene: Any) -> bool:
    """Look at both sides and mend what differs; True when something to show changed. Never raises.

    What the artist types is written when it has been quiet for a moment.
    """
    known = _known(scene)
    if known is None:
        return False
    now = time.monotonic()
    is_quiet = now - known.touched_at >= _QUIET_SECONDS
    is_time = known.mirror.write_problem is None or now - known.tried_at >= _RETRY_SECONDS
    return _sync(scene, known, may_write=is_quiet and is_time)


def flush(scene: Any) -> None:
    """Write what is pending now; every operator does so before it asks for work.

    Raises:
        EngineError: Settings shown cannot be brought into `shot.toml`, or a value typed just now was refused.
    """
    known = _known(scene)
    if known is None:
        found = shots.shot_problem(scene)
    else:
        # What was refused before was told, and its property shows the old value again.
        known.mirror.refusal = None
        _sync(scene, known, may_write=True)
        found = known.mirror.problem
    if found is not None:
        raise found


def flush_all() -> None:
    """Write what is pending in every scene, before saving or leaving; what fails stays shown as a problem."""
    for scene in bpy.data.scenes:
        known = _known(scene)
        if known is not None and known.mirror.touched:
            _sync(scene, known, may_write=True)


def problem(scene: Any) -> EngineError | None:
    """What to tell about the scene's shot and its settings; None when all is well. Cheap enough to draw with."""
    found = shots.shot_problem(scene)
    known = _state.scenes.get(scene.session_uid)
    return found or (known.mirror.problem if known is not None else None)


def set_values(scene: Any, values: Values) -> None:
    """Give settings new values in the properties and write them now.

    Raises:
        EngineError: They cannot be written.
    """
    known = _known(scene)
    with quietly():
        for key, value in values.items():
            _set(scene, key, encoded(key, value))
    if known is not None:
        for key in values:
            known.mirror.touch(key)
    flush(scene)


def reset() -> None:
    """Forget all scenes: another file was loaded, or the extension goes."""
    _state.scenes.clear()
    shots.forget()


def _known(scene: Any) -> _Known | None:
    if scene.library is not None:
        return None
    shots.adopt(scene)
    root = shots.shot_root(scene)
    if root is None:
        _state.scenes.pop(scene.session_uid, None)
        return None
    known = _state.scenes.get(scene.session_uid)
    if known is None or known.root != root:
        known = _state.scenes[scene.session_uid] = _Known(root, Mirror(shots.settings_file(root)))
    return known


def _sync(scene: Any, known: _Known, *, may_write: bool) -> bool:
    file = known.mirror.file
    before = (str(known.mirror.problem), file.values)
    with quietly():
        property_paths.mend(scene, known.root, known.mirror.touched, bpy.data.filepath)
        values = {key: _get(scene, key) for key in FIELDS}
        if may_write:
            known.tried_at = time.monotonic()
        wanted = known.mirror.sync(values, may_write=may_write)
        for key, value in wanted.items():
            _set(scene, key, value)
    return bool(wanted) or str(known.mirror.problem) != before[0] or file.values is not before[1]


def _get(scene: Any, key: str) -> Any:
    stage, _, name = key.partition(".")
    return getattr(getattr(scene.lineboil, f"{stage}_settings"), name)


def _set(scene: Any, key: str, value: Any) -> None:
    stage, _, name = key.partition(".")
    setattr(getattr(scene.lineboil, f"{stage}_settings"), name, value)
