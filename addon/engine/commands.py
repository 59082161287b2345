# SPDX-License-Identifier: GPL-3.0-or-later
"""What each verb of the command line does. Each takes the options and a reporter, and returns the result."""

from __future__ import annotations

import argparse
import os
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import blender, diagnosis, keys_advice, pipeline, presets
from . import settings as settings_module
from .carry import Order
from .carry import carry as carry_order
from .errors import EngineError, InputError, SettingError
from .frames import parse_ranges
from .key_list import key_frames
from .messages import Preview, Reporter, Status
from .schema.build import blend_of
from .schema.registry import BY_NAME, STAGES
from .shot import Shot, create, key_and_value, relative_text
from .state import ShotState, reports

Result = dict[str, Any]


def version() -> str:
    """The program's version, from `blender_manifest.toml` beside the package."""
    path = Path(__file__).resolve().parents[2] / "blender_manifest.toml"
    try:
        return str(tomllib.loads(path.read_text(encoding="utf-8"))["version"])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return "unknown"


def new(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Make a shot folder; the clip is looked at first, so that a bad one is told at once."""
    from .image import video

    clip: Path = options.footage
    video.probe(clip)
    values = _given_values(options, {spec.name: spec.settings() for spec in STAGES})
    values["footage.source"] = relative_text(clip, options.shot)
    shot = create(options.shot, values)
    return {"shot": str(shot.root), "settings": str(shot.root / "shot.toml"), "next": f"lineboil run {options.shot}"}


def run(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Bring the shot up to date."""
    shot = Shot(options.shot)
    pipeline.run(shot, reporter, stage=options.stage, until=options.until, frames=_chooser(options.frames))
    return _made(shot)


def _chooser(text: str) -> Callable[[int], tuple[int, ...]] | None:
    if not text:
        return None
    parse_ranges(text if not text.endswith("-") else text + "999999")
    return lambda count: parse_ranges(text, count)


def _made(shot: Shot) -> Result:
    places = {
        "movie": shot.root / f"{shot.name}.mp4",
        "movie with alpha": shot.root / f"{shot.name}.mov",
        "scene": blend_of(shot.settings["build"], shot.root),
        "rendered movie": shot.root / f"{shot.name}_render.mp4",
    }
    return {key: str(path) for key, path in places.items() if path.is_file()}


def carry(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Carry hand-painted keys over a clip, without a shot folder."""
    settings = dict(key_and_value(text) for text in options.set)
    order = Order(options.footage, options.keys, options.out, options.matte, options.cuts, settings)
    return carry_order(order, reporter)


def keys(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Choose the keys, or tell how many show how much."""
    shot = Shot(options.shot)
    if options.suggest or options.quality is not None:
        quality = keys_advice.USUAL_QUALITY if options.quality is None else options.quality
        return keys_advice.advise(shot, reporter, quality)
    pipeline.run(shot, reporter, stage="keys")
    return {"keys": ", ".join(str(frame) for frame in key_frames(shot.root))}


def status(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Say how every stage stands."""
    shot = Shot(options.shot)
    for report in reports(shot):
        facts = report.facts | _scene_facts(shot) if report.stage == "build" else report.facts
        reporter.send(Status(report.stage, report.standing, report.finished, report.total, report.why, facts))
    return {}


def _scene_facts(shot: Shot) -> Result:
    """What a scene of the shot would be stamped with if it were built now."""
    try:
        return {"stamp": ShotState(shot).scene_stamp()}
    except InputError:
        # The report of the stage says what is missing.
        return {}


def set_values(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Change settings in `shot.toml`; nothing is changed when one of them is wrong."""
    shot = Shot(options.shot)
    values = _given_values(options, shot.settings)
    shot.change(values)
    return {key: settings_module.toml_text(value) for key, value in values.items()}


def _given_values(options: argparse.Namespace, present: dict[str, Any]) -> dict[str, Any]:
    """The settings of a command line: what a preset changes, then what is given by name."""
    values = presets.find(options.preset, presets.own_folder()).values if options.preset else {}
    given = dict(key_and_value(text) for text in options.settings)
    return {**presets.differing(values, present), **given}


def preview(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Make one frame of one stage and a picture of the road up to it."""
    from .image import files
    from .image.contact import make_contact_sheet

    shot = Shot(options.shot)
    frame: int = options.frame
    if frame < 1:
        raise SettingError(f"there is no frame {frame}: frames count from 1")
    is_quick = options.stage in pipeline.QUICK_PREVIEWS and _can_be_shown(shot, options.stage)
    pipeline.run(
        shot,
        reporter,
        stage=options.stage,
        frames=lambda count: parse_ranges(str(frame), count),
        purpose="preview",
        inputs_only=is_quick,
    )
    footage = ShotState(shot).footage()
    if footage is not None:
        parse_ranges(str(frame), footage.count)
    path = shot.state / "preview" / f"{options.stage}-{frame:06d}.png"
    made = pipeline.quick_preview(shot, reporter, options.stage, frame) if is_quick else None
    if options.stage in pipeline.SHEET_PREVIEWS and made is not None:
        files.write_rgb(path, made)
        reporter.send(Preview(options.stage, frame, str(path)))
        return {"picture": str(path)}
    previews = {} if made is None else {options.stage: made}
    make_contact_sheet(shot.root, path, frames=(frame,), columns=1, previews=previews)
    reporter.send(Preview(options.stage, frame, str(path)))
    return {"picture": str(path)} | _kept_preview(path, made)


def _can_be_shown(shot: Shot, stage: str) -> bool:
    # Controls are looked at before one decides for a diffusion model, too.
    return stage == "controls" or ShotState(shot).is_enabled(stage)


def _kept_preview(sheet: Path, made: Any) -> Result:
    """Keep a picture that no stage has written, as large as it was made, beside the sheet that shows it."""
    if made is None:
        return {}
    from .image import files

    path = sheet.with_name(f"{sheet.stem}-half.png")
    files.write_rgb(path, made)
    return {"half-size picture": str(path)}


def sheet(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Make a contact sheet of every stage."""
    from .image.contact import make_contact_sheet

    shot = Shot(options.shot)
    footage = ShotState(shot).footage()
    if footage is None:
        raise InputError("nothing is made yet", where=str(shot.root), remedy=f"Run: lineboil run {options.shot}.")
    frames = parse_ranges(options.frames, footage.count) if options.frames else None
    path: Path = options.out or shot.root / "sheet.png"
    make_contact_sheet(shot.root, path, frames=frames)
    return {"contact sheet": str(path)}


def check(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Say what is installed and what is missing."""
    _choose_blender(options)
    if options.fetch:
        diagnosis.fetch_models(reporter)
    findings = diagnosis.findings()
    if options.shot:
        findings += diagnosis.shot_findings(Shot(options.shot))
    for finding in findings:
        reporter.send(Status(finding.name, "done" if finding.is_good else "missing", why=finding.text))
    bad = [finding for finding in findings if not finding.is_good and finding.is_needed]
    if bad:
        raise EngineError(f"{bad[0].name}: {bad[0].text}", remedy=bad[0].remedy)
    return {"check": "everything the road needs is here"}


def environment(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Refuse: what runs in an environment does not change it."""
    raise SettingError("a worker does not look after its own environment", remedy="Run: lineboil environment check.")


def build(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Make or update the .blend."""
    _choose_blender(options)
    shot = Shot(options.shot)
    _choose_blend(options, shot)
    pipeline.run(shot, reporter, stage="build", purpose="build", inputs_only=options.describe)
    if options.describe:
        from .stages.build import describe

        return describe(shot, reporter)
    return {"scene": str(blend_of(shot.settings["build"], shot.root))}


def render(options: argparse.Namespace, reporter: Reporter) -> Result:
    """Render the .blend to a movie."""
    _choose_blender(options)
    shot = Shot(options.shot)
    _choose_blend(options, shot)
    changes = dict(key_and_value(f"render.{text.removeprefix('render.')}") for text in options.settings)
    if changes:
        values = {key.partition(".")[2]: value for key, value in changes.items()}
        shot.settings["render"] = replace(shot.settings["render"], **values)
    pipeline.run(shot, reporter, stage="render", frames=_chooser(options.frames), purpose="render")
    facts = ShotState(shot).record("render")
    movie = facts.facts.get("movie") if facts else None
    return {"rendered movie": str(shot.root / movie)} if movie else _made(shot)


def _choose_blend(options: argparse.Namespace, shot: Shot) -> None:
    """Remember the .blend that the command line names."""
    if options.blend is None:
        return
    path = Path(os.path.abspath(options.blend.expanduser()))
    if path.suffix != ".blend" or path.is_dir():
        raise SettingError("is not a .blend", where=str(path), remedy="Give the path of a .blend after --blend.")
    if options.verb == "render" and not path.is_file():
        raise InputError("there is no such .blend", where=str(path), remedy="Look at the path after --blend.")
    is_usual = path == blend_of(replace(shot.settings["build"], file=""), shot.root)
    text = "" if is_usual else relative_text(path, shot.root)
    if text != shot.settings["build"].file:
        shot.change({"build.file": text})


def _choose_blender(options: argparse.Namespace) -> None:
    if options.blender is None:
        return
    if not options.blender.exists():
        raise InputError("there is no such Blender", where=str(options.blender), remedy="Give the program's path.")
    # Not resolved: the Python of a virtual environment is a link, and what it links to has no packages.
    blender.chosen.set(str(options.blender.absolute()))


def stage_names() -> list[str]:
    """Names of all stages, for help texts."""
    return list(BY_NAME)
