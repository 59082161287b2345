# SPDX-License-Identifier: GPL-3.0-or-later
"""The model that the settings ask for: checkpoint, ControlNets, LoRAs, VAE and IP-Adapter, each where it lies."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from ..errors import SettingError
from ..models.diffusion.request import Family, Lora, Model
from ..models.locate import assigned, family_of, locate, weighed
from ..schema.diffuse import DiffuseSettings
from ..schema.diffuse_model import KINDS
from .context import StageContext

_USUAL = "sd15"


def model_of(context: StageContext, settings: DiffuseSettings) -> Model:
    """What has to be in memory.

    Raises:
        MissingError: A part of it is not installed; says how to get it.
        SettingError: A setting cannot be read, or the checkpoint's family cannot be told.
    """
    root = context.shot.root
    checkpoint = locate(settings.model or _usual(settings), root, what="checkpoint")
    family = _family(settings, checkpoint)
    follows = bool(settings.reference) or (settings.agree_reference and len(context.state.frames_of(context.spec)) > 1)
    return Model(
        family=family,
        checkpoint=checkpoint,
        controlnets=_controlnets(context, settings, family),
        loras=tuple(Lora(locate(name, root, what="LoRA"), weight) for name, weight in weighed(settings.loras)),
        vae=locate(settings.vae, root, what="VAE") if settings.vae else None,
        ip_adapter=locate(f"{family}-reference", what="IP-Adapter") if follows else None,
        image_encoder=locate("reference-encoder", what="image encoder") if follows else None,
        clip_skip=settings.clip_skip,
    )


def _usual(settings: DiffuseSettings) -> str:
    return _USUAL if settings.family == "auto" else settings.family


def _family(settings: DiffuseSettings, checkpoint: Path) -> Family:
    if settings.family != "auto":
        return settings.family
    found = family_of(checkpoint)
    if not found:
        raise SettingError(
            "which family the checkpoint belongs to cannot be told from its file",
            where=str(checkpoint),
            remedy="Set diffuse.family, or choose a Stable Diffusion 1.5 or SDXL checkpoint.",
        )
    return cast(Family, found)


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
        found.append((kind, locate(name, context.shot.root, what=f"ControlNet for {kind}")))
    return tuple(found)
