# SPDX-License-Identifier: GPL-3.0-or-later
"""Diffusion models of the hub: where they are on this machine, how they come there, how they go.

Fetched only by `get`, which somebody has asked for; a run takes what is there (`path_of`).
"""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path

from ..cache import disk_error
from ..errors import MissingError, SettingError
from .hub_cache import Found, cache_folder, found, take_out, write_record
from .hub_catalogue import BY_NAME, HUB_MODELS, HubModel, entry
from .hub_fetch import Report, fetch
from .offline import OFFLINE_REMEDY, offline_reason


def find(name: str) -> HubModel:
    """The entry of a name, or of a place on the hub.

    Raises:
        SettingError: There is none.
    """
    model = BY_NAME.get(name) or entry(name)
    if model is None:
        raise SettingError(
            f'there is no model "{name}" to fetch',
            remedy="There are: " + ", ".join(BY_NAME) + "; others are named by their place on the hub, owner/name.",
        )
    return model


def states() -> list[Found]:
    """Every model of the catalogue with its state; quick."""
    return [found(model) for model in HUB_MODELS]


def path_of(name: str) -> Path:
    """The folder or file of a model that is there.

    Raises:
        SettingError: There is no such model.
        MissingError: It is not there, or not whole; the remedy is the command that gets it.
    """
    here = found(find(name))
    if here.state != "installed":
        raise not_there(here)
    return here.path


def not_there(here: Found) -> MissingError:
    """What to say about a model that is not installed."""
    model = here.model
    how = "is not there" if here.state == "missing" else f"is not whole (no {shown(here.lacking)})"
    facts = ", ".join(part for part in (size_text(model.megabytes), model.licence.identifier) if part)
    remedy = f"Get it ({facts}): lineboil models get {model.name}."
    return MissingError(f'the model "{model.name}" {how}', where=str(cache_folder()), remedy=remedy)


def size_text(megabytes: float) -> str:
    """A size as a person says it; "" for one that is not known.

    >>> size_text(2140), size_text(98)
    ('2.1 GB', '98 MB')
    """
    if not megabytes:
        return ""
    return f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"


def shown(names: tuple[str, ...]) -> str:
    """The first of some names of files, and how many more."""
    first = names[0].partition("|")[0]
    return first if len(names) == 1 else f"{first} and {len(names) - 1} more"


def get(name: str, report: Report, *, accept_licence: bool = False, allow_online: bool = True) -> Found:
    """Fetch a model, or what is missing of it; stopped at any moment, it goes on the next time.

    Args:
        name: Of the catalogue.
        report: Told the progress; its True stops it.
        accept_licence: Somebody has read the licence, where it has limits, and accepts it.
        allow_online: Whether anything may be fetched; the environment's variables may forbid it too.

    Raises:
        Cancelled: `report` said so.
        SettingError: There is no such model, or its licence has to be accepted.
        MissingError: No online access, no hub's library, no network, or the hub does not have it or give it.
        InputError: No room, or no permission to write.
    """
    model = find(name)
    here = found(model)
    if here.state == "installed":
        return here
    _look_before(model, accept_licence, allow_online)
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        done = fetch(model, report)
        write_record(model, {
            "name": model.name, "commit": done["commit"], "files": done["files"], "licence": model.licence.identifier,
            "fetched": time.strftime("%Y-%m-%d %H:%M:%S"),
        })
    except OSError as error:
        raise disk_error(error, Path(error.filename or cache_folder())) from error
    return found(model)


def _look_before(model: HubModel, accept_licence: bool, allow_online: bool) -> None:
    reason = offline_reason() if allow_online else "online access is off"
    if reason:
        raise MissingError(
            f"{model.name} has to be fetched, and {reason}",
            remedy=OFFLINE_REMEDY,
        )
    if model.licence.limits and not accept_licence:
        raise SettingError(
            f"the licence of {model.name}, {model.licence.identifier}, {model.licence.limits} and has to be accepted",
            where=model.licence.url, remedy=f"Read it, then run: lineboil models get {model.name} --accept-licence.",
        )
    if importlib.util.find_spec("huggingface_hub") is None:
        raise MissingError(
            "this environment has no diffusion models' packages", where=sys.prefix,
            remedy="Make it for cpu-torch, cuda, rocm or mps: lineboil environment make --backend cuda; in a checkout: "
            "make env DIFFUSION=cuda.",
        )


def remove(name: str, *, is_sure: bool = False) -> int:
    """Take a model out of the hub's cache; bytes freed.

    Args:
        name: Of the catalogue.
        is_sure: Also when another program has fetched it.

    Raises:
        MissingError: It is not there.
        SettingError: Another program has fetched it, and nobody says it may go.
        InputError: A file cannot be removed.
    """
    here = found(find(name))
    if not here.commit or here.state == "missing":
        raise MissingError(f'the model "{name}" is not there', where=str(cache_folder()))
    if not here.is_ours and not is_sure:
        raise SettingError(
            f'the model "{name}" was fetched by another program, which may need it', where=str(here.path),
            remedy=f"If it may go: lineboil models remove {name} --sure.",
        )
    others = [found(model) for model in HUB_MODELS if model.repository == here.model.repository and model.name != name]
    kept = [path for other in others if other.state == "installed" for path in other.names()]
    try:
        return take_out(here, kept)
    except OSError as error:
        raise disk_error(error, Path(error.filename or here.path)) from error
