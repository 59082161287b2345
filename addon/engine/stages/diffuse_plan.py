# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the drawings, frozen before the first: the same for every run until settings or inputs change."""

from __future__ import annotations

from .. import grid_plan
from ..cache import digest, file_identity
from ..grid_plan import FOLDER, Drawing, GridPlan
from ..image.grid import Layout, Plan
from ..schema.diffuse import DiffuseSettings
from .context import StageContext
from .diffuse_request import key_layout, plan_of


def grid_name(number: int) -> str:
    """File of a grid, from 0, relative to the shot."""
    return f"{FOLDER}/grid_{number + 1:02d}.png"


def key_name(frame: int) -> str:
    """File of a key drawn alone, relative to the shot."""
    return f"{FOLDER}/key_{frame:06d}.png"


def layout_in(plan: GridPlan) -> Layout:
    """The layout of every drawing of a plan."""
    return Layout(plan.columns, plan.rows, plan.cell, plan.frame)


def frozen_plan(context: StageContext, settings: DiffuseSettings) -> GridPlan:
    """The plan that this stage's drawings follow; made and kept when there is none for these settings and inputs.

    Drawings that the artist has painted over and that hold other keys now are moved aside, never overwritten.

    Raises:
        SettingError: The anchor is no key, or the keys do not fit.
    """
    record = context.state.record(context.spec.name)
    made_for = digest(record.parts) if record else ""
    old = grid_plan.load(context.shot.root)
    if old is not None and made_for and old.made_for == made_for:
        return old
    plan = _new_plan(context, settings, made_for)
    painted = [name for name in context.state.journal(context.spec.name).edited() if name.startswith(f"{FOLDER}/")]
    unfit = [name for name in painted if old is None or not plan.is_laid_like(old, name)]
    if unfit:
        place = context.state.set_aside(context.spec.name, unfit)
        context.warn(f"{', '.join(unfit)}: painted over for other keys or another layout, moved to {place}")
    grid_plan.save(context.shot.root, plan)
    return plan


def note_cut(context: StageContext, plan: GridPlan, name: str) -> GridPlan:
    """Keep that a drawing's keys are cut from the file as it is now, where the artist has painted over it."""
    if context.state.journal(context.spec.name).condition(name) != "edited":
        return plan
    plan = plan.with_cut(name, file_identity(context.file(name)))
    grid_plan.save(context.shot.root, plan)
    return plan


def _new_plan(context: StageContext, settings: DiffuseSettings, made_for: str) -> GridPlan:
    grids = plan_of(context, settings)
    is_single = settings.mode == "single" or len(set(grids.grids[0])) == 1
    layout = key_layout(context, settings) if is_single else grids.layout
    drawings = _alone(context, grids.anchor) if is_single else _in_grids(grids)
    return GridPlan(
        made_for, layout.columns, layout.rows, layout.cell, layout.frame, grids.anchor, drawings,
        () if is_single else grids.warnings,
    )


def _in_grids(plan: Plan) -> tuple[Drawing, ...]:
    return tuple(Drawing(grid_name(number), frames) for number, frames in enumerate(plan.grids))


def _alone(context: StageContext, anchor: int) -> tuple[Drawing, ...]:
    """The anchor first: others take their look from it."""
    frames = sorted(context.state.frames_of(context.spec), key=lambda frame: (frame != anchor, frame))
    return tuple(Drawing(key_name(frame), (frame,)) for frame in frames)
