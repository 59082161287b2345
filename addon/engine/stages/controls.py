# SPDX-License-Identifier: GPL-3.0-or-later
"""The controls stage: pictures of every key that hold a diffusion model to the footage.

Each kind has a folder of its own, `controls/<kind>/`; a sheet of all kinds of a key beside them shows them at one look.
A file that the artist paints over stays and is used as it is. Only what is missing is made: what each picture is made
from is told by `schema/controls_recipes.py`.
"""

from __future__ import annotations

import functools
import math
import os
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import numpy.typing as npt

from ..frames import frame_name
from ..image import files
from ..image.strip import sheet_of
from ..schema.controls import FOLDER, ControlsSettings, network_names, wanted_kinds
from .context import StageContext
from .controls_maker import ControlMaker

Image8 = npt.NDArray[np.uint8]

_MOST_TOGETHER = 4
_SHEET_CELL_WIDTH = 480
_SEGMENTATION = {"layout": "layout: person, floor, plain wall, clear sky", "upernet": "UperNet"}


def check(context: StageContext) -> None:
    """Look at settings, networks and the artist's pictures before anything that was made goes.

    Raises:
        EngineError: Something cannot be used, or is not there.
    """
    ControlMaker(context, context.settings).check(wanted_kinds(context.settings))


def run(context: StageContext) -> None:
    """Make what lacks of every key."""
    settings: ControlsSettings = context.settings
    kinds = wanted_kinds(settings)
    maker = ControlMaker(context, settings)
    maker.check(kinds)
    maker.tell(kinds)
    pending = context.pending()
    # A network is asked by one at a time; filters leave the other cores idle.
    together = 1 if network_names(settings) else min(_MOST_TOGETHER, os.cpu_count() or 1)
    done = 0
    made = functools.partial(_made, context, maker)
    with ThreadPoolExecutor(together, thread_name_prefix="controls") as pool:
        for start in range(0, len(pending), together):
            frames = pending[start : start + together]
            for frame, files_of_kinds in zip(frames, pool.map(made, frames), strict=True):
                for folder, data in files_of_kinds:
                    context.write_frame(folder, frame, data)
                done += 1
                context.step("making controls", done, len(pending), "keys")
    context.record(
        kinds=list(kinds), segmentation=_SEGMENTATION[settings.segmentation_engine] if settings.segmentation else ""
    )


def _made(context: StageContext, maker: ControlMaker, frame: int) -> list[tuple[str, bytes]]:
    """Folder and content of each file of a key that lacks, the sheet last."""
    kinds = wanted_kinds(context.settings)
    lacking = [kind for kind in kinds if not context.has(f"{FOLDER}/{kind}/{frame_name(frame)}")]
    made = {kind: maker.picture(kind, frame) for kind in lacking}
    # What is seen at one look is what will be used: the artist's own where there is one.
    shown = [made[kind] if kind in made else context.read_rgb8(f"{FOLDER}/{kind}", frame) for kind in kinds]
    whole = sheet([maker.footage(frame), *shown], ["footage", *kinds], _SHEET_CELL_WIDTH)
    told = [(f"{FOLDER}/{kind}", files.encode_png(picture)) for kind, picture in made.items()]
    return [*told, (FOLDER, files.encode_png(whole))]


def sheet(pictures: list[Image8], labels: list[str], cell_width: int) -> Image8:
    """Pictures of one size on a labelled sheet of about their shape, uint8 (H, W, 3); none wider than `cell_width`."""
    columns = math.ceil(math.sqrt(len(pictures)))
    scale = min(1.0, cell_width / pictures[0].shape[1])
    height, width = (max(1, round(side * scale)) for side in pictures[0].shape[:2])
    small = [
        np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8) for picture in pictures
    ]
    rows = range(0, len(pictures), columns)
    return sheet_of(
        [list(small[start : start + columns]) for start in rows], [labels[start : start + columns] for start in rows]
    )
