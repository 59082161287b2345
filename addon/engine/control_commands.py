# SPDX-License-Identifier: GPL-3.0-or-later
"""`lineboil controls`: make the controls of the keys, and give up pictures that were replaced by hand."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from . import pipeline
from .errors import InputError, SettingError
from .frames import parse_ranges
from .messages import Note, Reporter
from .schema.controls_recipes import FOLDER
from .schema.diffuse_model import KINDS
from .shot import Shot
from .state import ShotState

Result = dict[str, Any]


def add_verbs(verbs: Any, verb: Callable[..., argparse.ArgumentParser]) -> None:
    """Put the verb into the grammar of the command line.

    Args:
        verbs: Where verbs are added.
        verb: Adds one: `verb(verbs, name, function, text)`.
    """
    one = verb(verbs, "controls", controls, "Make the controls of the keys, and tell which are your own.")
    one.add_argument(
        "--force", action="store_true", help="lay your own pictures aside and make them again as the program does"
    )
    one.add_argument("--frames", default="", metavar="A-B", help="--force: of these keys only")
    one.add_argument("--kinds", default="", metavar="A,B", help=f"--force: only these of {', '.join(KINDS)}")


def controls(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Bring the controls up to date; with `--force` the artist's own pictures go to `state/replaced`."""
    shot = Shot(options.shot)
    state = ShotState(shot)
    if not state.is_enabled("controls"):
        raise SettingError(
            "controls are not used", where=str(shot.root / "shot.toml"),
            remedy='They are made where diffuse.engine is "diffusion" and a kind of control is switched on.',
        )
    if (options.frames or options.kinds) and not options.force:
        raise SettingError("--frames and --kinds say what --force lays aside", remedy="Add --force.")
    given_up = _give_up(shot, reporter, _chosen_kinds(options.kinds), options.frames) if options.force else {}
    pipeline.run(shot, reporter, stage="controls", purpose="controls")
    own = _own(ShotState(shot))
    return given_up | ({"your own": ", ".join(own)} if own else {})


def _own(state: ShotState) -> list[str]:
    return [name for name in state.journal("controls").edited() if name.count("/") == 2]


def _chosen_kinds(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(",") if part.strip()) or KINDS
    if unknown := [name for name in names if name not in KINDS]:
        raise SettingError(f'"{unknown[0]}" is no kind of control', remedy="There are: " + ", ".join(KINDS) + ".")
    return names


def _give_up(shot: Shot, reporter: Reporter, kinds: tuple[str, ...], frames: str) -> Result:
    with pipeline.beside(shot, reporter, "controls", (), "controls") as context:
        state, footage = context.state, context.state.footage()
        if footage is None:
            raise InputError("nothing is made yet", where=str(shot.root), remedy="Run the shot first.")
        wanted = set(parse_ranges(frames, footage.count)) if frames else None
        names = [
            name for name in _own(state)
            if name.split("/")[1] in kinds and (wanted is None or int(name.split("/")[2][:6]) in wanted)
        ]
        if not names:
            reporter.send(Note("controls", "none of these pictures is your own: nothing is laid aside"))
            return {}
        place = state.set_aside("controls", names)
        # The sheets that show them are made again too.
        sheets = {f"{FOLDER}/{name.split('/')[2]}" for name in names}
        for name in sheets:
            (shot.root / name).unlink(missing_ok=True)
        state.journal("controls").forget({*names, *sheets})
        return {"laid aside": ", ".join(names), "where": str(shot.root / place)}
