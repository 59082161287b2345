# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests looked through before any work: what cannot be done is told, sizes are made to fit."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import replace
from typing import Any, cast

import cv2
import numpy as np

from ...errors import InputError, SettingError
from .request import Control, Image8, Mask, Model, Request

MULTIPLES = {"sd15": 8, "sdxl": 8, "zimage": 16}
"""Pixels that a picture must be a multiple of, each way; others are extended and cut again."""
_SMALLEST = 64
_SHAPE_TOLERANCE = 0.03


def steps_done(steps: int, strength: float) -> int:
    """How many of the schedule's steps are done.

    Args:
        steps: Those of a strength of 1.
        strength: Denoising strength, 0..1.

    Raises:
        SettingError: None would be; says which strength would give one.
    """
    count = min(int(steps * strength), steps)
    if count < 1:
        least = math.ceil(100 / steps) / 100 if steps > 0 else 1.0
        remedy = f"Raise diffuse.strength to {least:.2f} or more, or diffuse.steps." if steps > 0 else (
            "Raise diffuse.steps."
        )
        raise SettingError(f"{steps} steps at denoising strength {strength:g} leave no step to do", remedy=remedy)
    return count


def fitted(request: Request, model: Model, kinds: Collection[str]) -> Request:
    """The request with its controls brought to the picture's size, those without effect left out, and every picture
    extended at the right and below to whole latents.

    Args:
        request: As asked.
        model: What will draw it.
        kinds: Of control that the model has ControlNets for.

    Raises:
        SettingError: Strength, steps or a control's range leave nothing to do.
        InputError: Pictures that do not belong together, or a part that the model lacks.
    """
    for strength in (request.strength, *(cell.strength for cell in request.cells if cell.strength is not None)):
        steps_done(request.steps, strength)
    _check_pictures(request)
    _check_parts(request, model, kinds)
    height, width = request.image.shape[:2]
    controls = tuple(
        replace(control, image=_sized(control, width, height)) for control in request.controls if _counts(control)
    )
    multiple = MULTIPLES[model.family]
    anchor = request.anchor
    if anchor is not None:
        # Of a size of its own.
        anchor = _wide(anchor, -anchor.shape[0] % multiple, -anchor.shape[1] % multiple)
    return _extended(
        replace(request, controls=controls, anchor=anchor), -height % multiple, -width % multiple
    )


def _counts(control: Control) -> bool:
    return control.weight > 0 and control.end > control.start


def _check_pictures(request: Request) -> None:
    height, width = request.image.shape[:2]
    if min(height, width) < _SMALLEST:
        raise InputError(
            f"a picture of {width} x {height} pixels is too small to be redrawn",
            remedy=f"Make it {_SMALLEST} pixels or more each way.",
        )
    others = {"the mask": request.mask, "the kept picture": request.kept}
    others |= {f"part {number}": cell.mask for number, cell in enumerate(request.cells, 1)}
    for name, picture in others.items():
        if picture is not None and picture.shape[:2] != (height, width):
            raise InputError(
                f"{name} has {picture.shape[1]} x {picture.shape[0]} pixels, the picture {width} x {height}"
            )
    if request.kept is not None and request.mask is None:
        raise InputError("a picture that is kept in part needs a mask that says which part")


def _check_parts(request: Request, model: Model, kinds: Collection[str]) -> None:
    for control in filter(_counts, request.controls):
        if control.kind not in kinds:
            raise InputError(
                f"the model has no ControlNet for {control.kind}",
                remedy=f"Choose one in diffuse.controlnets, or set diffuse.{control.kind}_weight to 0.",
            )
    if request.reference is not None and model.ip_adapter is None:
        raise InputError("a reference picture needs an IP-Adapter", remedy="Install one, or take the reference out.")


def _sized(control: Control, width: int, height: int) -> Image8:
    """A control's picture in the size of the drawing.

    Raises:
        InputError: Its shape is another one, so that it would be bent.
    """
    own_height, own_width = control.image.shape[:2]
    if (own_width, own_height) == (width, height):
        return control.image
    if abs(own_width * height / (own_height * width) - 1) > _SHAPE_TOLERANCE:
        raise InputError(
            f"the {control.kind} control has {own_width} x {own_height} pixels, which is another shape than "
            f"the picture's {width} x {height}",
            remedy="Make the control anew, or paint it over the footage's own frame.",
        )
    shrinks = own_width > width
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cast(Image8, cv2.resize(control.image, (width, height), interpolation=way))


def _extended(request: Request, below: int, beside: int) -> Request:
    return replace(
        request,
        image=_wide(request.image, below, beside),
        mask=cast("Mask | None", _wide(request.mask, below, beside)),
        kept=_wide(request.kept, below, beside),
        cells=tuple(replace(cell, mask=_wide(cell.mask, below, beside)) for cell in request.cells),
        controls=tuple(
            replace(control, image=_wide(control.image, below, beside)) for control in request.controls
        ),
    )


def _wide(picture: Any, below: int, beside: int) -> Any:
    """A picture or mask with its last row and column repeated."""
    if picture is None or not (below or beside):
        return picture
    return np.pad(picture, ((0, below), (0, beside), (0, 0))[: picture.ndim], mode="edge")
