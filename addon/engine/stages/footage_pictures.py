# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of pictures, or one picture, as the source of a shot's frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..image.clip import Start
from ..image.orientation import Orientation
from ..image.sequence import Sequence, find_sequence, read_picture
from ..schema.footage import FootageSettings
from .footage_plan import Plan, cropped_size, picture_timing, work_size

Image = npt.NDArray[np.float32]
Step = Callable[[str, int, int], None]


class PictureSource:
    """Frames of a folder of pictures.

    Args:
        path: The folder, or one picture.
        settings: Of the footage stage.

    Raises:
        InputError: No pictures, or several sequences in the folder.
    """

    def __init__(self, path: Path, settings: FootageSettings) -> None:
        self._path = path
        self._settings = settings
        self._sequence = find_sequence(path) if path.is_dir() else Sequence((path,), (1,))

    def plan(self, step: Step) -> Plan:
        """Look at every picture once and decide.

        Raises:
            InputError: Damaged pictures, mixed sizes, or gaps when they are not allowed.
        """
        gaps = self._sequence.gap_text()
        if gaps and self._settings.gaps == "error":
            raise InputError(f"pictures are missing: {gaps}", where=str(self._path), remedy="Add them.")
        sizes: dict[Path, tuple[int, int]] = {}
        bits, has_alpha = 8, False
        for index, path in enumerate(self._sequence.paths):
            step("looking at the pictures", index, len(self._sequence.paths))
            image, alpha, depth = read_picture(path)
            sizes[path] = (image.shape[1], image.shape[0])
            bits = max(bits, depth)
            has_alpha = has_alpha or (alpha is not None and float(alpha.min()) < 254 / 255)
        size = self._one_size(sizes)
        scaled = work_size(*size, self._settings.long_side)
        timing = picture_timing(self._sequence.numbers, self._settings, str(self._path))
        return Plan(
            timing=timing,
            clock_seconds=timing.start_seconds,
            scaled=scaled,
            size=cropped_size(scaled, self._settings.multiple),
            stored=size,
            orientation=Orientation(),
            coding=None,
            colour=f"rgb, {bits} bit",
            bits={"auto": bits, "8": 8, "16": 16}[self._settings.bits],
            has_alpha=has_alpha and self._settings.alpha != "off",
            peak_nits=0.0,
            deinterlace=False,
            steady=False,
            start=Start(),
            told=tuple(self._told(gaps, len(timing.picks))),
        )

    def pictures(self, plan: Plan, wanted: set[int]) -> Iterator[tuple[int, Image, Image | None]]:
        """The wanted pictures, by their place in the folder, at working size.

        Yields:
            Place from 1, float32 (H, W, 3) sRGB 0..1, float32 (H, W) alpha or None; ascending.
        """
        for number in sorted(wanted):
            image, alpha, _ = read_picture(self._sequence.paths[number - 1])
            if alpha is None and plan.has_alpha:
                alpha = np.ones(image.shape[:2], np.float32)
            if alpha is not None and self._settings.alpha == "premultiplied":
                image = np.clip(image / np.maximum(alpha, np.float32(1 / 255))[..., None], 0, 1).astype(np.float32)
            yield number, _resized(image, plan.scaled), _resized(alpha, plan.scaled) if alpha is not None else None

    def _one_size(self, sizes: dict[Path, tuple[int, int]]) -> tuple[int, int]:
        (usual, _), *others = Counter(sizes.values()).most_common()
        if others:
            odd = [path.name for path, size in sizes.items() if size != usual]
            shown = ", ".join(
                f"{name} ({sizes[self._path_of(name, sizes)][0]}x{sizes[self._path_of(name, sizes)][1]})"
                for name in odd[:5]
            )
            raise InputError(
                f"the pictures have different sizes: most are {usual[0]}x{usual[1]}, but not {shown}"
                + (f" and {len(odd) - 5} more" if len(odd) > 5 else ""),
                where=str(self._path),
                remedy="Make them one size.",
            )
        return usual

    def _path_of(self, name: str, sizes: dict[Path, tuple[int, int]]) -> Path:
        return next(path for path in sizes if path.name == name)

    def _told(self, gaps: str, count: int) -> Iterator[str]:
        if gaps and self._settings.gaps == "hold":
            yield f"! pictures are missing: {gaps}; the picture before each gap is held in their place"
        elif gaps:
            yield f"! pictures are missing: {gaps}; the gaps are closed, so the motion jumps there"
        if count == 1:
            yield "the shot has a single frame: nothing moves"
        elif not self._settings.frame_rate:
            yield "a folder of pictures has no frame rate; 24 a second is taken (footage.frame_rate)"


def _resized(image: Image, size: tuple[int, int]) -> Image:
    if image.shape[1::-1] == size:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.float32)
