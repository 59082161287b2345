"""A small shot with footage and matte already made, to run single stages of the carrying on."""

from __future__ import annotations

import importlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
from lineboil.addon.engine import footage as footage_module
from lineboil.addon.engine.frames import frame_name
from lineboil.addon.engine.image import files
from lineboil.addon.engine.schema.registry import BY_NAME
from lineboil.addon.engine.shot import Shot, create
from lineboil.addon.engine.stages.context import StageContext
from lineboil.addon.engine.state import ShotState

Picture = npt.NDArray[np.float32]


class Listener:
    """Keeps what the stages say; can ask to stop after a number of messages."""

    def __init__(self, stop_after: int = 0) -> None:
        self.messages: list = []
        self.stop_after = stop_after

    def send(self, message) -> bool:
        self.messages.append(message)
        return bool(self.stop_after) and len(self.messages) >= self.stop_after


def make_shot(
    root: Path,
    pictures: list[Picture],
    mattes: list[Picture] | None = None,
    scenes: tuple[tuple[int, int], ...] = (),
    **values,
) -> Shot:
    """A shot of these pictures (float RGB) and mattes (float grey; none switches the matte stage off)."""
    height, width = pictures[0].shape[:2]
    settings = {name.replace("__", "."): value for name, value in values.items()}
    shot = create(root, settings)
    for number, picture in enumerate(pictures, 1):
        files.write_rgb(root / "frames" / frame_name(number), picture)
    for number, matte in enumerate(mattes or [np.zeros((height, width), np.float32)] * len(pictures), 1):
        files.write_grey(root / "matte" / frame_name(number), matte)
    count = len(pictures)
    footage = footage_module.Footage(
        source="clip.mp4",
        width=width,
        height=height,
        count=count,
        frame_rate=Fraction(24),
        times_seconds=tuple(index / 24 for index in range(count)),
        duration_seconds=count / 24,
        scenes=scenes or ((1, count),),
    )
    (root / "footage.json").write_text(footage_module.footage_text(footage), encoding="utf-8")
    return shot


def run_stage(root: Path, name: str, listener: Listener | None = None, frames: tuple[int, ...] = ()) -> Listener:
    """Run one stage as the pipeline would, its inputs taken as they lie there."""
    listener = listener or Listener()
    state = ShotState(Shot(root))
    spec = BY_NAME[name]
    record, _ = state.begin(spec)
    wanted = frames or state.frames_of(spec) or tuple(range(1, state.footage().count + 1))
    importlib.import_module(f"lineboil.addon.engine.stages.{name}").run(
        StageContext(state, spec, record, wanted, listener)
    )
    return listener


def paint(root: Path, frame: int, picture: Picture) -> None:
    """Lay a painted key there."""
    files.write_rgb(root / "styled" / frame_name(frame), picture)
