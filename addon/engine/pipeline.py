# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the stages of a shot in order; makes only what is missing or stale."""

from __future__ import annotations

import contextlib
import importlib
import time
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any

from .cache import disk_error, is_png
from .errors import EngineError, InputError, SettingError
from .lock import ShotLock
from .messages import Note, Reporter, StageDone, StageStarted, Warned
from .schema.base import StageSpec
from .schema.registry import BY_NAME, STAGES
from .shot import Shot
from .state import Record, ShotState

if TYPE_CHECKING:
    from .stages.context import StageContext

LAST_OF_RUN = "encode"
QUICK_PREVIEWS = ("propagate", "controls")
"""Stages that cannot make any one frame alone; they have a quick way to show one."""
UNREAD_BY_PREVIEWS = {"propagate": ("upscale_keys",)}
"""What a stage reads, but its quick preview does not."""
SHEET_PREVIEWS = ("controls",)
"""Those whose preview is a sheet of its own."""


def run(
    shot: Shot,
    reporter: Reporter,
    *,
    stage: str = "",
    until: str = "",
    frames: Callable[[int], tuple[int, ...]] | None = None,
    purpose: str = "run",
    inputs_only: bool = False,
) -> None:
    """Bring a shot up to date.

    Args:
        shot: The shot.
        reporter: Receives the messages; its answer can stop the work.
        stage: Only this stage and what it reads.
        until: Every stage up to this one; the movie when neither is given.
        frames: From the number of frames of the shot to the wanted ones; all when not given. Stages that look
            at the whole shot (tracks, ranges, keys) are made in full all the same.
        purpose: For whoever finds the shot locked.
        inputs_only: Only what the quick preview of `stage` reads, without the stage itself.

    Raises:
        EngineError: A stage failed; what is finished stays. `BusyError` when another process holds the shot,
            `Cancelled` when the reporter asked to stop.
    """
    unread = {stage, *UNREAD_BY_PREVIEWS.get(stage, ())} if inputs_only else set[str]()
    names = [name for name in plan(stage, until) if name not in unread]
    with ShotLock(shot.state / "lock", purpose) as lock:
        if lock.dead_holder:
            reporter.send(Note("", f"process {lock.dead_holder.get('process', '?')} ended without finishing; going on"))
        state = ShotState(shot)
        read = _ancestors(stage, lambda name: name == stage or state.is_enabled(name)) if stage else set(names)
        for name in names:
            if name not in read:
                continue
            if not state.is_enabled(name):
                reporter.send(StageDone(name, passed_through=True))
                continue
            _run_stage(state, BY_NAME[name], _wanted(state, name, names, frames), reporter)


def quick_preview(shot: Shot, reporter: Reporter, stage: str, frame: int) -> Any:
    """A small picture of one frame of a stage that cannot make one frame alone; nothing of the shot is changed.

    What the stage reads has to be there: `run` it before with `inputs_only`.

    Args:
        shot: The shot.
        reporter: Receives the messages; its answer can stop the work.
        stage: One of `QUICK_PREVIEWS`.
        frame: From 1.

    Returns:
        float32 (H, W, C), 0..1, sRGB; None where the stage's own frame is up to date.
    """
    module = importlib.import_module(f".stages.{stage}_preview", __package__)
    with beside(shot, reporter, stage, (frame,), "preview") as context:
        return None if module.is_made(context, frame) else module.preview(context, frame)


@contextlib.contextmanager
def beside(
    shot: Shot, reporter: Reporter, stage: str, frames: tuple[int, ...], purpose: str
) -> Generator[StageContext, None, None]:
    """What a stage sees of a shot, for work beside it: the shot is held, nothing of the stage is begun or cleared.

    Args:
        shot: The shot.
        reporter: Receives the messages; its answer can stop the work.
        stage: The stage; what it reads has to be there.
        frames: Wanted frames, ascending.
        purpose: For whoever finds the shot locked.

    Raises:
        EngineError: `BusyError` when another process holds the shot; a refusal of the disk in words.
    """
    with ShotLock(shot.state / "lock", purpose):
        state = ShotState(shot)
        try:
            yield _context(state, BY_NAME[stage], state.record(stage) or Record(), frames, reporter)
        except OSError as error:
            raise disk_error(error, shot_path(state, error)) from error


def plan(stage: str = "", until: str = "") -> list[str]:
    """Names of the stages a request needs, in order.

    Raises:
        SettingError: No such stage.
    """
    target = stage or until or LAST_OF_RUN
    if target not in BY_NAME:
        raise SettingError(f'there is no stage "{target}"', remedy="There are: " + ", ".join(BY_NAME) + ".")
    if stage:
        needed = _ancestors(stage)
        return [spec.name for spec in STAGES if spec.name in needed]
    order = [spec.name for spec in STAGES]
    upto = order[: order.index(target) + 1]
    return [name for name in upto if not BY_NAME[name].on_request or name in _ancestors(target)]


def _ancestors(stage: str, is_read: Callable[[str], bool] = lambda _: True) -> set[str]:
    """A stage and all it depends on; not what only stages that read nothing would read."""
    found = {stage}
    for name in (*BY_NAME[stage].inputs, *BY_NAME[stage].requires) if is_read(stage) else ():
        found |= _ancestors(name, is_read)
    return found


def _wanted(
    state: ShotState, name: str, names: Iterable[str], frames: Callable[[int], tuple[int, ...]] | None
) -> tuple[int, ...] | None:
    """Frames to make of a stage; None means all of them."""
    footage = state.footage()
    if frames is None or footage is None or not BY_NAME[name].frame_local:
        return None
    whole_readers = [
        other for other in names if name in BY_NAME[other].inputs and not BY_NAME[other].frame_local
    ]
    return None if whole_readers else frames(footage.count)


def _run_stage(state: ShotState, spec: StageSpec, wanted: tuple[int, ...] | None, reporter: Reporter) -> None:
    state.refresh()
    standing = state.report(spec.name)
    if standing.standing == "done":
        reporter.send(StageDone(spec.name, reused=standing.finished))
        return
    chosen = _chosen(state, spec, wanted)
    _check_frames(state, chosen)
    if check := getattr(_module(spec), "check", None):
        # What the artist has to mend first is told while all that was made is still there.
        check(_context(state, spec, state.record(spec.name) or Record(parts={}), chosen, reporter))
    record, told = state.begin(spec)
    for text in told:
        reporter.send(Warned(spec.name, text))
    state.refresh()
    context = _context(state, spec, record, _chosen(state, spec, wanted), reporter)
    reused = sum(context.is_finished(frame) for frame in context.frames) if spec.folders else 0
    _warn_of_damage(state, spec, context)
    reporter.send(StageStarted(spec.name, len(context.frames) - reused, reused))
    started = time.monotonic()
    try:
        _function(spec)(context)
    except OSError as error:
        raise disk_error(error, shot_path(state, error)) from error
    finally:
        record.seconds += time.monotonic() - started
        record.made += context.made
        state.save(spec.name, record)
    state.refresh()
    _finish(state, spec, context, wanted)
    reporter.send(StageDone(spec.name, context.made, reused, round(time.monotonic() - started, 2)))


def _check_frames(state: ShotState, frames: tuple[int, ...]) -> None:
    footage = state.footage()
    if footage and frames and frames[-1] > footage.count:
        raise InputError(
            f"has a key at frame {frames[-1]}, but the shot has {footage.count} frames",
            where=str(state.shot.root / "keys.json"),
            remedy="Take the key out, or delete the file to have the keys chosen anew.",
        )


def shot_path(state: ShotState, error: OSError) -> Any:
    """The file an operating system's error is about, or the shot."""
    return error.filename or state.shot.root


def _chosen(state: ShotState, spec: StageSpec, wanted: tuple[int, ...] | None) -> tuple[int, ...]:
    every = state.frames_of(spec)
    if not every and not spec.folders and (footage := state.footage()):
        every = tuple(range(1, footage.count + 1))
    return every if wanted is None else tuple(frame for frame in every if frame in set(wanted))


def _context(
    state: ShotState, spec: StageSpec, record: Any, frames: tuple[int, ...], reporter: Reporter
) -> StageContext:
    # The stages pull in NumPy and OpenCV, which Blender's process and `status` do without.
    from .stages.context import StageContext

    return StageContext(state, spec, record, frames, reporter)


def _function(spec: StageSpec) -> Callable[[StageContext], None]:
    return _module(spec).run


def _module(spec: StageSpec) -> Any:
    return importlib.import_module(f".stages.{spec.name}", __package__)


def _warn_of_damage(state: ShotState, spec: StageSpec, context: StageContext) -> None:
    journal = state.journal(spec.name)
    ours = (name for name in journal.entries if name not in spec.merged_outputs)
    damaged = [name for name in ours if journal.condition(name) == "damaged"]
    if strange := [name for name in damaged if name.endswith(".png") and not is_png(state.shot.root / name)]:
        # Saved by another program in a form nobody reads: it may be somebody's work.
        place = state.set_aside(spec.name, strange)
        context.warn(f"{strange[0]} cannot be read as a picture: moved to {place} and made anew")
        damaged = [name for name in damaged if name not in strange]
    for name in damaged[:3]:
        context.warn(f"{name} is damaged and is made anew")
    if len(damaged) > 3:
        context.warn(f"{len(damaged) - 3} more files are damaged and are made anew")


def _finish(state: ShotState, spec: StageSpec, context: StageContext, wanted: tuple[int, ...] | None) -> None:
    every = state.frames_of(spec)
    frames = every if wanted is None else context.frames
    missing = [frame for frame in frames if not state.is_finished(spec, frame)] if spec.folders else []
    if missing:
        raise EngineError(f"{spec.name} ended without making frame {missing[0]}", remedy="Please report this.")
    record = state.record(spec.name)
    if record is None:
        raise InputError("the record of this stage has vanished", where=str(state.shot.state / f"{spec.name}.json"))
    if wanted is None or (every and set(every) <= set(frames)):
        record.complete = True
        state.save(spec.name, record)
