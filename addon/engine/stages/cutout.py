# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture and the depth of the character, extended outward over the background, for the figure in 3D."""

from __future__ import annotations

from ..image.extend import enlarge_matte, extend_outward
from ..schema.cutout import COLOUR_FOLDER, DEPTH_FOLDER, CutoutSettings
from .context import StageContext

_LINES = 540
_COLOUR_BLUR = 1.5
_DEPTH_BLUR = 3.0


def run(context: StageContext) -> None:
    """Make `cutout/colour` (the picture's size and 8 bits) and `cutout/depth` (the footage's size, 16 bits)."""
    settings: CutoutSettings = context.settings
    picture = context.picture()
    pending = context.pending()
    for done, frame in enumerate(pending):
        context.step("extending colour and depth", done, len(pending))
        matte = context.read_grey("matte", frame)
        colour = context.read_rgb(picture, frame)
        height, width = colour.shape[:2]
        large = enlarge_matte(matte, width, height)
        scale = min(height, width) / _LINES
        colour = extend_outward(colour, large, round(settings.colour_margin * scale), _COLOUR_BLUR * scale)
        context.write_rgb(COLOUR_FOLDER, frame, colour)
        scale = min(matte.shape) / _LINES
        depth = context.read_grey("depth", frame)
        depth = extend_outward(depth, matte, round(settings.depth_margin * scale), _DEPTH_BLUR * scale)
        context.write_grey(DEPTH_FOLDER, frame, depth, bits=16)
    if pending:
        context.step("extending colour and depth", len(pending), len(pending))
