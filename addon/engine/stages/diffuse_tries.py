# SPDX-License-Identifier: GPL-3.0-or-later
"""What a try shows, from a key or a grid of the shot: the strip of variations that is drawn and kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import SettingError
from ..image.grid import Image8, cut
from ..models.diffusion.diffuser import diffuser_for
from ..models.diffusion.request import Request
from ..models.diffusion.usual import steps_of
from ..schema.diffuse import DiffuseSettings
from ..tries import Try
from .context import StageContext
from .diffuse_request import frames_of_grid, key_layout, model_of, request_of_grid, request_of_key, words_of_keys
from .diffuse_try import draw_tries, few_steps, variations_of


@dataclass(frozen=True)
class Order:
    """What is asked.

    Attributes:
        frame: The key to draw alone; 0 for another choice.
        grid: The grid to draw, from 1; 0 for another choice.
        scale: Of the full size, 0..1.
        steps: Of the schedule; 0 for few.
        seeds: Columns of a strip; none for the settings' own.
        strengths: Rows of a strip; none for the settings' own.
        parent: The try whose settings were begun with; 0 for none.
    """

    frame: int = 0
    grid: int = 0
    scale: float = 0.5
    steps: int = 0
    seeds: tuple[int, ...] = ()
    strengths: tuple[float, ...] = ()
    parent: int = 0


def make_tries(context: StageContext, order: Order) -> tuple[list[Try], Path | None]:
    """Draw what is asked and keep it.

    Args:
        context: Of the diffuse stage; what it reads is there.
        order: With neither frame nor grid it shows the first grid, or the middle key where keys are drawn alone.

    Returns:
        The tries, and a labelled sheet where there is more than one.

    Raises:
        EngineError: No keys, a model or a control is missing, or nothing is left to draw.
        Cancelled: The artist stopped; finished tries are kept.
    """
    settings: DiffuseSettings = context.settings
    is_grid = order.grid > 0 or (not order.frame and settings.mode == "grid")
    grid = max(0, order.grid - 1)
    frames = frames_of_grid(context, settings, grid) if is_grid else (_key(context, order.frame),)
    model = model_of(context, settings)

    def request_of(changed: Any) -> Request:
        made = (
            request_of_grid(context, changed, grid, order.scale)
            if is_grid
            else request_of_key(context, changed, frames[0], order.scale)
        )
        # A key's own seed and strength go before the settings', but not before those of a strip.
        seed = changed.seed if order.seeds else made.seed
        strength = changed.strength if order.strengths else made.strength
        steps = order.steps or few_steps(steps_of(changed.steps, model), strength)
        return replace(made, seed=seed, strength=strength, steps=steps)

    rows = variations_of(settings, order.seeds, order.strengths, request_of)
    diffuser = diffuser_for(model, settings.device, context.note)
    shown = tuple(dict.fromkeys(frames))
    like = Try(
        0, "grid" if is_grid else "key", shown, {}, words_of_keys(context, shown), parent=order.parent,
        facts={"scale": order.scale, **({"grid": grid + 1} if is_grid else {})},
    )

    def finish(picture: Image8) -> Image8:
        return picture if is_grid else cut(key_layout(context, settings, order.scale), picture, 0)

    return draw_tries(context, rows, diffuser.draw, like, str(diffuser.device), finish)


def _key(context: StageContext, frame: int) -> int:
    """The key a try shows: the one named, or the nearest, which is told."""
    keys = context.state.frames_of(context.spec)
    if not keys:
        raise SettingError("this shot has no keys", remedy="Run the keys stage, or add keys to keys.json.")
    if not frame:
        return keys[len(keys) // 2]
    nearest = min(keys, key=lambda key: abs(key - frame))
    if nearest != frame:
        context.note(f"frame {frame} is no key: the nearest, frame {nearest}, is shown")
    return nearest
