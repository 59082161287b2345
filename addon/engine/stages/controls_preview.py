# SPDX-License-Identifier: GPL-3.0-or-later
"""All kinds of control of any frame on request, key or not: nothing of the shot is changed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..frames import frame_name
from ..schema.controls import FOLDER, ControlsSettings, wanted_kinds
from ..schema.controls_recipes import networks_of
from ..schema.diffuse_model import KINDS
from .context import StageContext
from .controls import sheet
from .controls_maker import ControlMaker

Image = npt.NDArray[np.float32]

_CELL_WIDTH = 640


def is_made(context: StageContext, frame: int) -> bool:
    """Never: the stage makes the kinds that are switched on, of keys; a preview shows every kind."""
    return False


def preview(context: StageContext, frame: int) -> Image:
    """The footage and every kind, labelled: the artist's own pictures, the rest as the settings make them now.

    A kind that is switched off is shown too, so that one can choose, unless it would ask a network.

    Args:
        context: Of the controls stage.
        frame: From 1.

    Returns:
        float32 (H, W, 3), 0..1, sRGB.

    Raises:
        MissingError: A network is not installed.
        InputError: A picture of the artist's has another size than the footage.
    """
    settings: ControlsSettings = context.settings
    wanted = wanted_kinds(settings)
    maker = ControlMaker(context, settings)
    maker.check(wanted)
    pictures, labels = [maker.footage(frame)], [f"frame {frame}"]
    for kind in KINDS:
        name = f"{FOLDER}/{kind}/{frame_name(frame)}"
        if kind not in wanted and networks_of(kind, settings):
            continue
        is_own = context.is_own(name)
        pictures.append(context.read_rgb8(f"{FOLDER}/{kind}", frame) if is_own else maker.picture(kind, frame))
        labels.append(kind + (": yours" if is_own else "") + ("" if kind in wanted else " (off)"))
    return sheet(pictures, labels, _CELL_WIDTH).astype(np.float32) * np.float32(1 / 255)
