# SPDX-License-Identifier: GPL-3.0-or-later
"""Words for what is not the character: a part of the picture, by the matte, that looks at words of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..image.grid import Layout, join, resized
from ..models.diffusion.request import Cell, Mask
from ..schema.diffuse import DiffuseSettings
from ..schema.diffuse_model import whole_prompt
from .context import StageContext

_COVERED = 0.5


def with_background(
    context: StageContext, settings: DiffuseSettings, layout: Layout, frames: tuple[int, ...], cells: tuple[Cell, ...]
) -> tuple[Cell, ...]:
    """Parts with wishes of their own, and the background of all of them; words of a key are its character's then.

    Args:
        context: Of the stage.
        settings: Of the stage.
        layout: Of the cells.
        frames: Frames by cell, row by row.
        cells: Of keys with wishes of their own.
    """
    words = settings.background_prompt
    if not words.strip():
        return cells
    character = _character(context, layout, frames)
    if character.min() > _COVERED:
        context.warn("The words of diffuse.background_prompt are nowhere: the matte takes the whole picture.")
        return cells
    parts: list[Cell] = []
    for cell in cells:
        if cell.prompt is not None:
            parts.append(Cell(cell.mask * character, cell.prompt))
        if cell.seed is not None or cell.strength is not None:
            parts.append(replace(cell, prompt=None))
    return (Cell(1 - character, whole_prompt(settings, words)), *parts)


def _character(context: StageContext, layout: Layout, frames: tuple[int, ...]) -> Mask:
    """How much of each pixel of the grid is the character, float32 (H, W), 0..1."""
    mattes = {}
    for frame in set(frames):
        grey = np.clip(resized(context.read_grey("matte", frame), layout.frame), 0, 1)
        mattes[frame] = np.repeat(np.rint(grey * 255).astype(np.uint8)[..., None], 3, axis=2)
    return join(layout, mattes, frames)[..., 0].astype(np.float32) / np.float32(255)
