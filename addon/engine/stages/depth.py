# SPDX-License-Identifier: GPL-3.0-or-later
"""The depth stage: a layout depth of the character on its ground, the background behind."""

from __future__ import annotations

import io
import json
from functools import lru_cache
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from ..cache import write_atomic
from ..image.layout import Layout, focal_pixels
from ..image.warp import Flow, compose, resize_flow, warp
from ..schema.depth import FILE, FOLDER, DepthSettings
from .context import StageContext
from .depth_figures import Figures, measure_figures

Image = npt.NDArray[np.float32]

_GRID_PIXELS = 384
_WEIGHTS = {0: 6.0, 1: 4.0, 2: 1.0}
_LABEL = "layout depth"
_FORMULA = "distance = 1 / (d * (1 / near_metres - 1 / far_metres) + 1 / far_metres)"


def run(context: StageContext) -> None:
    """Measure the shot, model every frame on a small grid, then steady, enlarge and write."""
    pending = context.pending()
    figures = measure_figures(context)
    layout = _layout(context, figures)
    context.write_text(FILE, _description(context, layout, figures))
    context.record(engine=figures.engine, label=_LABEL)
    raw = _Raw(context, figures)
    for done, frame in enumerate(pending, 1):
        distance = _steady(context, raw, frame)
        context.write_grey(FOLDER, frame, _disparity(context, layout, distance, frame), bits=16)
        context.step("modelling", done, len(pending))


def grid_of(width: int, height: int) -> tuple[int, int, float]:
    """Width, height and scale of the working grid."""
    scale = min(1.0, _GRID_PIXELS / max(width, height))
    return max(2, round(width * scale)), max(2, round(height * scale)), scale


def _layout(context: StageContext, figures: Figures) -> Layout:
    settings: DepthSettings = context.settings
    footage = context.footage
    wall = figures.farthest_metres + settings.wall_metres
    near = max(0.35 * figures.nearest_metres, figures.nearest_metres - 0.5 * max(settings.strength, 0.2))
    return Layout(
        focal_pixels=focal_pixels(footage.width, footage.height, settings.field_of_view),
        horizon_pixels=(footage.height - 1) / 2,
        camera_metres=figures.camera_metres,
        wall_metres=wall,
        near_metres=near,
        far_metres=1.02 * wall,
    )


def _description(context: StageContext, layout: Layout, figures: Figures) -> str:
    settings: DepthSettings = context.settings
    values = {
        "label": _LABEL,
        "source": "footage",
        "engine": figures.engine,
        "unit": "disparity, 65535 is nearest",
        "formula": _FORMULA,
        "near_metres": round(layout.near_metres, 5),
        "far_metres": round(layout.far_metres, 5),
        "wall_metres": round(layout.wall_metres, 5),
        "subject_metres": round(figures.typical_metres, 5),
        "camera_metres": round(layout.camera_metres, 5),
        "field_of_view_degrees": settings.field_of_view,
        "focal_pixels": round(layout.focal_pixels, 4),
        "horizon_pixels": layout.horizon_pixels,
        "distances_metres": [round(float(value), 4) for value in figures.distances_metres],
    }
    return json.dumps(values, indent=1) + "\n"


class _Raw:
    """Distances of the figure before steadying, one small file a frame, made on demand."""

    def __init__(self, context: StageContext, figures: Figures) -> None:
        self._context = context
        self._figures = figures
        self._folder = context.cache("raw")
        self.get = lru_cache(maxsize=8)(self._get)

    def _path(self, frame: int) -> Path:
        return self._folder / f"{frame:06d}.npy"

    def _get(self, frame: int) -> Image:
        path = self._path(frame)
        if not path.is_file():
            self._make(frame, path)
        return np.load(path, allow_pickle=False).astype(np.float32) + np.float32(self._figures.typical_metres)

    def _make(self, frame: int, path: Path) -> None:
        width, height, scale = grid_of(self._context.footage.width, self._context.footage.height)
        matte = cv2.resize(self._context.read_grey("matte", frame), (width, height), interpolation=cv2.INTER_AREA)
        distance = self._figures.distance(frame, cast(Image, matte), scale)
        # Half precision about the usual distance keeps a tenth of a millimetre.
        stream = io.BytesIO()
        np.save(stream, (distance - np.float32(self._figures.typical_metres)).astype(np.float16))
        write_atomic(path, stream.getvalue())


def _steady(context: StageContext, raw: _Raw, frame: int) -> Image:
    """The mean of five frames along the motion, weights 1 4 6 4 1, inside the scene."""
    first, last = context.footage.scene_of(frame)
    total = _WEIGHTS[0] * raw.get(frame)
    weight = _WEIGHTS[0]
    for direction in (-1, 1):
        flow: Flow | None = None
        for reach in (1, 2):
            other = frame + direction * reach
            if not first <= other <= last:
                break
            step = resize_flow(context.flow(other - direction, other), *total.shape)
            flow = step if flow is None else compose(flow, step)
            total = total + _WEIGHTS[reach] * warp(raw.get(other), flow)
            weight += _WEIGHTS[reach]
    return (total / weight).astype(np.float32)


def _disparity(context: StageContext, layout: Layout, distance: Image, frame: int) -> Image:
    footage = context.footage
    size = (footage.width, footage.height)
    matte = np.clip((context.read_grey("matte", frame) - np.float32(0.25)) * 2, 0, 1)
    figure = layout.disparity(cast(Image, cv2.resize(distance, size, interpolation=cv2.INTER_CUBIC)))
    behind = layout.disparity(layout.background(*size, 1.0))
    return (behind + (figure - behind) * matte).astype(np.float32)
