# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures redrawn by Stable Diffusion 1.5, SDXL or Z-Image, through diffusers.

Every random draw comes from the request's seed through a generator of the processor: the same request on the same
machine gives the same picture to the last bit.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any, cast

import numpy as np

from ..kept import also_frees
from ..offline import stay_offline
from . import zimage
from .adapters import add_loras, add_reference
from .attention import shared
from .attention_parts import in_parts
from .cells import OwnStarts, worded
from .controlnets import Loaded, load_controlnets
from .files import offline, versions
from .fitting import fitted
from .held import Held, put_back
from .latents import Predictions, QuickLook, decode, encode
from .load import load_checkpoint, load_preview_vae
from .memory import chosen_device, chosen_type, give_back, is_out_of_memory
from .pipelines import Pipelines
from .placing import Placed
from .request import Image8, Model, Request, Step
from .usual import with_usual

Told = Callable[[str], None]


class Diffuser:
    """A checkpoint with all that is added to it, in memory.

    Args:
        model: What is loaded.
        device: auto, cuda (also AMD's), mps or cpu.
        told: Called with sentences for the artist.

    Raises:
        MissingError: A file, or the device, is not there.
        InputError: A file is damaged or of another family.
    """

    def __init__(self, model: Model, device: str = "auto", told: Told | None = None) -> None:
        stay_offline()
        self.model = model
        self.device = chosen_device(device)
        self._told = told or _say_nothing
        with offline():
            self._load(model, chosen_type(model.family, self.device))
        encoders = [getattr(self._base, name, None) for name in ("text_encoder", "text_encoder_2", "image_encoder")]
        drawing = self._base.transformer if model.family == "zimage" else self._base.unet
        parts = [drawing, *self._nets.nets()], [part for part in encoders if part], self._base.vae
        self._placed: Any = Placed(self.device, *parts, model.family)
        self._pipelines: Any = Pipelines(model, self._base, self._nets, self.device, self._placed.bind)

    def _load(self, model: Model, dtype: Any) -> None:
        self._weights = _weights(model)
        self._base: Any = load_checkpoint(model, dtype)
        if model.family == "zimage":
            self._nets = zimage.load_controlnets(model.controlnets, self._base.transformer, dtype)
        else:
            self._nets = load_controlnets(model.controlnets, self._base.unet, dtype)
        add_loras(self._base, model.loras)
        self._loras = _lora_files(model)
        if model.ip_adapter is not None:
            add_reference(self._base, model.ip_adapter, model.image_encoder, dtype)
        self._look: Any = QuickLook(self._base.vae, load_preview_vae(model, dtype, self.device))

    def draw(self, request: Request, step: Step | None = None) -> Image8:
        """Redraw one picture, of the size of the request's.

        Args:
            request: What is asked.
            step: Told after every step; what it raises ends the work.

        Raises:
            SettingError: Nothing to do, or an unknown scheduler.
            InputError: Pictures that do not belong together, or a control without a ControlNet.
        """
        height, width = request.image.shape[:2]
        request = fitted(with_usual(request, self.model), self.model, self._nets.by_kind)
        self._tell(self._placed.choose(request.image.shape[0] * request.image.shape[1]))
        picture = self._drawn(request, step)
        while picture is None:
            self._tell(self._placed.shrink())
            picture = self._drawn(request, step)
        if request.mask is not None:
            picture = put_back(picture, request.image if request.kept is None else request.kept, request.mask)
        return cast(Image8, np.ascontiguousarray(picture[:height, :width]))

    def _drawn(self, request: Request, step: Step | None) -> Image8 | None:
        """The picture, of the size that was fitted; None when memory ran out."""
        try:
            with in_parts(self.device):
                self._placed.settle()
                return self._picture(request, step)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            return None

    def _picture(self, request: Request, step: Step | None) -> Image8:
        start = encode(self._base.vae, request.image)
        with self._placed.reading():
            prepared = self._pipelines.prepare(self.model, request, start)
        for note in prepared.notes:
            self._told(note)
        pipeline = prepared.pipeline
        cells = OwnStarts(request, start, pipeline.scheduler)
        after_step = self._after_step(pipeline, self._held(request, start), cells, step)
        unet = getattr(pipeline, "unet", None)
        with (
            self._sharing(pipeline, request) as is_elsewhere,
            worded(unet, start, prepared.told, is_elsewhere),
        ):
            latents = pipeline(**prepared.words, callback_on_step_end=after_step).images
        return decode(self._base.vae, latents)

    def _tell(self, text: str) -> None:
        if text:
            self._told(text)

    def tell(self, told: Told | None) -> None:
        """Whom to tell from now on."""
        self._told = told or _say_nothing

    def become(self, model: Model) -> None:
        """Take other LoRAs, embeddings and another clip skip; all else of `model` is as it was.

        Raises:
            InputError: A LoRA cannot be used; then none is.
        """
        if _lora_files(model) != self._loras:
            self._base.unload_lora_weights()
            self.model, self._loras = replace(self.model, loras=()), ((), ())
            try:
                with offline():
                    add_loras(self._base, model.loras)
            except BaseException:
                # Those before the one that failed are in already.
                self._base.unload_lora_weights()
                raise
            self._loras = _lora_files(model)
        self.model = model

    def can_become(self, model: Model) -> bool:
        """Whether nothing has to be loaded but LoRAs."""
        if _weights(model) != self._weights:
            return False
        return _lora_files(model) == self._loras or self._placed.takes_loras()

    def free(self) -> None:
        """Give the memory back; the object is of no use afterwards."""
        self._base = self._pipelines = self._look = self._placed = None
        self._nets = Loaded({})
        give_back(self.device)

    def _sharing(self, pipeline: Any, request: Request) -> AbstractContextManager[Callable[[], bool]]:
        """Attention shared with the anchor, where there is one; tells whether the anchor is looked at now."""
        if request.anchor is None or not hasattr(pipeline, "unet"):
            return nullcontext(lambda: False)
        anchor = encode(self._base.vae, request.anchor)
        return shared(pipeline.unet, pipeline.scheduler, anchor, request.seed, request.anchor_weight)

    def _held(self, request: Request, start: Any) -> Held | None:
        if request.mask is None:
            return None
        kept = start if request.kept is None else encode(self._base.vae, request.kept)
        return Held(kept, request.mask, request.seed)

    def _after_step(
        self, pipeline: Any, held: Held | None, cells: OwnStarts, step: Step | None
    ) -> Callable[..., dict[str, Any]]:
        """What the pipeline calls between steps: holds what stays or begins later, and tells of the progress."""
        seen = Predictions(pipeline.scheduler)

        def after_step(_: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            latents = cells.hold(tensors["latents"], pipeline.scheduler, timestep, index)
            if held is not None:
                latents = held.hold(latents, pipeline.scheduler, timestep)
            if step is not None:
                step(index + 1, pipeline.num_timesteps, lambda: self._look(seen.best(latents)))
            return {"latents": latents}

        return after_step


_kept: Diffuser | None = None


def diffuser_for(model: Model, device: str = "auto", told: Told | None = None) -> Diffuser:
    """The model in memory, loaded only when the last one asked for was another; other LoRAs alone load nothing else.

    Raises:
        MissingError: A file, or the device, is not there.
        InputError: A file is damaged or of another family.
    """
    global _kept
    also_frees(free)
    if _kept is None or not _kept.can_become(model) or _kept.device != chosen_device(device):
        free()
        _kept = Diffuser(model, device, told)
    _kept.tell(told)
    _kept.become(model)
    return _kept


def free() -> list[str]:
    """Give the kept model's memory back; returns its checkpoint's name, or nothing."""
    global _kept
    if _kept is None:
        return []
    kept, _kept = _kept, None
    kept.free()
    return [kept.model.checkpoint.name]


def _weights(model: Model) -> tuple[object, ...]:
    """What takes long to load, and of which versions."""
    files = (model.checkpoint, *(path for _, path in model.controlnets), model.vae, model.ip_adapter)
    others = (model.image_encoder, model.config, model.preview_vae)
    return replace(model, loras=(), embeddings=(), clip_skip=0), versions((*files, *others))


def _lora_files(model: Model) -> tuple[object, ...]:
    """LoRAs with their weights, and of which versions they are."""
    return model.loras, versions(lora.path for lora in model.loras)


def _say_nothing(text: str) -> None:
    return None
