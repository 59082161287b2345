# SPDX-License-Identifier: GPL-3.0-or-later
"""The upscale_keys stage: the redrawn keys enlarged before they are carried."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..image import files
from ..key_list import key_frames
from ..schema.upscale_keys import FOLDER, UpscaleKeysSettings
from .context import StageContext
from .propagate_paint import Paint
from .upscale import Enlarge, enlarger, lanczos

Image = npt.NDArray[np.float32]


def check(context: StageContext) -> None:
    """Look at the keys before any that were enlarged go.

    Raises:
        MissingError: A key has no picture.
        InputError: One has another size or shape than the others, or the artist painted over one at another scale.
    """
    settings: UpscaleKeysSettings = context.settings
    keys = key_frames(context.shot.root)
    width, height = (side * settings.scale for side in Paint(context, keys).size)
    for key in keys:
        path = context.path(FOLDER, key)
        if context.state.journal(context.spec.name).condition(f"{FOLDER}/{path.name}") != "edited":
            continue
        own_height, own_width = files.read_rgb8(path).shape[:2]
        if (own_width, own_height) != (width, height):
            raise InputError(
                f"is your own picture of {own_width}x{own_height} pixels, the others are enlarged to {width}x{height}",
                where=str(path),
                remedy="Bring it to that size, or delete it to have it enlarged anew.",
            )


def run(context: StageContext) -> None:
    """Enlarge every key that is not finished."""
    settings: UpscaleKeysSettings = context.settings
    pending = context.pending()
    if not pending:
        return
    paint = Paint(context, key_frames(context.shot.root))
    enlarge = enlarger(context, settings.engine, settings.scale)
    for done, key in enumerate(pending, 1):
        picture = paint.whole(key).astype(np.float32) * np.float32(1 / 255)
        context.write_rgb(FOLDER, key, enlarged(picture, enlarge, settings.scale))
        context.step("enlarging keys", done, len(pending))
    width, height = (side * settings.scale for side in paint.size)
    context.note(f"the film will be {width}x{height}")


def enlarged(picture: Image, enlarge: Enlarge, scale: int) -> Image:
    """A key enlarged with its transparency.

    Args:
        picture: float32 (H, W, 3), or (H, W, 4) with straight alpha, 0..1, sRGB.
        enlarge: For the colours, (H, W, 3).
        scale: How many times larger it makes each side.
    """
    if picture.shape[2] == 3:
        return enlarge(picture)
    # Colours under nothing would come up at the edge: both are enlarged as they lie on paper of their own.
    alpha = picture[..., 3:]
    coverage = lanczos(np.repeat(alpha, 3, 2), scale)[..., :1]
    premultiplied = enlarge(np.ascontiguousarray(picture[..., :3] * alpha))
    colour = np.clip(premultiplied / np.maximum(coverage, np.float32(1 / 255)), 0, 1)
    return np.concatenate([colour, coverage], 2, dtype=np.float32)
