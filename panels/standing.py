# SPDX-License-Identifier: GPL-3.0-or-later
"""How a stage stands, as an icon and a line of words."""

from __future__ import annotations

from typing import Any

from ..addon import shots
from ..addon.engine.schema.registry import BY_NAME
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
_NOT_READY = {"stale", "partial", "missing"}


def view_of(context: Any, stage: str) -> StageView:
    """How a stage of the scene's shot stands, as far as known; build stands as the open scene does."""
    root = shots.shot_root(context.scene)
    if root is None:
        return StageView()
    views = current.stages(root)
    if stage == "build" and views[stage].standing in ("done", "stale", "partial", "missing"):
        return _build_view(context.scene, views)
    return views[stage]


def _build_view(scene: Any, views: dict[str, StageView]) -> StageView:
    facts = views["build"].facts
    how = build.standing(scene, str(facts.get("stamp", "")))
    if how == "missing":
        return StageView(how, facts=facts)
    old = next((name for name in BY_NAME["build"].inputs if views[name].standing in _NOT_READY), "")
    if old:
        return StageView("stale", why=f"{old} is out of date", facts=facts)
    return StageView(how, why="what it is made from has changed" if how == "stale" else "", facts=facts)


def words(view: StageView) -> str:
    """One sentence: `Done, 72 frames` or `Out of date: setting feather was 0.0, is 2.0`."""
    text = _WORDS[view.standing]
    if view.total and view.standing in ("done", "partial", "running"):
        amount = f"{view.total}" if view.standing == "done" else f"{view.finished} of {view.total}"
        text += f", {amount} frames"
    if view.why and view.standing not in _TOLD:
        text += f": {view.why}"
    return text
