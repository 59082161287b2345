# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys redrawn by a diffusion model: laid in grids that agree, or one by one.

Every finished drawing is kept in `grids/` as the model made it; a run that was stopped goes on with the first one that
lacks. The first grid, or the anchor's own drawing, is made before all others, which take their look from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..image import files
from ..image.grid import Layout, Plan, cells_mask, cut, join, resized
from ..image.match import Image, match_cells, match_statistics
from ..models.diffusion.diffuser import diffuser_for
from ..models.diffusion.request import Image8, Model, Request
from ..schema.diffuse import FOLDER, DiffuseSettings
from .context import StageContext
from .diffuse_request import (
    key_layout,
    key_words,
    model_of,
    plan_of,
    request_of_grid,
    request_of_key,
)

GRIDS = "grids"
Draw = Callable[[Request, Callable[..., None]], Image8]


@dataclass(frozen=True)
class Anchor:
    """What every drawing agrees with.

    Attributes:
        frame: Its key.
        whole: The drawing that the attention of later ones looks at, uint8 (H, W, 3).
        picture: The key alone as it is finished, at the size of a cell's frame, uint8 (h, w, 3).
    """

    frame: int
    whole: Image8
    picture: Image8


def run(context: StageContext, settings: DiffuseSettings) -> None:
    """Redraw every key that is not finished."""
    if not context.pending():
        return
    model = model_of(context, settings)
    _Redrawing(context, settings, model).run()


def draws_with(context: StageContext, settings: DiffuseSettings, model: Model) -> Draw:
    """The model in memory, loaded when it is first asked for something."""

    def draw(request: Request, step: Callable[..., None]) -> Image8:
        context.step("loading the model", 0, 1, "models")
        return diffuser_for(model, settings.device, context.note).draw(request, step)

    return draw


class _Redrawing:
    """One run over the keys of a shot."""

    def __init__(self, context: StageContext, settings: DiffuseSettings, model: Model) -> None:
        self._context = context
        self._settings = settings
        self._has_reference = model.ip_adapter is not None
        self._draw = draws_with(context, settings, model)
        self._plan = plan_of(context, settings)
        context.record(model=model.checkpoint.name, family=model.family)

    def run(self) -> None:
        if self._settings.mode == "single" or len(set(self._plan.grids[0])) == 1:
            self._run_single()
        else:
            self._run_grids()

    def _run_grids(self) -> None:
        plan, context = self._plan, self._context
        self._tell_of(plan)
        layout = plan.layout
        first = self._grid(plan, 0, None)
        given = self._given(plan.anchor, layout)
        anchor = Anchor(plan.anchor, first, cut(layout, first, 0) if given is None else given)
        for number in range(len(plan.grids)):
            frames = [frame for frame in dict.fromkeys(plan.grids[number]) if self._wants(frame, number)]
            if not frames:
                continue
            drawn = first if number == 0 else self._grid(plan, number, anchor)
            for frame in frames:
                cell = cut(layout, drawn, plan.grids[number].index(frame))
                own = cut(layout, drawn, 0) if number else None
                self._finish(frame, self._matched(frame, cell, own, anchor))
        context.record(grids=[sorted(set(frames)) for frames in plan.grids], anchor=plan.anchor, cell=list(layout.cell))

    def _wants(self, frame: int, number: int) -> bool:
        """Whether a key is to be made from this grid: the anchor stands in all and is made from the first."""
        return frame in self._context.pending() and (frame != self._plan.anchor or number == 0)

    def _grid(self, plan: Plan, number: int, anchor: Anchor | None) -> Image8:
        """A grid as it was drawn, now or before."""
        context, settings = self._context, self._settings
        request = request_of_grid(context, settings, number)
        held = anchor.picture if anchor else self._given(plan.anchor, plan.layout)
        if held is not None and (anchor is None or settings.agree_anchor):
            request = self._holding(request, plan, number, held)
        if anchor is not None:
            request = self._agreeing(request, anchor)
        return self._drawing(f"{GRIDS}/grid_{number + 1:02d}.png", request, f"grid {number + 1} of {len(plan.grids)}")

    def _holding(self, request: Request, plan: Plan, number: int, picture: Image8) -> Request:
        """The anchor's finished picture in its cells, which stay as they are."""
        frames, layout = plan.grids[number], plan.layout
        cells = [index for index, frame in enumerate(frames) if frame == plan.anchor]
        alone = join(Layout(1, 1, layout.cell, layout.frame), {plan.anchor: picture}, (plan.anchor,))
        kept = request.image.copy()
        for index in cells:
            kept[layout.cell_box(index)] = alone
        return replace(request, image=kept, kept=kept, mask=1 - cells_mask(layout, cells))

    def _agreeing(self, request: Request, anchor: Anchor) -> Request:
        settings = self._settings
        if settings.agree_attention and anchor.whole.shape == request.image.shape:
            request = replace(request, anchor=anchor.whole)
        if settings.agree_reference and self._has_reference and request.reference is None:
            request = replace(request, reference=anchor.picture)
        return request

    def _run_single(self) -> None:
        context, layout = self._context, key_layout(self._context, self._settings)
        frame = self._plan.anchor
        given = self._given(frame, layout)
        whole = self._alone(frame, None) if given is None else self._as_cell(layout, frame, given)
        anchor = Anchor(frame, whole, cut(layout, whole, 0))
        for frame in context.pending():
            drawn = whole if frame == anchor.frame else self._alone(frame, anchor)
            cell = cut(layout, drawn, 0)
            self._finish(frame, cell if frame == anchor.frame else self._matched(frame, cell, None, anchor))
        context.record(anchor=anchor.frame, cell=list(layout.cell))

    def _alone(self, frame: int, anchor: Anchor | None) -> Image8:
        request = request_of_key(self._context, self._settings, frame)
        if anchor is not None:
            request = self._agreeing(request, anchor)
        return self._drawing(f"{GRIDS}/key_{frame:06d}.png", request, f"frame {frame}")

    def _drawing(self, name: str, request: Request, what: str) -> Image8:
        """What the model made of a request, kept under its name; from there when it was made before."""
        context = self._context
        if context.has(name):
            picture = files.read_rgb8(context.file(name))
            if picture.shape == request.image.shape:
                return picture
            context.warn(f"{name} has another size than what is drawn; it is drawn anew")
        picture = self._draw(request, lambda done, total, _: context.step(f"drawing {what}", done, total, "steps"))
        context.write_bytes(name, files.encode_png(picture))
        return picture

    def _given(self, frame: int, layout: Layout) -> Image8 | None:
        """The artist's own picture of a key, where there is one: it is the anchor as it stands."""
        name = self._context.path(FOLDER, frame)
        locked = f"{FOLDER}/{name.name}" in self._context.state.locked(self._context.spec)
        edited = f"{FOLDER}/{name.name}" in self._context.state.journal("diffuse").edited()
        return resized(files.read_rgb8(name), layout.frame) if locked or edited else None

    def _as_cell(self, layout: Layout, frame: int, picture: Image8) -> Image8:
        return join(layout, {frame: picture}, (frame,))

    def _matched(self, frame: int, cell: Image8, own: Image8 | None, anchor: Anchor) -> Image8:
        """A key in the anchor's colours; `own` is the anchor as the key's grid drew it."""
        if not self._settings.agree_colour or frame == anchor.frame:
            return cell
        if self._settings.mode == "grid" and own is None:
            return cell
        picture, wanted = _float(cell), _float(anchor.picture)
        if own is not None and not np.array_equal(own, anchor.picture):
            picture = match_cells(picture, _float(own), wanted)
        mattes = [self._matte(key, cell.shape) for key in (frame, anchor.frame)]
        return np.rint(match_statistics(picture, mattes[0], wanted, mattes[1]) * 255).astype(np.uint8)

    def _matte(self, frame: int, shape: tuple[int, ...]) -> Image | None:
        if not self._context.is_enabled("matte"):
            return None
        return resized(self._context.read_grey("matte", frame), (shape[1], shape[0]))

    def _finish(self, frame: int, picture: Image8) -> None:
        """Write a key at the footage's size."""
        footage = self._context.footage
        self._context.write_rgb(FOLDER, frame, resized(picture, (footage.width, footage.height)))

    def _tell_of(self, plan: Plan) -> None:
        for text in plan.warnings:
            self._context.warn(text)
        width, height = plan.layout.size
        count = len(plan.grids)
        self._context.note(
            f"{count} grid{'s' * (count > 1)} of {width}x{height} pixels, {plan.layout.columns} by {plan.layout.rows} "
            f"cells; frame {plan.anchor} stands in every one"
        )
        words = key_words(self._context)
        own = [frame for frame, said in words.items() if any(value is not None for value in vars(said).values())]
        if own:
            self._context.warn(
                f"frames {', '.join(map(str, own))} have words or seeds of their own, which count in mode single only"
            )


def _float(picture: Image8) -> Image:
    return picture.astype(np.float32) / np.float32(255)
