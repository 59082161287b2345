# SPDX-License-Identifier: GPL-3.0-or-later
"""How a stage stands, as an icon and a line of words."""

from __future__ import annotations

from typing import Any

from ..addon import shots
from ..addon.scene import build
from ..addon.session import current
from ..addon.session_task import StageView

ICONS = {
    "done": "CHECKMARK",
    "stale": "FILE_REFRESH",
    "partial": "TIME",
    "missing": "RADIOBUT_OFF",
    "off": "REMOVE",
    "running": "PLAY",
    "failed": "ERROR",
    "unknown": "BLANK1",
}
_WORDS = {
    "done": "Done",
    "stale": "Out of date",
    "partial": "Begun",
    "missing": "Not made yet",
    "off": "Not used",
    "running": "At work",
    "failed": "Failed",
    "unknown": "Looking…",
}
_TOLD = {"missing", "off"}


def view_of(context: Any, stage: str) -> StageView:
    """How a stage of the scene's shot stands, as far as known; build stands as the open scene does."""
    root = shots.shot_root(context.scene)
    if root is None:
        return StageView()
    view = current.stages(root)[stage]
    if stage == "build" and view.standing in ("done", "stale", "partial", "missing"):
        standing = build.standing(context.scene, str(view.facts.get("stamp", "")))
        why = "what it is made from has changed" if standing == "stale" else ""
        return StageView(standing, why=why, facts=view.facts)
    return view


def words(view: StageView) -> str:
    """One sentence: `Done, 72 frames` or `Out of date: setting feather was 0.0, is 2.0`."""
    text = _WORDS[view.standing]
    if view.total and view.standing in ("done", "partial", "running"):
        amount = f"{view.total}" if view.standing == "done" else f"{view.finished} of {view.total}"
        text += f", {amount} frames"
    if view.why and view.standing not in _TOLD:
        text += f": {view.why}"
    return text
