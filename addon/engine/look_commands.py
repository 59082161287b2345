# SPDX-License-Identifier: GPL-3.0-or-later
"""`lineboil look`: looks listed, shown, applied to a shot, kept from a shot, taken over from a file, and removed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import looks
from . import settings as settings_module
from .messages import Reporter, Status, Warned
from .shelf import Entry, differing
from .shot import Shot

Result = dict[str, Any]


def add_verbs(verbs: Any, verb: Callable[..., argparse.ArgumentParser]) -> None:
    """Put `look` and what it can do into the grammar of the command line.

    Args:
        verbs: Where verbs are added.
        verb: Adds one: `verb(verbs, name, function, text, shot=...)`.
    """
    text = "Looks: how keys are drawn, under a name."
    look = verbs.add_parser("look", help=text, description=text)
    acts = look.add_subparsers(dest="act", required=True, metavar="ACT")
    verb(acts, "list", list_looks, "List the looks that come along and your own.", shot=False)
    show = verb(acts, "show", show_look, "Show what a look sets.", shot=False)
    _name(show)
    apply = verb(acts, "apply", apply_look, "Give a shot a look.")
    _name(apply)
    save = verb(acts, "save", save_look, "Keep how a shot's keys are drawn as a look of your own.")
    _name(save)
    save.add_argument("--doc", default="", metavar="TEXT", help="what it is good for")
    add = verb(acts, "add", add_look, "Take over a look somebody shared: its file.", shot=False)
    add.add_argument("file", metavar="FILE", type=Path, help="a .toml with a look")
    for one in (save, add):
        one.add_argument("--replace", action="store_true", help="take the place of your look of this name")
    remove = verb(acts, "remove", remove_look, "Remove a look of your own.", shot=False)
    _name(remove)


def _name(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("name", metavar="NAME", help="a look's name, or the path of its file")


def list_looks(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Every look with what it is good for; broken ones are told."""
    found, problems = looks.load(looks.own_folder())
    for problem in problems:
        reporter.send(Warned("look", problem.sentence()))
    for look in found:
        state = "own" if look.is_own else "shipped"
        facts = {"name": look.name, "path": str(look.path), "is_own": look.is_own}
        reporter.send(Status(look.identifier, state, why=look.doc, facts=facts))
    return {"looks": ", ".join(look.identifier for look in found), "folder": str(looks.own_folder())}


def show_look(options: argparse.Namespace, reporter: Reporter) -> Result:
    """What a look sets, and where its file is."""
    look = looks.find(options.name, looks.own_folder())
    return {"look": look.name, "good for": look.doc, **_texts(look.values), "file": str(look.path)}


def apply_look(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Give a shot a look: only settings that differ are written."""
    look = looks.find(options.name, looks.own_folder())
    shot = Shot(options.shot)
    values = differing(look.values, shot.settings)
    shot.change(values)
    return {"look": look.name, **_texts(values)}


def save_look(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Keep a look of the artist's own."""
    shot = Shot(options.shot)
    return _kept(
        looks.save(looks.own_folder(), options.name, shot.settings, doc=options.doc, replace=options.replace)
    )


def add_look(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Take over a file."""
    return _kept(looks.add(looks.own_folder(), options.file, replace=options.replace))


def remove_look(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Remove one of the artist's own."""
    looks.remove(looks.own_folder(), looks.SHELF.file_stem(options.name))
    return {"removed": options.name}


def _kept(look: Entry) -> Result:
    return {"look": look.name, "file": str(look.path)}


def _texts(values: dict[str, Any]) -> Result:
    return {key: settings_module.toml_text(value) for key, value in values.items()}
