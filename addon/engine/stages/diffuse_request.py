# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diffusion model is asked for: one key alone, or a grid of keys, from the settings and what is on the disk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import MissingError, SettingError
from ..image.control_fit import fitted
from ..image.grid import Layout, Plan, join, layout_of, plan_grids, resized
from ..image.numbered import read_painted
from ..models.diffusion.request import Cell, Control, Image8, Request
from ..models.person.landmarks import Landmarks, load_landmarks
from ..schema.diffuse import DiffuseSettings
from ..schema.diffuse_model import whole_prompt
from .context import StageContext
from .diffuse_background import with_background
from .diffuse_parts import kinds_of, model_of
from .diffuse_words import Words, cells_of, key_words, words_of_keys

__all__ = [
    "Words",
    "frames_of_grid",
    "key_layout",
    "key_words",
    "model_of",
    "plan_of",
    "reference_of",
    "request_of",
    "request_of_cells",
    "request_of_grid",
    "request_of_key",
    "words_of_keys",
]

CONTROLS = "controls"
"""Folder of the controls, one folder a kind in it."""

_LEAST_FACE_SCORE = 0.5


def plan_of(context: StageContext, settings: DiffuseSettings) -> Plan:
    """All grids of the shot: the same for the same keys and settings, whoever asks.

    Raises:
        SettingError: The anchor is no key, or the keys do not fit.
    """
    footage = context.footage
    return plan_grids(
        context.state.frames_of(context.spec),
        (footage.width, footage.height),
        long_side=settings.grid_long_side,
        multiple=settings.cell_multiple,
        most_cells=settings.grid_cells,
        anchor=settings.anchor,
        faces=_face_heights(context),
    )


def key_layout(context: StageContext, settings: DiffuseSettings, scale: float = 1.0) -> Layout:
    """One key alone, as a grid of one cell: at the footage's size, or smaller where the settings hold less.

    Args:
        context: Of the stage.
        settings: Of the stage.
        scale: Of that size, above 0, at most 1.
    """
    footage = context.footage
    wanted = min(max(footage.width, footage.height), settings.grid_long_side)
    long_side = max(settings.cell_multiple, _upward(wanted * scale, settings.cell_multiple))
    return layout_of(1, (footage.width, footage.height), long_side, settings.cell_multiple)


def request_of_key(context: StageContext, settings: DiffuseSettings, frame: int, scale: float = 1.0) -> Request:
    """One key alone.

    Args:
        context: Of the stage.
        settings: Of the stage; a key's own words in `keys.json` go before them.
        frame: Of the key.
        scale: Of the full size, above 0, at most 1.
    """
    words = key_words(context).get(frame, Words())
    layout = key_layout(context, settings, scale)
    return request_of(context, settings, layout, (frame,), words)


def request_of_grid(context: StageContext, settings: DiffuseSettings, grid: int, scale: float = 1.0) -> Request:
    """One grid, as the first one would be drawn: without what it takes over from others.

    Args:
        context: Of the stage.
        settings: Of the stage.
        grid: From 0.
        scale: Of the full size, above 0, at most 1.

    Raises:
        SettingError: There is no such grid.
    """
    frames = frames_of_grid(context, settings, grid)
    return request_of_cells(context, settings, grid_layout(context, settings, scale), frames, key_words(context))


def request_of_cells(
    context: StageContext, settings: DiffuseSettings, layout: Layout, frames: tuple[int, ...], known: dict[int, Words]
) -> Request:
    """These keys in a grid, each with what it asks for itself.

    Args:
        context: Of the stage.
        settings: Of the stage.
        layout: Of the cells.
        frames: Frames by cell, row by row.
        known: What keys ask for, by frame.
    """
    cells, strength = cells_of(settings, layout, frames, known)
    return replace(request_of(context, settings, layout, frames, Words(), cells), strength=strength)


def grid_layout(context: StageContext, settings: DiffuseSettings, scale: float = 1.0) -> Layout:
    """The layout of the shot's grids, reduced."""
    plan, footage = plan_of(context, settings), context.footage
    if scale >= 1:
        return plan.layout
    long_side = max(1, int(max(plan.layout.size) * scale))
    size = footage.width, footage.height
    return layout_of(len(plan.grids[0]), size, _upward(long_side, settings.cell_multiple), settings.cell_multiple)


def frames_of_grid(context: StageContext, settings: DiffuseSettings, grid: int) -> tuple[int, ...]:
    """Frames of a grid (from 0) by cell.

    Raises:
        SettingError: There is no such grid.
    """
    plan = plan_of(context, settings)
    if not 0 <= grid < len(plan.grids):
        raise SettingError(f"there is no grid {grid + 1}", remedy=f"The keys fill grids 1-{len(plan.grids)}.")
    return plan.grids[grid]


def request_of(
    context: StageContext,
    settings: DiffuseSettings,
    layout: Layout,
    frames: tuple[int, ...],
    words: Words,
    cells: tuple[Cell, ...] = (),
) -> Request:
    """What is asked of the model for these keys, laid out so.

    Args:
        context: Of the stage.
        settings: Of the stage.
        layout: Of the cells.
        frames: Frames by cell, row by row.
        words: Go before the settings'.
        cells: Of keys with wishes of their own.

    Raises:
        MissingError: A control is not made, or the reference is not there.
    """
    kinds = kinds_of(context, settings)
    shown = _laid_out(context, layout, frames, (context.picture(), *(f"{CONTROLS}/{kind}" for kind in kinds)))
    return Request(
        prompt=whole_prompt(settings, words.prompt),
        image=shown[0],
        negative_prompt=settings.negative_prompt,
        controls=tuple(_control(settings, kind, image) for kind, image in zip(kinds, shown[1:], strict=True)),
        strength=settings.strength if words.strength is None else words.strength,
        steps=settings.steps,
        guidance=settings.guidance,
        seed=settings.seed if words.seed is None else words.seed,
        scheduler="" if settings.scheduler == "auto" else settings.scheduler,
        reference=reference_of(context, settings),
        reference_weight=settings.reference_weight,
        cells=with_background(context, settings, layout, frames, cells),
    )


def _laid_out(
    context: StageContext, layout: Layout, frames: tuple[int, ...], folders: tuple[str, ...]
) -> list[Image8]:
    """The grid of each folder's pictures. Decoding takes long beside a graphics card: all cores do it."""
    wanted = [(folder, frame) for folder in folders for frame in dict.fromkeys(frames)]

    def read(item: tuple[str, int]) -> Image8:
        folder, kind = item[0].partition("/")[::2]
        picture = _read(context, *item)
        return fitted(kind, picture, layout.frame) if folder == CONTROLS else resized(picture, layout.frame)

    with ThreadPoolExecutor(thread_name_prefix="read") as pool:
        found = dict(zip(wanted, pool.map(read, wanted), strict=True))
    return [join(layout, {frame: found[folder, frame] for frame in frames}, frames) for folder in folders]


def _read(context: StageContext, folder: str, frame: int) -> Image8:
    if folder.startswith(CONTROLS) and not context.path(folder, frame).is_file():
        kind = folder.rpartition("/")[2]
        raise MissingError(
            f"the {kind} control of frame {frame} is missing",
            where=str(context.path(folder, frame)),
            remedy="Run the controls stage.",
        )
    return context.read_rgb8(folder, frame)


def _control(settings: DiffuseSettings, kind: str, image: Image8) -> Control:
    weight, start, end = (getattr(settings, f"{kind}_{name}") for name in ("weight", "start", "end"))
    return Control(kind, image, weight, start, end)


def reference_of(context: StageContext, settings: DiffuseSettings) -> Image8 | None:
    """The picture whose look is followed; None where none is named.

    Raises:
        MissingError: It is not there.
        InputError: It cannot be read.
    """
    if not settings.reference:
        return None
    path = Path(settings.reference).expanduser()
    picture = read_painted(path if path.is_absolute() else context.shot.root / path)
    return np.rint(np.clip(picture[..., :3], 0, 1) * 255).astype(np.uint8)


def _face_heights(context: StageContext) -> dict[int, float]:
    """Height of the largest face of a frame, pixels, where the pose stage found one."""
    path = context.file("pose/landmarks.npz")
    if not path.is_file():
        return {}
    landmarks = load_landmarks(path)
    return {frame: height for frame in range(1, landmarks.frames + 1) if (height := _face_height(landmarks, frame))}


def _face_height(landmarks: Landmarks, frame: int) -> float:
    sure = landmarks.face_score[:, frame - 1] >= _LEAST_FACE_SCORE
    rows = landmarks.face[sure, frame - 1, :, 1]
    whole = rows[np.isfinite(rows).all(axis=1)]
    return float(np.ptp(whole, axis=1).max()) if whole.size else 0.0


def _upward(value: float, multiple: int) -> int:
    return -(-int(round(value)) // multiple) * multiple
