# SPDX-License-Identifier: GPL-3.0-or-later
"""The encode stage: the film of the shot, from the frames of the last stage in use and the clip's sound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

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
    name = context.shot.name + SUFFIXES[settings.codec]
    made = _made(context, name)
    write_movie(
        made,
        _pictures(context, folder, matte),
        frame_rate=footage.frame_rate,
        times_seconds=footage.times_seconds if is_exact else None,
        sound=sound if sound and sound.is_file() else None,
        codec=settings.codec,
        quality=settings.quality,
        report=lambda count: context.step("encoding", count, footage.count),
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
    for frame in range(1, context.footage.count + 1):
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
