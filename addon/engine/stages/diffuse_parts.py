# SPDX-License-Identifier: GPL-3.0-or-later
"""The model that the settings ask for: checkpoint and all that is added to it, each where it lies."""

from __future__ import annotations

from pathlib import Path

from ..errors import SettingError
from ..models.diffusion import usual
from ..models.diffusion.few_steps import advice
from ..models.diffusion.request import Family, Lora, Model
from ..models.family import Kind, Recognised
from ..models.fits import check_fits
from ..models.locate import assigned, locate, weighed
from ..schema.diffuse import DiffuseSettings
from ..schema.diffuse_model import KINDS
from .context import StageContext
from .diffuse_embeddings import embeddings_of

_USUAL = "sd15"


def model_of(context: StageContext, settings: DiffuseSettings) -> Model:
    """What has to be in memory; warns of settings that its LoRAs were not made for.

    Raises:
        MissingError: A part of it is not installed; says how to get it.
        SettingError: A setting cannot be read, or the checkpoint's family cannot be told.
        InputError: A part is damaged, of another kind, or of another family than the checkpoint.
    """
    root = context.shot.root
    checkpoint = locate(settings.model or _usual(settings), root, what="checkpoint")
    seen = check_fits(checkpoint, "checkpoint", "" if settings.family == "auto" else settings.family)
    family = _family(settings, checkpoint, seen)
    follows = bool(settings.reference) or (settings.agree_reference and len(context.state.frames_of(context.spec)) > 1)
    loras = tuple(
        Lora(_fitting(name, "LoRA", "lora", family, root), weight) for name, weight in weighed(settings.loras)
    )
    model = Model(
        family=family,
        checkpoint=checkpoint,
        controlnets=_controlnets(context, settings, family),
        loras=loras,
        embeddings=embeddings_of(context, settings, family),
        vae=_fitting(settings.vae, "VAE", "vae", family, root) if settings.vae else None,
        ip_adapter=locate(f"{family}-reference", what="IP-Adapter") if follows else None,
        image_encoder=locate("reference-encoder", what="image encoder") if follows else None,
        clip_skip=settings.clip_skip,
        v_prediction=seen.v_prediction or None,
    )
    steps, guidance = usual.steps_of(settings.steps, model), usual.guidance_of(settings.guidance, model)
    for text in [*advice(loras, settings.scheduler, steps, guidance), *usual.advice(model, guidance)]:
        context.warn(text)
    return model


def _fitting(name: str, what: str, kind: Kind, family: Family, root: Path) -> Path:
    """Where a part lies that goes with the checkpoint; looked at before gigabytes are loaded."""
    path = locate(name, root, what=what)
    check_fits(path, kind, family)
    return path


def _usual(settings: DiffuseSettings) -> str:
    return _USUAL if settings.family == "auto" else settings.family


def _family(settings: DiffuseSettings, checkpoint: Path, seen: Recognised) -> Family:
    if settings.family != "auto":
        return settings.family
    if not seen.family:
        raise SettingError(
            "which family the checkpoint belongs to cannot be told from its file",
            where=str(checkpoint),
            remedy="Set diffuse.family, or choose a Stable Diffusion 1.5 or SDXL checkpoint.",
        )
    return seen.family


def kinds_of(context: StageContext, settings: DiffuseSettings) -> tuple[str, ...]:
    """Kinds of control that hold the drawing: made by the controls stage, and of some weight."""
    if not context.is_enabled("controls"):
        return ()
    made = context.settings_of("controls")
    return tuple(kind for kind in KINDS if getattr(made, kind) and getattr(settings, f"{kind}_weight") > 0)


def _controlnets(context: StageContext, settings: DiffuseSettings, family: Family) -> tuple[tuple[str, Path], ...]:
    own = assigned(settings.controlnets, "diffuse.controlnets")
    unknown = sorted(set(own) - {*KINDS, "all"})
    if unknown:
        raise SettingError(
            f'diffuse.controlnets names "{unknown[0]}", which is no kind of control',
            remedy="There are: " + ", ".join(KINDS) + ", all.",
        )
    found: list[tuple[str, Path]] = []
    for kind in kinds_of(context, settings):
        usual = f"sd15-{kind}" if family == "sd15" else f"{family}-union"
        name = own.get(kind) or own.get("all") or usual
        found.append((kind, _fitting(name, f"ControlNet for {kind}", "controlnet", family, context.shot.root)))
    return tuple(found)
