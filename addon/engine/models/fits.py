# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a model file is what a setting wants, and goes with the checkpoint: told before anything is loaded."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError
from .family import Family, Kind, Recognised, recognise

NAMES: dict[Family, str] = {"sd15": "Stable Diffusion 1.5", "sdxl": "SDXL", "zimage": "Z-Image"}
_KINDS: dict[Kind, str] = {
    "checkpoint": "a checkpoint", "lora": "a LoRA", "controlnet": "a ControlNet",
    "controlnet_union": "a union ControlNet", "vae": "a VAE", "ip_adapter": "an IP-Adapter",
    "embedding": "an embedding",
}
_SETTINGS: dict[Kind, str] = {
    "checkpoint": "diffuse.model", "lora": "diffuse.loras", "controlnet": "diffuse.controlnets", "vae": "diffuse.vae",
    "controlnet_union": "diffuse.controlnets", "ip_adapter": "diffuse.reference",
    "embedding": "diffuse.embeddings",
}


def check_fits(path: Path, kind: Kind, family: Family = "") -> Recognised:
    """Look whether a file or folder is of a kind and goes with a family; only its head is read.

    Args:
        path: A .safetensors file, or a folder in diffusers' layout.
        kind: What is wanted; "controlnet" takes one for all kinds of control too.
        family: Of the checkpoint; "" takes any.

    Returns:
        What it is. Where its head does not show a family it is let through.

    Raises:
        MissingError: It is not there.
        InputError: It is another thing, of another family, damaged, or may not be opened.
    """
    what = recognise(path)
    # A folder may be of a class that is not known here, or a LoRA's, which has no config.
    if what.kind != kind and not _is_net(what.kind, kind) and not (path.is_dir() and what.kind == "unknown"):
        raise _another_kind(path, what, kind)
    if what.problem:
        raise InputError(what.problem, where=str(path), remedy=f"Choose another for {_SETTINGS[kind]}.")
    if family and what.family and what.family != family:
        raise _another_family(path, what, family)
    return what


def _is_net(found: Kind, wanted: Kind) -> bool:
    return wanted == "controlnet" and found == "controlnet_union"


def _another_kind(path: Path, what: Recognised, kind: Kind) -> InputError:
    wanted = _KINDS[kind]
    if what.kind == "unknown":
        return InputError(f"is not {wanted}: it {what.problem}", where=str(path),
                          remedy=f"Choose {wanted} for {_SETTINGS[kind]}.")
    return InputError(f"is {_KINDS[what.kind]}, not {wanted}", where=str(path),
                      remedy=f"It belongs into {_SETTINGS[what.kind]}; choose {wanted} for {_SETTINGS[kind]}.")


def _another_family(path: Path, what: Recognised, family: Family) -> InputError:
    made, wanted = NAMES[what.family], NAMES[family]
    if what.kind == "checkpoint":
        return InputError(f"is a checkpoint of {made}, but diffuse.family says {wanted}", where=str(path),
                          remedy="Set diffuse.family to auto, or choose another checkpoint.")
    return InputError(f"is {_KINDS[what.kind]} for {made}, but the checkpoint is {wanted}", where=str(path),
                      remedy=f"Choose one that was made for {wanted}.")
