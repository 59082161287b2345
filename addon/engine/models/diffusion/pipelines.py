# SPDX-License-Identifier: GPL-3.0-or-later
"""The pipelines of diffusers by which a loaded model draws, and what each is called with for one picture."""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from . import zimage
from .controlnets import Loaded, as_one
from .emphasis import plain
from .load import predicts_velocity
from .own_words import own_words
from .prompts import Encoded
from .prompts import encode as encode_prompts
from .request import Mask, Model, Request
from .schedulers import make_scheduler
from .usual import scheduler_of
from .words import control_words, reference_words, words_of

_ALIKE = (
    "Z-Image draws a whole picture with the same words, seed and strength: for words of single keys set diffuse.mode "
    "to single; words of the background are left out."
)


@dataclass(frozen=True)
class Prepared:
    """A pipeline ready to draw one picture.

    Attributes:
        pipeline: Of diffusers, with its scheduler and ControlNets set.
        words: What it is called with.
        notes: Sentences for the artist, of what could not be done as asked.
        told: Parts of the picture with words of their own: mask, and prompt as encoded.
    """

    pipeline: Any
    words: dict[str, Any]
    notes: tuple[str, ...] = ()
    told: tuple[tuple[Mask, Any], ...] = ()


class Pipelines:
    """The pipelines of one model; all share its weights.

    Args:
        model: What was loaded.
        base: Its pipeline without ControlNets.
        nets: Its ControlNets.
        device: Where the work is done.
        bind: Makes a pipeline work there, wherever its parts wait.
    """

    def __init__(self, model: Model, base: Any, nets: Loaded, device: str, bind: Callable[[Any], Any]) -> None:
        self._base, self._nets, self._device, self._bind = bind(base), nets, device, bind
        self._base.set_progress_bar_config(disable=True)
        self._scheduler_config = dict(base.scheduler.config)
        self._velocity = predicts_velocity(model)
        self._controlled: Any = None

    def prepare(self, model: Model, request: Request, start: Any) -> Prepared:
        """The pipeline for a picture, and its words; the encoders must be on the device.

        Args:
            model: As it is now: its clip skip may have changed since it was loaded.
            request: What is asked, of a size that was fitted.
            start: Latents of the picture that is redrawn.

        Raises:
            SettingError: An unknown scheduler, or one that cannot do so many steps.
        """
        if model.family == "zimage":
            return self._flowing(request, start)
        return self._diffusing(model, request, start)

    def _diffusing(self, model: Model, request: Request, start: Any) -> Prepared:
        """Stable Diffusion."""
        pipeline = self._with_controls(model, tuple(control.kind for control in request.controls))
        name = scheduler_of(request.scheduler, model)
        pipeline.scheduler = make_scheduler(name, self._scheduler_config, self._velocity, request.steps)
        told = self._encoded(model, request.prompt, request.negative_prompt)
        words = words_of(request, start, told) | control_words(request.controls, self._nets)
        if model.ip_adapter is not None:
            words |= reference_words(pipeline, request, self._device)
        cells = [(cell.mask, self._encoded(model, cell.prompt)) for cell in request.cells if cell.prompt is not None]
        cuts = dict.fromkeys(_cuts(of.cut, of.negative_cut, of.most) for of in (told, *(own for _, own in cells)))
        notes = tuple(note for each in cuts for note in each)
        return Prepared(pipeline, words, notes, tuple((mask, own.prompt) for mask, own in cells))

    def _encoded(self, model: Model, prompt: str, negative: str = "") -> Encoded:
        own = own_words(model.embeddings, self._base)
        return encode_prompts(self._base, prompt, negative, model.clip_skip, own)

    def _flowing(self, request: Request, start: Any) -> Prepared:
        """Z-Image, which reads sentences: it knows no weights of words."""
        request = replace(request, prompt=plain(request.prompt), negative_prompt=plain(request.negative_prompt))
        pipeline = self._base
        if request.controls:
            net = self._nets.by_kind[request.controls[0].kind]
            if self._controlled is None:
                self._controlled = self._bind(zimage.controlled(self._base, net))
            pipeline = self._controlled
            pipeline.register_modules(controlnet=zimage.several(net, self._base.vae, request))
        pipeline.scheduler = zimage.make_scheduler(self._scheduler_config)
        cut, negative_cut = (zimage.cut_of(pipeline, text) for text in (request.prompt, request.negative_prompt))
        words = zimage.words_of(pipeline, request, start, self._device)
        notes = _cuts(cut, negative_cut, zimage.TEXT_TOKENS)
        return Prepared(pipeline, words, notes + ((_ALIKE,) if request.cells else ()))

    def _with_controls(self, model: Model, kinds: tuple[str, ...]) -> Any:
        """The pipeline that takes these controls, in this order."""
        import diffusers

        if not kinds:
            return self._base
        nets = as_one(self._nets, kinds)
        if self._controlled is None:
            name = type(self._base).__name__.replace("Img2Img", f"ControlNet{'Union' * bool(self._nets.union)}Img2Img")
            extra = {"requires_safety_checker": False} if model.family == "sd15" else {}
            self._controlled = self._bind(getattr(diffusers, name)(**self._base.components, controlnet=nets, **extra))
            self._controlled.set_progress_bar_config(disable=True)
        self._controlled.register_modules(controlnet=nets)
        return self._controlled


def _cuts(prompt: str, negative: str, most: int) -> tuple[str, ...]:
    """What is told of prompts that are too long."""
    cuts = (("prompt", prompt), ("negative prompt", negative))
    return tuple(
        f"The {name} is too long; {most} words or parts of words are read, {cut}." for name, cut in cuts if cut
    )
