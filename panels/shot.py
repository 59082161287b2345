# SPDX-License-Identifier: GPL-3.0-or-later
"""The first panel: which shot, what goes on, and the one button that does it all."""

from __future__ import annotations

from typing import Any

import bpy

from ..addon import shots, text_lines
from ..addon.engine.reporters import duration
from ..addon.session import current
from ..addon.session_task import Task
from . import trouble
from .presets import LINEBOIL_MT_presets
from .stage import SidebarPanel

_MOST_LINES = 12


class LINEBOIL_PT_shot(SidebarPanel, bpy.types.Panel):
    """The scene's shot."""

    bl_idname = "LINEBOIL_PT_shot"
    bl_label = "Shot"

    def draw(self, context: Any) -> None:
        """From top to bottom: what is in the way, the shot, the work."""
        with current.timed("draw shot"):
            layout = self.layout
            root = shots.shot_root(context.scene)
            trouble.draw_environment(layout, context)
            if shots.shot_text(context.scene):
                self._draw_name(layout, context, root)
                trouble.draw_shot(layout, context)
            else:
                self._draw_choice(layout)
            self._draw_work(layout, context, root)
            trouble.draw_failure(layout, context)
            trouble.draw_notice(layout, context)
            if root is not None:
                current.want_status(root)

    def _draw_choice(self, layout: Any) -> None:
        column = layout.column(align=True)
        column.scale_y = 1.4
        column.operator("lineboil.choose_clip", text="New Shot from Clip…", icon="FILE_MOVIE")
        column.operator("lineboil.open_shot", text="Open Shot…", icon="FILE_FOLDER")

    def _draw_name(self, layout: Any, context: Any, root: Any) -> None:
        row = layout.row(align=True)
        row.label(text=root.name if root else shots.shot_text(context.scene), icon="SEQUENCE", translate=False)
        row.menu(LINEBOIL_MT_presets.bl_idname, text="", icon="PRESET")
        row.operator("lineboil.open_folder", text="", icon="FILE_FOLDER")
        row.operator("lineboil.close_shot", text="", icon="X")
        facts = current.stages(root)["footage"].facts if root else {}
        if facts.get("frames"):
            layout.label(text=clip_text(facts), icon="BLANK1", translate=False)

    def _draw_work(self, layout: Any, context: Any, root: Any) -> None:
        task = current.task
        if task is not None:
            draw_progress(layout, context, task, root)
            return
        if not shots.shot_text(context.scene):
            return
        row = layout.row()
        row.scale_y = 1.4
        row.operator("lineboil.run", icon="PLAY")
        last = current.last
        text_lines.draw(layout, ending(last) if last is not None else " ", context)


def clip_text(facts: dict[str, Any]) -> str:
    """Size, length and rate of the footage in one short line.

    >>> clip_text({"size": "960x536", "frames": 72, "rate": "23.976 (varies)"})
    '960x536, 72 frames, ~23.98 fps'
    """
    number, _, varies = str(facts.get("rate", "")).partition(" ")
    rate = f", {'~' if varies else ''}{float(number):.4g} fps" if number.replace(".", "", 1).isdigit() else ""
    return f"{facts.get('size', '')}, {facts['frames']} frames{rate}"


def ending(task: Task) -> str:
    """How the last work ended; why it failed is told in a box of its own."""
    return task.sentence() if task.error is None or task.is_cancelled else f"{task.title}: failed."


def draw_progress(layout: Any, context: Any, task: Task, root: Any) -> None:
    """The bar with its button, and a line below it; as high as the button that was there before."""
    row = layout.row(align=True)
    row.scale_y = 1.4
    text = "Stopping…" if task.is_cancelling else f"{(task.stage or task.title).capitalize()}  {task.fraction:.0%}"
    row.progress(factor=task.fraction, text=text)
    row.operator("lineboil.cancel", text="", icon="X")
    if task.shot is not None and task.shot != root:
        text_lines.draw(layout, f"For another shot: {task.shot.name}", context, icon="INFO")
        return
    layout.label(text=pace(task), translate=False)


def pace(task: Task) -> str:
    """Where the stage is and how quickly it goes: `12 of 72   3.1/s   20 s left`."""
    parts = [f"{task.done} of {task.total}"] if task.total > 1 and task.unit != "bytes" else [task.what or task.title]
    if task.unit == "bytes" and task.total:
        parts.append(f"{task.done / 1e6:.0f} of {task.total / 1e6:.0f} MB")
    elif task.rate > 0:
        parts.append(f"{task.rate:.1f}/s" if task.rate >= 1 else f"{1 / task.rate:.1f} s each")
    if task.seconds_left >= 0 and task.done < task.total:
        parts.append(f"{duration(task.seconds_left)} left")
    return "   ".join(parts)


class LINEBOIL_PT_told(SidebarPanel, bpy.types.Panel):
    """What the stages decided and warned of in the last work."""

    bl_idname = "LINEBOIL_PT_told"
    bl_parent_id = "LINEBOIL_PT_shot"
    bl_label = "Notes"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Always with a shot: the stages below must not move away under the mouse when the first note comes."""
        task = current.task or current.last
        return bool(shots.shot_text(context.scene)) or (task is not None and bool(task.notes or task.warnings))

    def draw_header_preset(self, context: Any) -> None:
        """Warnings show while the panel is closed."""
        task = current.task or current.last
        if task is not None and task.warnings:
            self.layout.label(text=str(len(task.warnings)), icon="ERROR", translate=False)

    def draw(self, context: Any) -> None:
        """Warnings first."""
        task = current.task or current.last
        if task is None or not (task.notes or task.warnings):
            self.layout.label(text="Nothing to tell yet.")
            return
        with current.timed("draw notes"):
            for text in task.warnings[-_MOST_LINES:]:
                text_lines.draw(self.layout, text, context, icon="ERROR")
            for text in task.notes[-_MOST_LINES:]:
                text_lines.draw(self.layout, text, context, icon="DOT")


CLASSES = (LINEBOIL_PT_shot, LINEBOIL_PT_told)
