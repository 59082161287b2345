# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys redrawn by a diffusion model: laid in grids that agree, or one by one.

Every finished drawing is kept in `grids/` as the model made it; a run that was stopped goes on with the first one that
lacks. The first, which holds the anchor, is made before all others, which take their look from it. A drawing that the
artist paints over is cut again, and not drawn again.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError
from ..grid_plan import Drawing
from ..image import files
from ..image.grid import Layout, cells_mask, cut, join, resized
from ..image.match import Image, match_cells, match_statistics
from ..models.diffusion.diffuser import diffuser_for
from ..models.diffusion.fitting import steps_done
from ..models.diffusion.request import Image8, Request
from ..models.diffusion.usual import steps_of
from ..schema.diffuse import FOLDER, DiffuseSettings
from .context import StageContext
from .diffuse_plan import frozen_plan, layout_in, note_cut
from .diffuse_request import Words, key_words, model_of, plan_of, reference_of, request_of, request_of_cells

Draw = Callable[[Request, Callable[..., None]], Image8]


@dataclass(frozen=True)
class Anchor:
    """What every drawing agrees with.

    Attributes:
        whole: The drawing that the attention of later ones looks at, uint8 (H, W, 3).
        picture: The key alone as it is finished, at the size of a cell's frame, uint8 (h, w, 3).
        shot: The key as it was shot, float32 (h, w, 3); None where colours are not matched.
        matte: Of the key, float32 (h, w); None likewise, and without a matte.
    """

    whole: Image8
    picture: Image8
    shot: Image | None = None
    matte: Image | None = None


def check(context: StageContext, settings: DiffuseSettings) -> None:
    """Look at models, words and the layout, all that can be told before a model is loaded.

    Raises:
        EngineError: Something cannot be used, or is not there.
    """
    steps = steps_of(settings.steps, model_of(context, settings))
    plan_of(context, settings)
    reference_of(context, settings)
    frames = context.state.frames_of(context.spec)
    strengths = [words.strength for frame, words in key_words(context).items() if frame in frames]
    for strength in {settings.strength, *(own for own in strengths if own is not None)}:
        steps_done(steps, strength)


def run(context: StageContext, settings: DiffuseSettings) -> None:
    """Redraw every key that is not finished."""
    if context.pending():
        _Redrawing(context, settings).run()


class _Redrawing:
    """One run over the keys of a shot."""

    def __init__(self, context: StageContext, settings: DiffuseSettings) -> None:
        self._context = context
        self._settings = settings
        # What is missing is told before anything else.
        self._model = model_of(context, settings)
        self._words = key_words(context)
        self._plan = frozen_plan(context, settings)
        self._layout = layout_in(self._plan)
        self._is_grid = self._layout.columns * self._layout.rows > 1
        # Later ones are drawn only if the frames asked for are in them.
        self._pending = set(context.pending())

    def run(self) -> None:
        """Draw, cut and finish."""
        context, plan, layout = self._context, self._plan, self._layout
        self._tell()
        first = plan.drawings[0]
        anchor: Anchor | None = None
        done: set[int] = set()
        for drawing in plan.drawings:
            frames = [frame for frame in dict.fromkeys(drawing.frames) if frame in self._pending - done]
            if drawing is not first and not frames:
                continue
            whole = self._drawn(drawing, anchor)
            anchor = anchor or self._anchor(whole)
            self._finish(drawing, frames, whole, anchor)
            done |= set(frames)
            self._plan = note_cut(context, self._plan, drawing.file)
        context.record(
            model=self._model.checkpoint.name, family=self._model.family, anchor=plan.anchor, cell=list(layout.cell),
            drawings=len(plan.drawings),
        )

    def _anchor(self, whole: Image8) -> Anchor:
        given = self._given()
        picture, frame = cut(self._layout, whole, 0) if given is None else given, self._plan.anchor
        if not self._settings.agree_colour:
            return Anchor(whole, picture)
        # Every key is compared with it: it is read once.
        return Anchor(whole, picture, self._shot(frame), self._matte(frame, picture.shape))

    def _given(self) -> Image8 | None:
        """The artist's own picture of the anchor, where there is one: it stays, and all others agree with it."""
        state, spec, frame = self._context.state, self._context.spec, self._plan.anchor
        path = self._context.path(FOLDER, frame)
        name = f"{FOLDER}/{path.name}"
        if name not in state.locked(spec) and state.journal(spec.name).condition(name) != "edited":
            return None
        return resized(files.read_rgb8(path), self._layout.frame)

    def _drawn(self, drawing: Drawing, anchor: Anchor | None) -> Image8:
        """A drawing as the model made it, now or before, or as the artist has painted over it since."""
        context = self._context
        if set(drawing.frames) == {self._plan.anchor} and (given := self._given()) is not None:
            return join(self._layout, {self._plan.anchor: given}, drawing.frames)
        if context.has(drawing.file):
            return self._checked(drawing.file, files.read_rgb8(context.file(drawing.file)))
        request = self._request(drawing, anchor)
        count, number = len(self._plan.drawings), [one.file for one in self._plan.drawings].index(drawing.file) + 1
        what = f"drawing grid {number} of {count}" if self._is_grid else f"drawing frame {drawing.frames[0]}"
        context.step(what, 0, steps_of(request.steps, self._model), "steps")
        # With the same model nothing is loaded again.
        diffuser = diffuser_for(self._model, self._settings.device, context.note)
        picture = diffuser.draw(request, lambda done, total, _: context.step(what, done, total, "steps"))
        context.write_bytes(drawing.file, files.encode_png(picture))
        return picture

    def _checked(self, name: str, picture: Image8) -> Image8:
        width, height = self._layout.size
        if picture.shape[:2] != (height, width):
            raise InputError(
                f"is {picture.shape[1]}x{picture.shape[0]} pixels, it was drawn at {width}x{height}",
                where=str(self._context.file(name)),
                remedy="Paint over it at that size, or delete it to have it drawn anew.",
            )
        return picture

    def _request(self, drawing: Drawing, anchor: Anchor | None) -> Request:
        request = self._asked(drawing)
        held = anchor.picture if anchor else self._given()
        if held is not None and self._plan.anchor in drawing.frames and (anchor is None or self._settings.agree_anchor):
            request = self._holding(request, drawing, held)
        return request if anchor is None else self._agreeing(request, anchor)

    def _asked(self, drawing: Drawing) -> Request:
        context, settings, layout = self._context, self._settings, self._layout
        if self._is_grid:
            return request_of_cells(context, settings, layout, drawing.frames, self._words)
        return request_of(context, settings, layout, drawing.frames, self._words.get(drawing.frames[0], Words()))

    def _holding(self, request: Request, drawing: Drawing, picture: Image8) -> Request:
        """The anchor's finished picture in its cells, which stay as they are."""
        layout, frame = self._layout, self._plan.anchor
        cells = [index for index, key in enumerate(drawing.frames) if key == frame]
        alone = join(Layout(1, 1, layout.cell, layout.frame), {frame: picture}, (frame,))
        kept = request.image.copy()
        for index in cells:
            kept[layout.cell_box(index)] = alone
        return replace(request, image=kept, kept=kept, mask=1 - cells_mask(layout, cells))

    def _agreeing(self, request: Request, anchor: Anchor) -> Request:
        settings = self._settings
        if settings.agree_attention:
            request = replace(request, anchor=anchor.whole)
        if settings.agree_reference and self._model.ip_adapter is not None and request.reference is None:
            request = replace(request, reference=anchor.picture)
        return request

    def _matched(self, frame: int, cell: Image8, own: Image8 | None, anchor: Anchor) -> Image8:
        """A key in the anchor's colours; `own` is the anchor as the key's grid drew it."""
        if anchor.shot is None:
            return cell
        picture, wanted = _float(cell), _float(anchor.picture)
        if own is not None and not np.array_equal(own, anchor.picture):
            picture = match_cells(picture, _float(own), wanted)
        matte, shot = self._matte(frame, cell.shape), (self._shot(frame), anchor.shot)
        return np.rint(match_statistics(picture, matte, wanted, anchor.matte, shot) * 255).astype(np.uint8)

    def _shot(self, frame: int) -> Image:
        """A key as it was shot, at the size of a cell's frame."""
        context = self._context
        return _float(resized(context.read_rgb8(context.picture(), frame), self._layout.frame))

    def _matte(self, frame: int, shape: tuple[int, ...]) -> Image | None:
        if not self._context.is_enabled("matte"):
            return None
        return resized(self._context.read_grey("matte", frame), (shape[1], shape[0]))

    def _finish(self, drawing: Drawing, frames: list[int], whole: Image8, anchor: Anchor) -> None:
        """Cut keys out of a drawing and write them at the footage's size."""
        layout, context = self._layout, self._context
        size = context.footage.width, context.footage.height
        is_first = drawing.file == self._plan.drawings[0].file
        own = cut(layout, whole, 0) if self._is_grid else None

        def finished(frame: int) -> bytes:
            cell = cut(layout, whole, drawing.frames.index(frame))
            return files.encode_png(resized(cell if is_first else self._matched(frame, cell, own, anchor), size))

        # Compressing takes long beside a graphics card: all cores do it.
        with ThreadPoolExecutor(thread_name_prefix="finish") as pool:
            for frame, data in zip(frames, pool.map(finished, frames), strict=True):
                context.write_frame(FOLDER, frame, data)

    def _tell(self) -> None:
        context, plan, layout = self._context, self._plan, self._layout
        for text in plan.warnings:
            context.warn(text)
        if not self._is_grid:
            return
        width, height = layout.size
        count = len(plan.drawings)
        context.note(
            f"{count} grid{'s' * (count > 1)} of {width}x{height} pixels, {layout.columns} by {layout.rows} cells; "
            f"frame {plan.anchor} stands in every one"
        )


def _float(picture: Image8) -> Image:
    return picture.astype(np.float32) / np.float32(255)
