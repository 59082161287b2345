# SPDX-License-Identifier: GPL-3.0-or-later
"""`lineboil models`: what there is and how it stands, got and removed by name, and the folders they lie in.

Two kinds under one verb: the small networks that the road needs (`built-in`, `models/registry.py`), and diffusion
models of the hub (`models/hub.py`). A run fetches nothing; this does, and only for `get`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import diagnosis
from .errors import SettingError
from .job import Job
from .messages import Reporter, Status
from .models import artist_folders, artist_places, hub, hub_cache, registry
from .models.hub_cache import Found

Result = dict[str, Any]

BUILT_IN = "built-in"
FAMILIES = ("sd15", "sdxl", "zimage")
_STATES = {"installed": "done", "partly": "partial", "missing": "missing"}


def add_verbs(verbs: Any, verb: Callable[..., argparse.ArgumentParser]) -> None:
    """Put `models` and what it can do into the grammar of the command line.

    Args:
        verbs: Where verbs are added.
        verb: Adds one: `verb(verbs, name, function, text, shot=...)`.
    """
    text = "Model files: what there is, where it lies, got and removed."
    models = verbs.add_parser("models", help=text, description=text)
    acts = models.add_subparsers(dest="act", required=True, metavar="ACT")
    shown = verb(acts, "list", list_models, "List the models known by name and how they stand.", shot=False)
    shown.add_argument("--family", default="", choices=FAMILIES, help="only what goes with this family")
    shown.add_argument("--installed", action="store_true", help="only what is there")
    get = verb(acts, "get", get_models, "Fetch models, or what is missing of them.", shot=False)
    _names(get)
    get.add_argument("--accept-licence", action="store_true", help="you have read their licences and accept them")
    get.add_argument("--offline", action="store_true", help="fetch nothing: say what would have to be fetched")
    remove = verb(acts, "remove", remove_models, "Remove models from the disk.", shot=False)
    _names(remove)
    remove.add_argument("--sure", action="store_true", help="also those that another program has fetched")
    own = verb(acts, "own", list_own, "List the model files you have already, by family.", shot=False)
    own.add_argument("--family", default="", choices=FAMILIES, help="only what goes with this family")
    own.add_argument("folders", nargs="*", metavar="FOLDER", type=Path, help="look here instead of in your folders")
    folders = verb(acts, "folders", show_folders, "Show where models lie, or look elsewhere too.", shot=False)
    folders.add_argument("--add", default=None, metavar="FOLDER", type=Path, help="look for your own models here too")
    folders.add_argument("--forget", default=None, metavar="FOLDER", type=Path, help="look there no more")


def _names(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("names", nargs="+", metavar="NAME", help=f"like sd15, {BUILT_IN}, or owner/name")


def list_models(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Every model known by name."""
    found = [item for item in hub.states() if options.family in ("", item.model.family) or not item.model.family]
    for item in found:
        if item.state == "installed" or not options.installed:
            reporter.send(_status(item))
    if not options.family:
        lacking = len(registry.lacking(registry.models_folder()))
        total = len(registry.MODELS)
        state = "missing" if lacking == total else "partial" if lacking else "done"
        facts = {"path": str(registry.models_folder())}
        reporter.send(Status(BUILT_IN, state, total - lacking, total, "networks that come with the program", facts))
    here = sum(item.state == "installed" for item in found)
    return {"installed": f"{here} of {len(found)}", "folder": str(hub_cache.cache_folder())}


def _status(item: Found) -> Status:
    model = item.model
    entry = {
        "id": model.repository, "files": list(model.files), "revision": item.commit or model.revision,
        "megabytes": model.megabytes, "licence_url": model.licence.url, "licence_limits": model.licence.limits,
        "path": str(item.path) if item.state == "installed" else "", "lacking": list(item.lacking),
        "is_ours": item.is_ours, "is_verified": model.is_verified, "page": model.page, "control": model.control,
    }
    facts = {"kind": model.kind.replace("_", " "), "family": model.family, "size": hub.size_text(model.megabytes),
             "licence": model.licence.identifier, "entry": entry}
    return Status(model.name, _STATES[item.state], why=model.doc.rstrip("."), facts=facts)


def get_models(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Fetch some models one after the other; what is there already is left alone."""
    job = Job(reporter, "models")
    _known(options.names)
    result: Result = {}
    for name in options.names:
        if name == BUILT_IN:
            diagnosis.fetch_models(reporter, allow_online=not options.offline)
            result[name] = str(registry.models_folder())
        else:
            result[name] = str(_get(name, options, job).path)
    return result


def _get(name: str, options: argparse.Namespace, job: Job) -> Found:
    model = hub.find(name)
    if hub_cache.found(model).state != "installed":
        size = hub.size_text(model.megabytes)
        job.note(f"{name}: {f'about {size} of ' if size else ''}{model.repository}, licence "
                 f"{model.licence.identifier} ({model.licence.url}), into {hub_cache.cache_folder()}")
        if not model.is_verified:
            job.note(f"{name}: this entry was written without a look at the hub; what differs is told")

    def report(what: str, done: int, total: int) -> bool:
        job.step(what, round(done / 1e6), round(total / 1e6), "MB")
        return False

    return hub.get(name, report, accept_licence=options.accept_licence, allow_online=not options.offline)


def _known(names: list[str]) -> None:
    """Whether all names are known, before the first gigabyte is fetched."""
    for name in names:
        if name != BUILT_IN:
            hub.find(name)


def remove_models(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Remove some models from the disk."""
    _known(options.names)
    if BUILT_IN in options.names:
        raise SettingError(
            "the built-in networks belong to the program", where=str(registry.models_folder()),
            remedy="They go with the environment: lineboil environment remove.",
        )
    freed = {name: hub.remove(name, is_sure=options.sure) for name in options.names}
    return {name: f"removed, {size / 1e6:.0f} MB freed" for name, size in freed.items()}


def list_own(options: argparse.Namespace, reporter: Reporter) -> Result:
    """The model files in the artist's folders, by family; those that cannot be used say why."""
    found = artist_folders.files(options.folders or None)
    shown = [own for own in found if options.family in ("", own.family)]
    for own in shown:
        facts = {"kind": own.kind.replace("_", " "), "family": own.family, "size": hub.size_text(own.bytes / 1e6),
                 "entry": {"path": str(own.path), "v_prediction": own.v_prediction, "bytes": own.bytes}}
        state = "stale" if own.problem else "done"
        reporter.send(Status(own.path.stem, state, why=own.problem.rstrip("."), facts=facts))
    usable = sum(not own.problem for own in shown)
    return {"usable": f"{usable} of {len(shown)}", "folders": ", ".join(map(str, artist_places.folders())) or "none"}


def show_folders(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Where models lie, and how that is changed."""
    if options.add is not None:
        artist_places.add(options.add)
    if options.forget is not None:
        artist_places.forget(options.forget)
    return {
        "hub": str(hub_cache.cache_folder()), "hub is chosen by": "HF_HUB_CACHE or HF_HOME",
        BUILT_IN: str(registry.models_folder()), f"{BUILT_IN} is chosen by": "LINEBOIL_MODELS",
        "your own": ", ".join(map(str, artist_places.folders())) or "none found",
        "your own are chosen by": f"--add, and {artist_places.VARIABLE}",
    }
