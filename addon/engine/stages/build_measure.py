# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the figure is in each frame, seen from the filming camera: what the scene is laid out by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from ..cache import digest, write_json
from ..errors import InputError
from .context import StageContext

Image = npt.NDArray[np.float32]

_VERSION = 1
_MOST_FRAMES = 400
_REMEDY = "Delete it and run again."
_GRID_PIXELS = 320
_LEAST_SHARE = 0.02
_EDGE_PIXELS = 1
_CROPPED_SHARE = 0.5


def read_depth_facts(path: Path) -> dict[str, float]:
    """`near_metres`, `far_metres` and `focal_pixels` of `depth.json`.

    Raises:
        InputError: Missing, damaged or impossible.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        names = ("near_metres", "far_metres", "focal_pixels")
        facts = {name: float(data[name]) for name in names}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("is missing or damaged", where=str(path), remedy=_REMEDY) from error
    if not 0 < facts["near_metres"] < facts["far_metres"] or facts["focal_pixels"] <= 0:
        raise InputError("holds an impossible range of depth", where=str(path), remedy=_REMEDY)
    return facts


def figure_of(context: StageContext, facts: dict[str, float]) -> dict[str, Any]:
    """`measure`, remembered for as long as matte, cut-out and depth are the same: it reads hundreds of pictures."""
    path = context.state.cache_folder("figure") / "figure.json"
    made_of = digest([_VERSION, facts, *(context.state.output_stamp(name) for name in ("footage", "matte", "cutout"))])
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["made_of"] == made_of:
            return cast(dict[str, Any], kept["figure"])
    except (OSError, ValueError, KeyError, TypeError):
        # Not measured yet, or the file is damaged: it is made anew.
        pass
    figure = measure(context, facts)
    write_json(path, {"made_of": made_of, "figure": figure})
    return figure


def measure(context: StageContext, facts: dict[str, float]) -> dict[str, Any]:
    """The figure's box and distance over the shot.

    Returns:
        Lists by measured frame: `frames`, `left`, `right`, `bottom`, `top` (offset from the axis over distance, up is
        positive), `distance` and `feet_distance` (metres); `typical_metres`; `cropped`: tangents of the picture's
        edges that cut the figure off; `rate`: measured frames a second. Frames without a figure are filled in
        between their neighbours; `found` is False when there is none at all.
    """
    footage = context.footage
    every = max(1, -(-footage.count // _MOST_FRAMES))
    frames = sorted({*range(1, footage.count + 1, every), footage.count})
    rows: list[npt.NDArray[np.float64]] = []
    for done, frame in enumerate(frames, 1):
        matte = context.read_grey("matte", frame)
        disparity = context.read_grey("cutout/depth", frame)
        rows.append(measure_frame(matte, disparity, facts))
        context.step("measuring the figure", done, len(frames))
    return summary(np.array(rows), frames, facts, (footage.width, footage.height), float(footage.frame_rate) / every)


def measure_frame(matte: Image, disparity: Image, facts: dict[str, float]) -> npt.NDArray[np.float64]:
    """Left, right, bottom, top (tangents), distance, feet distance, then whether left, right, bottom, top are cut.

    Args:
        matte: float32 (H, W), 0..1.
        disparity: float32 (H, W), 0..1, near is 1, at any size.
        facts: Of `depth.json`.
    """
    height, width = matte.shape
    scale = min(1.0, _GRID_PIXELS / max(width, height))
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    solid = _largest(cv2.resize(matte, size, interpolation=cv2.INTER_AREA) > 0.5)
    if not solid.any():
        return np.full(10, np.nan)
    rows, columns = np.nonzero(solid)
    # Of the full picture, from the corner of its first pixel.
    left, right = columns.min() * width / size[0], (columns.max() + 1) * width / size[0]
    top, bottom = rows.min() * height / size[1], (rows.max() + 1) * height / size[1]
    metres = distance_of(cast(Image, cv2.resize(disparity, size, interpolation=cv2.INTER_AREA)), facts)
    feet = rows > rows.max() - max(2, round(0.05 * (rows.max() - rows.min())))
    focal, centre = facts["focal_pixels"], (width / 2, height / 2)
    cuts = (
        left * scale <= _EDGE_PIXELS,
        (width - right) * scale <= _EDGE_PIXELS,
        (height - bottom) * scale <= _EDGE_PIXELS,
        top * scale <= _EDGE_PIXELS,
    )
    return np.array(
        [
            (left - centre[0]) / focal,
            (right - centre[0]) / focal,
            (centre[1] - bottom) / focal,
            (centre[1] - top) / focal,
            np.median(metres[solid]),
            np.median(metres[rows[feet], columns[feet]]),
            *cuts,
        ],
        np.float64,
    )


def distance_of(disparity: Image, facts: dict[str, float]) -> Image:
    """Metres of disparity, by the formula of `depth.json`."""
    far = 1 / facts["far_metres"]
    return (1 / (disparity * (1 / facts["near_metres"] - far) + far)).astype(np.float32)


def _largest(solid: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Without specks: parts under a fiftieth of the whole."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)
    areas = np.array([stats[part, cv2.CC_STAT_AREA] for part in range(count)])
    kept = areas >= _LEAST_SHARE * max(1, areas[1:].sum())
    kept[0] = False
    return kept[cast(npt.NDArray[np.int32], labels)]


def summary(
    rows: npt.NDArray[np.float64],
    frames: list[int],
    facts: dict[str, float],
    size: tuple[int, int],
    rate: float,
) -> dict[str, Any]:
    """The measurements of all frames as the scene takes them; see `measure`."""
    known = np.isfinite(rows[:, 0])
    found = bool(known.any())
    rows = rows if found else np.tile(_stand_in(facts, size), (len(frames), 1))
    known = known if found else np.ones(len(frames), bool)
    names = ("left", "right", "bottom", "top", "distance", "feet_distance")
    places = np.arange(len(frames))
    filled = {
        name: [round(float(value), 5) for value in np.interp(places, places[known], rows[known, column])]
        for column, name in enumerate(names)
    }
    edges = {
        "left": -size[0] / 2 / facts["focal_pixels"],
        "right": size[0] / 2 / facts["focal_pixels"],
        "bottom": -size[1] / 2 / facts["focal_pixels"],
        "top": size[1] / 2 / facts["focal_pixels"],
    }
    shares = rows[known, 6:].mean(0)
    cropped = {name: edges[name] for name, share in zip(edges, shares, strict=True) if share > _CROPPED_SHARE}
    return {
        **filled,
        "frames": frames,
        "found": found,
        "typical_metres": round(float(np.median(filled["distance"])), 5),
        "cropped": cropped,
        "rate": rate,
    }


def _stand_in(facts: dict[str, float], size: tuple[int, int]) -> npt.NDArray[np.float64]:
    """A figure in the middle of an empty shot, so that the set has a size."""
    metres = (facts["near_metres"] + facts["far_metres"]) / 2
    half = 0.4 * size[1] / facts["focal_pixels"]
    return np.array([-half / 2, half / 2, -half, half, metres, metres, 0, 0, 0, 0], np.float64)
