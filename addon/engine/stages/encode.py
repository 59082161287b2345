# SPDX-License-Identifier: GPL-3.0-or-later
"""The encode stage: the film of the shot, from the frames of the last stage in use and the clip's sound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ..frames import range_text
from ..image.video import SUFFIXES, write_movie
from ..schema.encode import EncodeSettings
from .context import StageContext


def run(context: StageContext) -> None:
    """Write `<shot>.mp4`, or `<shot>.mov` with the matte as alpha.

    Raises:
        InputError: A frame is missing, damaged or of another size than the first.
    """
    settings: EncodeSettings = context.settings
    footage = context.footage
    folder = context.picture()
    matte = _matte_folder(context) if settings.codec == "prores4444" and settings.alpha else ""
    sound = context.file(footage.sound) if settings.sound and footage.sound else None
    is_exact = settings.timing == "exact" and not footage.constant_rate
    frames = context.frames
    start = footage.times_seconds[frames[0] - 1]
    is_whole = len(frames) == footage.count
    is_one_piece = frames[-1] - frames[0] + 1 == len(frames)
    excerpt = "" if is_whole else f"_{range_text(frames)}"
    name = context.shot.name + excerpt + SUFFIXES[settings.codec]
    made = _made(context, name)
    write_movie(
        made,
        _pictures(context, folder, matte),
        frame_rate=footage.frame_rate,
        times_seconds=tuple(footage.times_seconds[frame - 1] - start for frame in frames)
        if is_exact and is_one_piece
        else None,
        # Frames with gaps between them are shown one after the other: no sound would fit.
        sound=sound if sound and sound.is_file() and is_one_piece else None,
        sound_offset_seconds=-start,
        codec=settings.codec,
        quality=settings.quality,
        report=lambda count: context.step("encoding", count, len(frames)),
    )
    context.adopt(name, made)
    context.record(file=name, picture=folder, alpha=matte, sound=bool(sound))


def _made(context: StageContext, name: str) -> Path:
    return context.cache() / f"film{Path(name).suffix}"


def _matte_folder(context: StageContext) -> str:
    if context.is_enabled("matte"):
        return "matte"
    return "alpha" if context.footage.has_alpha else ""


def _pictures(context: StageContext, folder: str, matte: str) -> Iterator[npt.NDArray[Any]]:
    for frame in context.frames:
        if context.settings.codec == "h264":
            yield context.read_rgb8(folder, frame)
            continue
        image = context.read_rgb(folder, frame)
        if matte:
            alpha = context.read_grey(matte, frame)
            if alpha.shape != image.shape[:2]:
                alpha = cv2.resize(alpha, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
            image = np.dstack([image, alpha])
        yield np.rint(np.clip(image, 0, 1) * 65535).astype(np.uint16)
