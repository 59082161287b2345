# SPDX-License-Identifier: GPL-3.0-or-later
"""From raw mattes of single frames to a calm one with a sharp edge: median along the motion, refinement, mean."""

from __future__ import annotations

from collections.abc import Callable

from ..image.along_flow import binomial, fetch, median_of_five
from ..image.edge_band import refine
from ..image.files import Image8
from ..schema.matte import MatteSettings
from .context import StageContext
from .matte_base import Float, Motion, Recent, around


class SteadyMatte:
    """Calms raw mattes inside each scene.

    A median of five frames removes what flashes up, the edge is brought to full resolution, and a 1-2-1 mean takes the
    rest of the flicker; neighbours count only where they show the same thing.

    Args:
        context: Of the running stage.
        picture: Frame number to (H, W, 3) uint8 RGB.
        raw: Frame number to (H, W) float32 0..1.
        present: Whether a frame has a matte at all; without, its raw matte is taken as it is.
    """

    def __init__(
        self,
        context: StageContext,
        picture: Callable[[int], Image8],
        raw: Callable[[int], Float],
        present: Callable[[int], bool] | None = None,
    ) -> None:
        self._context = context
        self._settings: MatteSettings = context.settings
        self._picture = picture
        self._present = present or (lambda frame: True)
        # As few as the windows need when frames come in order: flow at full size is what fills the memory.
        self._motion = Motion(context, 5)
        self._raw = Recent(raw, 7)
        self._calm = Recent(self._make_calm, 2)
        self._refined = Recent(self._make_refined, 5)

    def __call__(self, frame: int) -> Float:
        """Coverage (H, W) float32 0..1."""
        if not self._present(frame):
            return self._raw(frame)
        if self._settings.steadiness == "off":
            return self._refined(frame)
        radius = 2 if self._settings.steadiness == "strong" else 1
        return binomial(self._neighbours(self._refined, frame, radius))

    def _make_calm(self, frame: int) -> Float:
        if self._settings.steadiness in ("off", "light") or not self._present(frame):
            return self._raw(frame)
        return median_of_five(self._neighbours(self._raw, frame, 2))

    def _make_refined(self, frame: int) -> Float:
        calm = self._calm(frame)
        if not self._settings.refine:
            return calm
        return refine(self._picture(frame), calm, frame, self._settings.cut)

    def _neighbours(self, mattes: Recent[Float], frame: int, radius: int) -> list[Float]:
        """The frame's matte with those around it on its pixels; 2 * radius + 1, the frame's own where none is."""
        own = mattes(frame)
        scene = around(self._context, frame, radius)
        samples: list[Float] = []
        for other in range(frame - radius, frame + radius + 1):
            if other == frame or other not in scene or not self._present(other):
                samples.append(own)
                continue
            flow = self._motion.flow(frame, other)
            samples.append(fetch(mattes(other), self._picture(other), own, self._picture(frame), flow))
        return samples
