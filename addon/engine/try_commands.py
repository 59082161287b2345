# SPDX-License-Identifier: GPL-3.0-or-later
"""`lineboil try`, `tries` and `redraw`: a look found by small pictures, their history, a region of a key again."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import looks, pipeline
from . import settings as settings_module
from .errors import InputError, SettingError
from .messages import Reporter, Status, Warned
from .shelf import differing
from .shot import Shot, key_and_value
from .tries import STAGES, Tries, Try, values_of
from .try_restore import restore_words

Result = dict[str, Any]
_MOST_VARIATIONS = 64


def add_verbs(verbs: Any, verb: Callable[..., argparse.ArgumentParser]) -> None:
    """Put the verbs into the grammar of the command line.

    Args:
        verbs: Where verbs are added.
        verb: Adds one: `verb(verbs, name, function, text)`.
    """
    one = verb(verbs, "try", try_look, "Draw a key or a grid small and quickly, to find a look.")
    which = one.add_mutually_exclusive_group()
    which.add_argument("--frame", type=int, default=0, metavar="N", help="this key alone")
    which.add_argument("--grid", type=int, default=0, metavar="N", help="this grid of keys, from 1")
    one.add_argument("--size", type=float, default=0.5, metavar="S", help="part of the full size, 0.25 to 1")
    one.add_argument("--steps", type=int, default=0, metavar="N", help="steps; about half of diffuse.steps otherwise")
    one.add_argument("--seeds", default="", metavar="A,B", help="a strip with a column for each seed")
    one.add_argument("--strengths", default="", metavar="A,B", help="a strip with a row for each denoising strength")
    one.add_argument("--from", dest="parent", type=int, default=0, metavar="N", help="begin with the settings of a try")
    one.add_argument("--look", default="", metavar="NAME", help="with the settings of a look")
    history = verb(verbs, "tries", show_tries, "List the tries of a shot, bring one back, keep or remove it.")
    act = history.add_mutually_exclusive_group()
    for name, text in (
        ("restore", "write its settings into shot.toml"),
        ("use", "put its picture in the place of its key; it is your own from then on"),
        ("keep", "never let it go when tries become many"),
        ("unkeep", "let it go when tries become many"),
        ("remove", "take it away"),
    ):
        act.add_argument(f"--{name}", type=int, default=0, metavar="N", help=text)
    again = verb(verbs, "redraw", redraw, "Draw a region of a redrawn key again.")
    again.add_argument("--frame", type=int, required=True, metavar="N", help="the key")
    region = again.add_mutually_exclusive_group(required=True)
    region.add_argument("--part", default="", help="face, head, hands, left_hand, right_hand or character")
    region.add_argument("--mask", type=Path, default=None, metavar="FILE", help="a picture: white is drawn again")
    again.add_argument("--size", type=int, default=0, metavar="PX", help="long side it is drawn at; the model's own")
    again.add_argument("--look-only", action="store_true", help="keep it as a try; the key stays as it is")
    for each in (one, again):
        each.add_argument("settings", nargs="*", metavar="table.key=value", help="settings for this time")


def try_look(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Draw one or several pictures small and keep them as tries; the shot's settings stay."""
    shot = Shot(options.shot)
    seeds, strengths = _numbers(options.seeds, "--seeds", int), _numbers(options.strengths, "--strengths", float)
    if max(1, len(seeds)) * max(1, len(strengths)) > _MOST_VARIATIONS:
        raise SettingError(f"a strip has at most {_MOST_VARIATIONS} pictures", remedy="Give fewer seeds or strengths.")
    if not 0.25 <= options.size <= 1:
        raise SettingError(f"--size is {options.size:g}, which is not allowed", remedy="Allowed: 0.25 to 1.")
    _set_for_now(shot, _values(options, shot, reporter))
    _check_engine(shot)
    pipeline.run(shot, reporter, stage="diffuse", inputs_only=True, purpose="try")
    with pipeline.beside(shot, reporter, "diffuse", (), "try") as context:
        from .stages.diffuse_tries import Order, make_tries

        order = Order(options.frame, options.grid, options.size, options.steps, seeds, strengths, options.parent)
        made, sheet = make_tries(context, order)
    first = {"try" if len(made) == 1 else "tries": ", ".join(str(item.number) for item in made)}
    return first | {"picture": str(sheet or Tries(shot.state).picture(made[-1].number))}


def show_tries(options: argparse.Namespace, reporter: Reporter) -> Result:
    """List the tries, or do something with one."""
    shot = Shot(options.shot)
    history = Tries(shot.state)
    if options.restore:
        return restore(shot, history.get(options.restore), reporter)
    if options.use:
        return _use(shot, history.get(options.use), reporter)
    if options.remove:
        history.remove(options.remove)
        return {"removed": options.remove}
    if options.keep or options.unkeep:
        history.keep(options.keep or options.unkeep, is_kept=bool(options.keep))
        return {"kept" if options.keep else "not kept": options.keep or options.unkeep}
    items = history.all()
    for item in items:
        facts = {"picture": str(history.picture(item.number)), "seed": item.seed, "parent": item.parent or ""}
        state = "kept" if item.is_kept else item.what
        reporter.send(Status(f"try {item.number}", state, why=item.title(), facts=facts))
    return {"tries": len(items), "folder": str(history.folder)}


def restore(shot: Shot, item: Try, reporter: Reporter) -> Result:
    """Write the settings of a try into `shot.toml`, and what its keys say of themselves into `keys.json`."""
    values, strange = values_of(item)
    if strange:
        reporter.send(Warned("diffuse", f"this version does not take {', '.join(strange)} of try {item.number}"))
    changed = differing(values, shot.settings)
    shot.change(changed)
    restore_words(shot.root, item)
    return {"restored": item.number, **{key: settings_module.toml_text(value) for key, value in changed.items()}}


def _use(shot: Shot, item: Try, reporter: Reporter) -> Result:
    if item.what == "grid" or len(item.frames) != 1:
        raise InputError(f"try {item.number} shows a grid of keys, not one key", remedy="Restore its settings instead.")
    with pipeline.beside(shot, reporter, "diffuse", item.frames, "tries") as context:
        from .stages.diffuse_redraw import use

        return {"key": item.frames[0], "picture": str(use(context, item))}


def redraw(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Draw a region of a key again; the key is the artist's own from then on."""
    shot = Shot(options.shot)
    values = dict(key_and_value(text) for text in options.settings)
    for key in values:
        if not key.startswith("diffuse."):
            raise SettingError(f'"{key}" cannot be set for a redrawing', remedy="Only settings of diffuse can.")
    _set_for_now(shot, values)
    _check_engine(shot)
    pipeline.run(shot, reporter, stage="diffuse", inputs_only=True, purpose="redraw")
    with pipeline.beside(shot, reporter, "diffuse", (options.frame,), "redraw") as context:
        from .stages.diffuse_redraw import Region, redraw

        region = Region(options.frame, options.part, options.mask, options.size)
        number, path = redraw(context, region, keeps_key=options.look_only)
    return {"try": number, "picture": str(path)}


def _values(options: argparse.Namespace, shot: Shot, reporter: Reporter) -> dict[str, Any]:
    """Settings for this time: of a try, then of a look, then those given by name."""
    values: dict[str, Any] = {}
    if options.parent:
        values, strange = values_of(Tries(shot.state).get(options.parent))
        if strange:
            reporter.send(Warned("diffuse", f"this version does not take {', '.join(strange)}"))
    if options.look:
        values |= looks.find(options.look, looks.own_folder()).values
    given = dict(key_and_value(text) for text in options.settings)
    for key in given:
        if key.partition(".")[0] not in STAGES:
            raise SettingError(f'"{key}" cannot be tried', remedy=f"Settings of {' and '.join(STAGES)} can.")
    return values | given


def _set_for_now(shot: Shot, values: dict[str, Any]) -> None:
    """Change settings of a shot in memory; its file stays."""
    for stage in STAGES:
        own = {key.partition(".")[2]: value for key, value in values.items() if key.startswith(f"{stage}.")}
        if own:
            shot.settings[stage] = replace(shot.settings[stage], **own)


def _check_engine(shot: Shot) -> None:
    engine = shot.settings["diffuse"].engine
    if engine != "diffusion":
        raise SettingError(
            f'the keys of this shot are made by "{engine}", not by a diffusion model',
            remedy="Set diffuse.engine=diffusion, or give the shot a look (lineboil look list).",
        )


def _numbers(text: str, name: str, kind: type[int] | type[float]) -> tuple[Any, ...]:
    try:
        found = tuple(kind(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise SettingError(f'{name} is "{text}", which are no numbers', remedy="Write them like 1,2,3.") from None
    low, high = (0, 2**32 - 1) if kind is int else (0.01, 1.0)
    for number in found:
        if not low <= number <= high:  # also where it is not a number
            raise SettingError(f"{number:g} is not allowed in {name}", remedy=f"Allowed: {low:g} to {high:g}.")
    return found
