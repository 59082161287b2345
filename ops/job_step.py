# SPDX-License-Identifier: GPL-3.0-or-later
"""The mix-in of every operator that has the worker do something.

`execute()` waits for the end, for scripts and headless; `invoke()` runs beside the artist, with progress and Esc.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..addon import mirror, shots
from ..addon.engine.errors import EngineError
from ..addon.redraw import redraw
from ..addon.session import current
from ..addon.session_task import Task
from .beside import Beside, Printer, has_artist, stoppable

_POLL_SECONDS = 0.01
# Of each tick, for work of our own in Blender's main loop.
_SLICE_SECONDS = 0.03


class JobStep:
    """A long piece of work. Subclasses give `title` and `command`, and may give `finished` and `fill`.

    The scene is kept by its number in this session: undo, renaming and deleting in mid-run leave no dead pointer.
    """

    bl_options = {"REGISTER", "INTERNAL"}

    _task: Task | None = None
    _beside: Beside | None = None
    _scene_uid = 0
    _steps: Iterator[Any] | None = None

    # What subclasses say.

    def title(self, context: Any) -> str:
        """What the artist asked for, as the status bar and the report say it."""
        return self.bl_label  # type: ignore[attr-defined]

    def command(self, context: Any) -> list[str]:
        """The words of the command line that do it.

        Raises:
            EngineError: It cannot be done; nothing is started.
        """
        raise NotImplementedError

    def start(self, context: Any) -> Task:
        """Start the work; the settings on the screen are written before."""
        scene = context.scene
        mirror.flush(scene)
        return current.start(self.title(context), self.command(context), shots.shot_root(scene))

    def finished(self, context: Any, scene: Any, task: Task) -> str:
        """The task ended well: take over its result. Returns a sentence to report instead of the usual one.

        Raises:
            EngineError: The result cannot be used.
        """
        return ""

    def steps(self, scene: Any, task: Task) -> Iterator[Any] | None:
        """Work of our own in Blender that follows, in steps of a few milliseconds; None when there is none."""
        return None

    def next_task(self, context: Any, scene: Any) -> Task | None:
        """What the worker does after the steps; None when all is done."""
        return None

    # The two drivers.

    def execute(self, context: Any) -> set[str]:
        """Do it all and wait for the end."""
        try:
            self._begin(context)
            with stoppable():
                while True:
                    task = current.wait(self._running(), Printer() if bpy.app.background else None)
                    if task.error is not None:
                        return self._tell(task)
                    scene = self._scene()
                    for _ in self.steps(scene, task) or ():
                        pass
                    following = self.next_task(context, scene)
                    if following is None:
                        return self._finish(context, scene, task)
                    self._task = following
        except EngineError as error:
            return self._refuse(error)

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Start it and go on beside the artist."""
        if not has_artist(context):
            return self.execute(context)
        try:
            with current.timed(f"start {self.bl_idname}"):  # type: ignore[attr-defined]
                self._begin(context)
        except EngineError as error:
            return self._refuse(error)
        self._beside = Beside(context)
        context.window_manager.modal_handler_add(self)
        self._show(context)
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any) -> set[str]:
        """One event: the artist's go through, ours moves the work on."""
        try:
            return self._turn(context, event)
        except BaseException:
            # Blender tells it and drops the operator; its timer would stay.
            self._close()
            raise

    def _turn(self, context: Any, event: Any) -> set[str]:
        if self._steps is not None:
            # They take a moment only, and are one step of undo when nothing else comes between them.
            return self._step(context) if event.type == "TIMER" else {"RUNNING_MODAL"}
        if event.type == "ESC" and event.value == "PRESS" and not _is_playing(context):
            current.cancel()
            self._show(context)
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        with current.timed(f"tick {self.bl_idname}"):  # type: ignore[attr-defined]
            if current.poll(_POLL_SECONDS):
                redraw()
            self._show(context)
        return self._after(context) if self._running().is_over else {"PASS_THROUGH"}

    def cancel(self, context: Any) -> None:
        """The window was closed or another file comes, which stops the work itself; else that goes on."""
        self._close()
        task = self._task
        if task is not None and not task.is_over and not task.is_cancelling:
            current.notice = f"{task.title}: goes on, but its window was closed; press the button again at the end."

    # Inside.

    def _begin(self, context: Any) -> None:
        self._scene_uid = context.scene.session_uid
        self._task = self.start(context)

    def _running(self) -> Task:
        if self._task is None:
            raise EngineError("no work was started")
        return self._task

    def _scene(self) -> Any:
        scene = next((item for item in bpy.data.scenes if item.session_uid == self._scene_uid), None)
        if scene is None:
            raise EngineError(
                "the scene this was for is gone",
                remedy="What was made is in the shot's folder; open it in another scene.",
            )
        return scene

    def _after(self, context: Any) -> set[str]:
        task = self._running()
        if task.error is not None:
            self._close()
            return self._tell(task)
        try:
            scene = self._scene()
            self._steps = iter(self.steps(scene, task) or ())
        except EngineError as error:
            self._close()
            return self._refuse(error)
        return self._step(context)

    def _step(self, context: Any) -> set[str]:
        try:
            with current.timed(f"steps {self.bl_idname}"):  # type: ignore[attr-defined]
                if not self._advance():
                    return {"RUNNING_MODAL"}
            scene = self._scene()
            following = self.next_task(context, scene)
        except EngineError as error:
            self._close()
            return self._refuse(error)
        self._steps = None
        if following is not None:
            self._task = following
            return {"PASS_THROUGH"}
        self._close()
        return self._finish(context, scene, self._running())

    def _advance(self) -> bool:
        """Do steps until the slice is used up; True when there are no more."""
        end = time.perf_counter() + _SLICE_SECONDS
        while time.perf_counter() < end:
            if self._steps is None or next(self._steps, self) is self:
                return True
        return False

    def _finish(self, context: Any, scene: Any, task: Task) -> set[str]:
        try:
            sentence = self.finished(context, scene, task)
        except EngineError as error:
            return self._refuse(error)
        self._report({"INFO"}, sentence or task.sentence())
        return {"FINISHED"}

    def _tell(self, task: Task) -> set[str]:
        self._report({"INFO"} if task.is_cancelled else {"ERROR"}, task.sentence())
        return {"CANCELLED"}

    def _refuse(self, error: EngineError) -> set[str]:
        self._report({"ERROR"}, error.sentence())
        return {"CANCELLED"}

    def _report(self, kind: set[str], sentence: str) -> None:
        redraw()
        self.report(kind, sentence)  # type: ignore[attr-defined]

    def _show(self, context: Any) -> None:
        task = self._running()
        if self._beside is not None and not task.is_over and context.workspace is not None:
            hint = "" if task.is_cancelling else "    Esc: Stop"
            self._beside.show(context.workspace, f"Lineboil: {task.label()}{hint}")

    def _close(self) -> None:
        beside, self._beside = self._beside, None
        if beside is not None:
            beside.close()
        self._steps = None


class ShotJob(JobStep):
    """A long piece of work on the scene's shot."""

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Whether the shot can be worked on now."""
        from . import reasons

        return reasons.can_work(cls, context)

    def root(self, context: Any) -> Path:
        """The shot's folder.

        Raises:
            EngineError: The scene has no shot, or its folder is gone.
        """
        problem = shots.shot_problem(context.scene)
        root = shots.shot_root(context.scene)
        if problem is not None:
            raise problem
        if root is None:
            raise EngineError("this scene has no shot", remedy="Choose a clip or open a shot first.")
        return root


def _is_playing(context: Any) -> bool:
    return context.screen is not None and context.screen.is_animation_playing
