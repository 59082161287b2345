# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls stage: pictures of every key that hold a diffusion model to the footage.

Each kind has a folder of its own, `controls/<kind>/`; a sheet of all kinds of a key beside them shows them at one look.
A file that the artist paints over stays and is used as it is. Only what is missing is made: what each picture is made
from is told by `schema/controls_recipes.py`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..frames import frame_name
from ..image.strip import sheet_of
from ..schema.controls import FOLDER, ControlsSettings, wanted_kinds
from .context import StageContext
from .controls_maker import ControlMaker

Image8 = npt.NDArray[np.uint8]

_SEGMENTATION = {"layout": "layout: person, floor, plain wall, clear sky", "upernet": "UperNet"}


def run(context: StageContext) -> None:
    """Make what lacks of every key."""
    settings: ControlsSettings = context.settings
    kinds = wanted_kinds(settings)
    maker = ControlMaker(context, settings)
    maker.check(kinds)
    pending = context.pending()
    for done, frame in enumerate(pending, 1):
        for kind in kinds:
            if not context.has(f"{FOLDER}/{kind}/{frame_name(frame)}"):
                context.write_rgb(f"{FOLDER}/{kind}", frame, maker.picture(kind, frame))
        # What is seen at one look is what will be used: the artist's own where there is one.
        shown = [context.read_rgb8(f"{FOLDER}/{kind}", frame) for kind in kinds]
        context.write_rgb(FOLDER, frame, sheet([maker.footage(frame), *shown], ["footage", *kinds]))
        context.step("making controls", done, len(pending), "keys")
    context.record(kinds=list(kinds), segmentation=_SEGMENTATION[settings.segmentation_engine]
                   if settings.segmentation else "")


def sheet(pictures: list[Image8], labels: list[str]) -> Image8:
    """Pictures of one size on a labelled sheet of about their shape, uint8 (H, W, 3)."""
    columns = int(np.ceil(np.sqrt(len(pictures))))
    rows = range(0, len(pictures), columns)
    return sheet_of(
        [list(pictures[start : start + columns]) for start in rows], [labels[start : start + columns] for start in rows]
    )
