# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stage sees of its shot while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import EngineError, InputError, MissingError
from ..footage import Footage
from ..frames import frame_name
from ..image import files, flow_store
from ..job import Job
from ..messages import Reporter
from ..schema.base import StageSpec
from ..schema.registry import BY_NAME, STAGES
from ..shot import Shot
from ..state import Record, ShotState

_FRAME_SIZED = ("frames", "alpha", "despilled", "matte", "depth", "controls")


class StageContext:
    """The shot, the settings and the frames of one run of one stage.

    Args:
        state: Of the shot.
        spec: The stage.
        record: Its record, begun.
        frames: Wanted frames, ascending.
        reporter: Receives progress and notes.
    """

    def __init__(
        self, state: ShotState, spec: StageSpec, record: Record, frames: tuple[int, ...], reporter: Reporter
    ) -> None:
        self.state = state
        self.spec = spec
        self.frames = frames
        self.job = Job(reporter, spec.name)
        self._record = record
        self._journal = state.journal(spec.name)
        self._warned: set[str] = set()
        self.made = 0

    @property
    def shot(self) -> Shot:
        """The shot."""
        return self.state.shot

    @property
    def settings(self) -> Any:
        """This stage's settings object."""
        return self.shot.settings[self.spec.name]

    def settings_of(self, stage: str) -> Any:
        """Another stage's settings object."""
        return self.shot.settings[stage]

    @property
    def footage(self) -> Footage:
        """What the footage stage found.

        Raises:
            MissingError: It has not run.
        """
        footage = self.state.footage()
        if footage is None:
            raise MissingError("the footage has not been read yet", where=str(self.shot.root))
        return footage

    def facts_of(self, stage: str) -> dict[str, Any]:
        """What another stage told of itself with `record`."""
        record = self.state.record(stage)
        return record.facts if record else {}

    def is_enabled(self, stage: str) -> bool:
        """Whether the shot uses a stage."""
        return self.state.is_enabled(stage)

    def pending(self) -> list[int]:
        """Wanted frames that are not finished."""
        return [frame for frame in self.frames if not self.is_finished(frame)]

    def is_finished(self, frame: int) -> bool:
        """Whether a frame is made and whole, or replaced by the artist."""
        return self.state.is_finished(self.spec, frame)

    def has(self, name: str) -> bool:
        """Whether another output of this stage is made and whole, or replaced by the artist."""
        return self._journal.condition(name) in ("finished", "edited")

    def is_own(self, name: str) -> bool:
        """Whether the artist has replaced an output of this stage."""
        return self._journal.condition(name) == "edited"

    def path(self, folder: str, frame: int) -> Path:
        """Where a frame lies; a folder of this stage takes this stage's suffix, any other its own stage's."""
        return self.shot.root / folder / frame_name(frame, _suffix(folder, self.spec))

    def file(self, name: str) -> Path:
        """A path relative to the shot."""
        return self.shot.root / name

    def cache(self, name: str = "") -> Path:
        """A private folder for work in progress, emptied when the stage becomes stale."""
        folder = self.state.cache_folder(self.spec.name) / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def picture(self, before: str | None = None) -> str:
        """Folder of the film's picture as the nearest earlier stage in use leaves it ("frames" at first).

        Args:
            before: Stage to look before; this one when not given.
        """
        folder = "frames"
        for spec in STAGES:
            if spec.name == (before or self.spec.name):
                break
            if spec.name == "matte" and self.is_enabled("matte"):
                folder = str(self.facts_of("matte").get("picture", folder))
            elif spec.picture and self.is_enabled(spec.name):
                folder = spec.picture
        return folder

    def read_rgb(self, folder: str, frame: int) -> npt.NDArray[np.float32]:
        """A colour frame, float32 (H, W, 3), 0..1, sRGB."""
        return self._fitting(files.read_rgb(self.path(folder, frame)), folder, frame)

    def read_rgb8(self, folder: str, frame: int) -> npt.NDArray[np.uint8]:
        """A colour frame, uint8 (H, W, 3), sRGB."""
        return self._fitting(files.read_rgb8(self.path(folder, frame)), folder, frame)

    def read_grey(self, folder: str, frame: int) -> npt.NDArray[np.float32]:
        """A grey frame, float32 (H, W), 0..1."""
        return self._fitting(files.read_grey(self.path(folder, frame)), folder, frame)

    def _fitting(self, image: npt.NDArray[Any], folder: str, frame: int) -> npt.NDArray[Any]:
        """The picture, if it has the size that this folder's pictures have; the artist may have painted over it."""
        footage = self.state.footage()
        if footage is None or folder.partition("/")[0] not in _FRAME_SIZED:
            return image
        if image.shape[:2] != (footage.height, footage.width):
            raise InputError(
                f"is {image.shape[1]}x{image.shape[0]} pixels, the frames are {footage.width}x{footage.height}",
                where=str(self.path(folder, frame)),
                remedy="Paint it at the size of the frames, or delete it to have it made anew.",
            )
        return image

    def write_rgb(self, folder: str, frame: int, image: npt.NDArray[Any], bits: int = 8) -> None:
        """Finish a colour frame: float 0..1 or uint8, (H, W, 3) or (H, W, 4)."""
        self.write_frame(folder, frame, files.encode_png(image, bits))

    def write_grey(self, folder: str, frame: int, image: npt.NDArray[Any], bits: int = 8) -> None:
        """Finish a grey frame: float 0..1, uint8 or uint16, (H, W)."""
        self.write_frame(folder, frame, files.encode_png(image, bits))

    def write_frame(self, folder: str, frame: int, data: bytes) -> None:
        """Finish a numbered file from its bytes. A frame the artist has edited stays as it is."""
        name = f"{folder}/{frame_name(frame, _suffix(folder, self.spec))}"
        if self._journal.condition(name) == "edited" or name in self.state.locked(self.spec):
            return
        self._journal.write(name, data)
        self._count(folder)

    def write_bytes_frame(self, folder: str, frame: int, data: bytes) -> None:
        """The same as `write_frame`, for stages whose numbered files are not pictures."""
        self.write_frame(folder, frame, data)

    def adopt_frame(self, folder: str, frame: int, part: Path) -> None:
        """Finish a numbered file that another program has written beside its place."""
        self._journal.adopt(f"{folder}/{frame_name(frame, _suffix(folder, self.spec))}", part)
        self._count(folder)

    def _count(self, folder: str) -> None:
        if self.spec.folders and folder == self.spec.folders[-1]:
            self.made += 1

    def write_bytes(self, name: str, data: bytes) -> None:
        """Finish another output, named relative to the shot."""
        self._journal.write(name, data)

    def write_text(self, name: str, text: str) -> None:
        """Finish another output as UTF-8 text."""
        self.write_bytes(name, text.encode("utf-8"))

    def adopt(self, name: str, part: Path) -> None:
        """Finish another output that another program has written beside its place."""
        self._journal.adopt(name, part)

    def flow(self, frame: int, to: int) -> npt.NDArray[np.float32]:
        """Motion between neighbours of one scene.

        Args:
            frame: The frame the flow starts from and is sampled at.
            to: The frame before or after it.

        Returns:
            float32 (H, W, 2), (dx, dy) pixels, at the footage's size.

        Raises:
            EngineError: Not neighbours, or a cut lies between them.
        """
        if abs(frame - to) != 1 or not any(first <= min(frame, to) and max(frame, to) <= last
                                           for first, last in self.footage.scenes):
            raise EngineError(f"there is no motion from frame {frame} to frame {to}: not neighbours of one scene")
        forward, backward = flow_store.load_pair(self.path("state/flow", min(frame, to)))
        return forward if to > frame else backward

    def step(self, what: str, done: int, total: int, unit: str = "frames") -> None:
        """Progress of a pass; raises Cancelled when the work should stop. Call it once a frame."""
        self.job.step(what, done, total, unit)

    def note(self, text: str) -> None:
        """Tell the artist of a choice."""
        self.job.note(text)

    def warn(self, text: str) -> None:
        """Tell the artist of something unusual, once."""
        if text not in self._warned:
            self._warned.add(text)
            self.job.warn(text)

    def record(self, **facts: Any) -> None:
        """Keep facts about this stage's output; `status` shows them."""
        self._record.facts.update(facts)
        self.state.save(self.spec.name, self._record)


def _suffix(folder: str, own: StageSpec) -> str:
    if folder in own.folders:
        return own.suffix
    for spec in BY_NAME.values():
        if folder in spec.folders:
            return spec.suffix
    return ".png"
