# SPDX-License-Identifier: GPL-3.0-or-later
"""A region of a redrawn key drawn again: cut out large, held outside its mask, put back where it was.

The key then is the artist's own picture: later runs keep it. What it was before lies among the tries.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..cache import write_atomic
from ..errors import InputError, MissingError, SettingError
from ..image import files
from ..image.control_fit import fitted
from ..image.grid import Layout
from ..image.region import Cut, Image8, Mask, cut_around, feathered, resized
from ..models.diffusion.diffuser import diffuser_for
from ..models.diffusion.request import Cell, Control, Family, Request
from ..schema.diffuse import FOLDER, DiffuseSettings
from ..tries import Tries, Try, settings_of
from .context import StageContext
from .diffuse_request import key_layout, model_of, request_of_key, words_of_keys
from .diffuse_try import Watch
from .redraw_parts import painted_mask, part_mask

_NATIVE: dict[Family, int] = {"sd15": 512, "sdxl": 1024, "zimage": 1024}
"""Long side a family draws well, in pixels."""
_FEATHER = 0.06
"""Of the longer side of the region: over so much the old picture goes over into the new one."""


@dataclass(frozen=True)
class Region:
    """What is drawn again.

    Attributes:
        frame: The key.
        part: A part of a person (`redraw_parts.PARTS`); empty with a mask.
        mask: The artist's own mask; None with a part.
        long_side: Of the drawing, in pixels; 0 for what the family draws well.
    """

    frame: int
    part: str = ""
    mask: Path | None = None
    long_side: int = 0


def redraw(context: StageContext, region: Region, *, keeps_key: bool = False) -> tuple[int, Path]:
    """Draw a region again.

    Args:
        context: Of the diffuse stage.
        region: What, and how large.
        keeps_key: Only make a try; the key stays as it is.

    Returns:
        The number of the try and where its picture is.

    Raises:
        InputError: The frame is no key, the region is empty or of the wrong shape.
        MissingError: The key is not redrawn yet, or nobody was looked for.
        Cancelled: The artist stopped; nothing was changed.
    """
    settings: DiffuseSettings = context.settings
    path = styled_path(context, region.frame)
    before = files.read_rgb8(path)
    model = model_of(context, settings)
    mask = _mask(context, region, before)
    cut = cut_around(mask, _long_side(region, model.family))
    whole = request_of_key(context, settings, region.frame)
    request = _cut_request(whole, key_layout(context, settings), before, mask, cut)
    diffuser = diffuser_for(model, settings.device, context.note)
    started = time.monotonic()
    drawn = diffuser.draw(request, Watch(context, region.frame).step)
    made = cut.back(before, drawn, mask)
    what = Try(
        0, "redraw", (region.frame,), settings_of(context.shot.settings), words_of_keys(context, (region.frame,)),
        seconds=round(time.monotonic() - started, 2), note=f"{region.part or 'a painted mask'} again",
        facts={"box": list(cut.box), "size": list(cut.size), "steps": request.steps},
    )
    history = Tries(context.shot.state)
    if not keeps_key:
        old = replace(what, note=f"frame {region.frame} before {what.note}", seconds=0.0, facts={})
        history.add(files.encode_png(before), old)
    item = history.add(files.encode_png(made), what)
    if not keeps_key:
        write_atomic(path, files.encode_png(made))
        context.note(f"frame {region.frame} is your own picture now: later runs keep it")
    context.job.preview(region.frame, str(history.picture(item.number)))
    return item.number, history.picture(item.number)


def use(context: StageContext, item: Try) -> Path:
    """Put a try's picture in the place of its key.

    Args:
        context: Of the diffuse stage.
        item: Shows one key.

    Raises:
        InputError: The picture is damaged, or smaller than the key.
        MissingError: The key is not redrawn yet.
    """
    frame = item.frames[0]
    path = styled_path(context, frame)
    picture = files.read_rgb8(Tries(context.shot.state).picture(item.number))
    there = files.read_rgb8(path)
    if picture.shape[0] < there.shape[0] or picture.shape[1] < there.shape[1]:
        raise InputError(
            f"try {item.number} is {picture.shape[1]}x{picture.shape[0]} pixels, the key {there.shape[1]}x"
            f"{there.shape[0]}",
            remedy="Restore its settings and draw the key at full size.",
        )
    write_atomic(path, files.encode_png(resized(picture, (there.shape[1], there.shape[0]))))
    context.note(f"frame {frame} is your own picture now: later runs keep it")
    return path


def styled_path(context: StageContext, frame: int) -> Path:
    """Where a redrawn key is.

    Raises:
        InputError: The frame is no key.
        MissingError: It is not redrawn yet.
    """
    keys = context.state.frames_of(context.spec)
    if frame not in keys:
        near = sorted(keys, key=lambda key: abs(key - frame))[:2]
        remedy = f"The nearest are {' and '.join(str(key) for key in sorted(near))}." if near else "Run the keys stage."
        raise InputError(f"frame {frame} is no key", remedy=remedy)
    path = context.path(FOLDER, frame)
    if not path.is_file():
        raise MissingError(f"frame {frame} is not redrawn yet", where=str(path), remedy="Run the diffuse stage first.")
    return path


def _mask(context: StageContext, region: Region, picture: Image8) -> Mask:
    """The mask at the key's size, soft inwards."""
    size = (picture.shape[1], picture.shape[0])
    if region.mask is not None:
        hard = painted_mask(region.mask, size)
    else:
        hard = np.asarray(resized(part_mask(context, region.frame, region.part), size), np.float32)
    extent = np.ptp(np.argwhere(hard > 0.5), axis=0).max() if (hard > 0.5).any() else 0
    return feathered(hard, float(extent) * _FEATHER)


def _long_side(region: Region, family: Family) -> int:
    if not region.long_side:
        return _NATIVE[family]
    if not 256 <= region.long_side <= 2048 or region.long_side % 8:
        raise SettingError(
            f"{region.long_side} pixels cannot be drawn", remedy="Give a multiple of 8 from 256 to 2048 after --size."
        )
    return region.long_side


def _cut_request(whole: Request, layout: Layout, picture: Image8, mask: Mask, cut: Cut) -> Request:
    """The request for a region: the key as it is redrawn now is what is drawn over, and what stays."""
    size = (picture.shape[1], picture.shape[0])

    def out(control: Control) -> Control:
        image: Any = cut.out(fitted(control.kind, control.image[layout.frame_box(0)], size))
        return replace(control, image=image)

    def part_out(cell: Cell) -> Cell:
        part: Any = cut.out(resized(cell.mask[layout.frame_box(0)], size))
        return replace(cell, mask=np.clip(part, 0, 1))

    now: Any = cut.out(picture)
    return replace(
        whole, image=now, kept=now, mask=(cut.out(mask) > 0).astype(np.float32), anchor=None,
        controls=tuple(out(control) for control in whole.controls),
        cells=tuple(part_out(cell) for cell in whole.cells),
    )
