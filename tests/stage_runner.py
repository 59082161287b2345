"""Runs a stage through the pipeline on a shot whose earlier stages are taken as they lie there."""

from __future__ import annotations

import importlib
from pathlib import Path

from lineboil.addon.engine.schema.registry import BY_NAME
from lineboil.addon.engine.shot import Shot
from lineboil.addon.engine.stages.context import StageContext
from lineboil.addon.engine.state import ShotState


def run_stage(root: Path, name: str, reporter, frames: tuple[int, ...] = ()) -> StageContext:
    """One run of one stage; `frames` are all when not given."""
    state = ShotState(Shot(root))
    spec = BY_NAME[name]
    record, _ = state.begin(spec)
    wanted = frames or state.frames_of(spec) or tuple(range(1, state.footage().count + 1))
    context = StageContext(state, spec, record, wanted, reporter)
    importlib.import_module(f"lineboil.addon.engine.stages.{name}").run(context)
    return context
