# SPDX-License-Identifier: GPL-3.0-or-later
"""What is finished, what is stale and why: the fingerprints of a shot."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from . import recipes as recipes_module
from . import settings as settings_module
from .cache import digest, file_identity, write_json
from .errors import InputError
from .footage import FILE_NAME as FOOTAGE_FILE
from .footage import Footage, load_footage
from .frames import frame_name, list_frames
from .journal import Journal
from .schema.base import Recipe, Situation, StageSpec
from .schema.registry import BY_NAME, STAGES
from .shot import Shot
from .spans import unchanged_frames

Standing = Literal["done", "stale", "partial", "missing", "off"]
_TABLES = ("settings", "identity", "files", "inputs")


@dataclass
class Record:
    """What is remembered of one stage (`state/<stage>.json`).

    Attributes:
        parts: Everything the fingerprint is made of, so that a change can be named.
        complete: The last run ended well with every frame of the shot.
        facts: What the stage told of itself ("engine": "person").
        seconds: Time spent on the present output.
        made: Frames made in that time.
        recipes: By output the fingerprint of what it alone was made from, where a stage tells it.
    """

    parts: dict[str, Any] = field(default_factory=dict[str, Any])
    complete: bool = False
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    seconds: float = 0.0
    made: int = 0
    recipes: dict[str, str] = field(default_factory=dict[str, str])

    def is_sound(self) -> bool:
        """Whether every field has its kind: the file may be damaged."""
        return (
            isinstance(self.parts, dict)
            and all(isinstance(self.parts.get(group, {}), dict) for group in _TABLES)
            and isinstance(self.facts, dict)
            and isinstance(self.complete, bool)
            and isinstance(self.seconds, int | float)
            and isinstance(self.made, int)
            and isinstance(self.recipes, dict)
        )


@dataclass(frozen=True)
class Report:
    """How a stage stands, with the reason in words."""

    stage: str
    standing: Standing
    finished: int = 0
    total: int = 0
    why: str = ""
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


class ShotState:
    """The state of every stage of a shot.

    Args:
        shot: The shot; its settings are read when this is made.
    """

    def __init__(self, shot: Shot) -> None:
        self.shot = shot
        self._journals: dict[str, Journal] = {}
        self._footage: Footage | None = None
        self._stamps: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._painted: dict[str, frozenset[int]] = {}
        self._recipes: dict[str, dict[str, Recipe]] = {}

    def refresh(self) -> None:
        """Look at the files again: what was found out about other stages is forgotten."""
        self._stamps, self._reasons, self._painted, self._recipes, self._footage = {}, {}, {}, {}, None

    def footage(self) -> Footage | None:
        """What the footage stage found, or None before it ran and when its file is damaged."""
        if self._footage is None:
            with contextlib.suppress(InputError):
                self._footage = load_footage(self.shot.root / FOOTAGE_FILE)
        return self._footage

    def is_enabled(self, stage: str) -> bool:
        """Whether the shot uses a stage; one that it does not use is a pass-through."""
        spec = BY_NAME[stage]
        settings = self.shot.settings
        is_used = spec.enabled(settings[stage]) and spec.shot_enabled(settings)
        return is_used and all(self.is_enabled(name) for name in spec.requires)

    def frames_of(self, spec: StageSpec) -> tuple[int, ...]:
        """Every frame a stage makes for the whole shot."""
        if not spec.folders:
            return ()
        if spec.frames is not None:
            return spec.frames(self.shot.root)
        footage = self.footage()
        return tuple(range(1, footage.count + 1)) if footage else ()

    def journal(self, stage: str) -> Journal:
        """The finished files of a stage."""
        if stage not in self._journals:
            self._journals[stage] = Journal(self.shot.state / f"{stage}.journal", self.shot.root)
        return self._journals[stage]

    def is_finished(self, spec: StageSpec, frame: int) -> bool:
        """Whether a frame is made, or the artist has put an own one in its place."""
        journal = self.journal(spec.name)
        name = frame_name(frame, spec.suffix)
        if any(f"{folder}/{name}" in self.locked(spec) for folder in spec.folders):
            return True
        known = recipes_module.wanted(self.recipes(spec)) if spec.recipes else journal.entries
        besides = (f"{folder}/{name}" for folder in spec.extra_outputs if f"{folder}/{name}" in known)
        wanted = ("edited",) if frame in self._cut_from_painted(spec) else ("finished", "edited")
        return all(
            journal.condition(path) in wanted
            for path in (*(f"{folder}/{name}" for folder in spec.folders), *besides)
        )

    def _cut_from_painted(self, spec: StageSpec) -> frozenset[int]:
        """Frames cut from an output that the artist has painted over since."""
        if spec.name not in self._painted:
            journal = self.journal(spec.name)
            cut = spec.cut_from(self.shot.root)
            now = {
                name: file_identity(self.shot.root / name)
                for name in {name for name, _ in cut.values()}
                if journal.condition(name) == "edited"
            }
            self._painted[spec.name] = frozenset(
                frame for frame, (name, identity) in cut.items() if name in now and now[name] != identity
            )
        return self._painted[spec.name]

    def locked(self, spec: StageSpec) -> set[str]:
        """Names of files that the artist has put in place of a stage's own and locked."""
        names = (
            f"{folder}/{frame_name(frame, spec.suffix)}"
            for frame in spec.locked(self.shot.root)
            for folder in spec.folders
        )
        return {name for name in names if (self.shot.root / name).is_file()}

    def record(self, stage: str) -> Record | None:
        """What is remembered of a stage; None when nothing is, or its file is damaged."""
        try:
            data = json.loads((self.shot.state / f"{stage}.json").read_text(encoding="utf-8"))
            record = Record(**data)
        except (OSError, ValueError, TypeError):
            return None
        return record if record.is_sound() else None

    def save(self, stage: str, record: Record) -> None:
        """Remember a stage."""
        write_json(self.shot.state / f"{stage}.json", record.__dict__)

    def parts(self, stage: str) -> dict[str, Any]:
        """What the fingerprint of a stage is made of now."""
        spec, values = BY_NAME[stage], self.shot.settings[stage]
        parts: dict[str, Any] = {
            "version": spec.version,
            "settings": settings_module.plain(values, affecting_only=True),
            "identity": spec.identity(values),
            "files": self._file_identities(spec),
            "inputs": {name: self.output_stamp(name) for name in spec.inputs},
        }
        if spec.recipes is not None:
            told = {name: stamp for name, stamp in parts["inputs"].items() if name not in spec.span_inputs}
            own = recipes_module.parts(self.recipes(spec), parts["settings"], self._identity_of_output)
            return {**parts, "inputs": told, **own}
        runs = spec.spans(self.shot.settings, self.shot.root)
        if runs:
            parts["spans"] = self._run_stamps(spec, runs)
        return parts

    def recipes(self, spec: StageSpec) -> dict[str, Recipe]:
        """What each output of a stage is made from; empty where a stage does not tell."""
        if spec.recipes is None:
            return {}
        if spec.name not in self._recipes:
            situation = Situation(self.shot.root, self.shot.settings, self.is_enabled, self._facts)
            self._recipes[spec.name] = spec.recipes(situation)
        return self._recipes[spec.name]

    def _facts(self, stage: str) -> dict[str, Any]:
        record = self.record(stage)
        return record.facts if record else {}

    def _recipe_stamps(self, spec: StageSpec) -> dict[str, str]:
        values = settings_module.plain(self.shot.settings[spec.name], affecting_only=True)
        return recipes_module.stamps(self.recipes(spec), values, self._identity_of_output)

    def _run_stamps(self, spec: StageSpec, runs: dict[str, tuple[str, ...]]) -> dict[str, str]:
        known: dict[str, str] = {}
        for name in {name for names in runs.values() for name in names}:
            known[name] = self._identity_of_output(name)
        return {run: digest([(name, known[name]) for name in names]) for run, names in runs.items()}

    def _identity_of_output(self, name: str) -> str:
        """Identity of a finished file by its journal's line, which costs no reading; else by its content."""
        for spec in STAGES:
            if name in spec.extra_outputs or name.partition("/")[0] in spec.folders:
                journal = self.journal(spec.name)
                if journal.condition(name) == "finished":
                    return f"{journal.entries[name].size} {journal.entries[name].checksum}"
        return file_identity(self.shot.root / name)

    def scene_stamp(self) -> str:
        """Fingerprint of what the Blender scene is built from, wherever that scene is.

        Raises:
            InputError: A file of the artist's that shapes the scene is missing.
        """
        parts = self.parts("build")
        settings = {name: value for name, value in parts["settings"].items() if name != "file"}
        return digest({**parts, "settings": settings})

    def _own_files(self, spec: StageSpec) -> list[Path]:
        settings, root = self.shot.settings, self.shot.root
        return [*spec.files(settings[spec.name], root), *spec.shot_files(settings, root)]

    def _file_identities(self, spec: StageSpec) -> dict[str, str]:
        try:
            paths = self._own_files(spec)
        except InputError:
            # A finished shot stays finished when its clip is archived; an unfinished one says what is missing.
            record = self.record(spec.name)
            if record is None or not record.complete:
                raise
            return dict(record.parts["files"])
        return {self._label(path): file_identity(path) for path in paths}

    def _label(self, path: Path) -> str:
        return path.relative_to(self.shot.root).as_posix() if path.is_relative_to(self.shot.root) else path.name

    def output_stamp(self, stage: str) -> str:
        """Fingerprint of a stage's output: of what made it, and of what the artist changed in it."""
        if stage not in self._stamps:
            self._stamps[stage] = self._output_stamp(stage)
        return self._stamps[stage]

    def _output_stamp(self, stage: str) -> str:
        if not self.is_enabled(stage):
            return "off"
        record = self.record(stage)
        if record is None:
            return "missing"
        own = sorted({*self.journal(stage).edited(), *self.locked(BY_NAME[stage])})
        edits = [(name, file_identity(self.shot.root / name)) for name in own]
        return digest([record.parts, edits])

    def report(self, stage: str) -> Report:
        """How a stage stands."""
        spec = BY_NAME[stage]
        if not self.is_enabled(stage):
            return Report(stage, "off", why="not used: what comes before passes through")
        record = self.record(stage)
        if record is None:
            return Report(stage, "missing", why="not made yet")
        frames = self.frames_of(spec)
        finished = sum(self.is_finished(spec, frame) for frame in frames)
        why = self._stale_reason(stage, record)
        standing: Standing = "stale" if why else "done"
        if not why and (why := self._gap(spec, record, finished, len(frames))):
            standing = "partial"
        edited = [name for name in self.journal(stage).edited() if name not in spec.merged_outputs]
        if standing == "done" and edited:
            why = f"{len(edited)} edited by hand"
        return Report(stage, standing, finished, len(frames), why, record.facts)

    def _gap(self, spec: StageSpec, record: Record, finished: int, total: int) -> str:
        if finished < total:
            return f"{total - finished} {'frame is' if total - finished == 1 else 'frames are'} not made or damaged"
        if self.footage() is None:
            return f"{FOOTAGE_FILE} is missing or damaged"
        journal = self.journal(spec.name)
        names = [name for name in spec.extra_outputs if name in journal.entries]
        # Films and scenes are called after the shot; the stage told their names.
        names += [str(record.facts[key]) for key in ("file", "movie") if record.facts.get(key)]
        lost = [name for name in names if journal.condition(name) in ("missing", "damaged")]
        products = spec.products(self.shot.settings[spec.name], self.shot.root)
        lost += [path.name for path in products if not path.is_file()]
        if lost:
            return f"{lost[0]} is missing or damaged"
        return "" if record.complete else "its last run did not end"

    def _stale_reason(self, stage: str, record: Record) -> str:
        if stage not in self._reasons:
            self._reasons[stage] = self._find_reason(stage, record)
        return self._reasons[stage]

    def _find_reason(self, stage: str, record: Record) -> str:
        for name in BY_NAME[stage].inputs:
            if self.is_enabled(name) and (upstream := self.record(name)) and self._stale_reason(name, upstream):
                return f"{name} is stale"
        return difference(record.parts, self.parts(stage))

    def begin(self, spec: StageSpec) -> tuple[Record, list[str]]:
        """Make a stage ready to run: old output goes, unless it is the artist's.

        Returns:
            The stage's record, and what the artist should be told.
        """
        parts = self.parts(spec.name)
        record = self.record(spec.name)
        told: list[str] = []
        if record is None or record.parts != parts:
            # What the artist has to mend first (a clip that is not there) is told before anything goes.
            self._own_files(spec)
            unchanged = unchanged_frames(spec, record.parts, parts) if record else set[int]()
            recipes = self._recipe_stamps(spec)
            before = record.recipes if record else {}
            finished = {name for name, stamp in recipes.items() if before.get(name) == stamp}
            told += self._clear(spec, _same_footage(record.parts, parts) if record else False, unchanged, finished)
            # Frames that stay keep what is known of them, their engine above all.
            record = Record(parts=parts, facts=record.facts if record and unchanged else {}, recipes=recipes)
        self._forget_lost(spec)
        told += self._set_foreign_aside(spec)
        record.complete = False
        self.save(spec.name, record)
        return record, told

    def _forget_lost(self, spec: StageSpec) -> None:
        """What is not wanted now and no longer there or damaged is made again when it is wanted."""
        journal, recipes = self.journal(spec.name), self.recipes(spec)
        unwanted = {name for name in journal.entries if name in recipes and not recipes[name].is_wanted}
        if lost := {name for name in unwanted if journal.condition(name) in ("missing", "damaged")}:
            journal.forget(lost)

    def _clear(self, spec: StageSpec, keep_edits: bool, unchanged: set[int], finished: set[str]) -> list[str]:
        journal = self.journal(spec.name)
        edited = [name for name in journal.edited() if name not in spec.merged_outputs]
        kept = set(edited) if keep_edits else set(edited) & finished
        told: list[str] = []
        if kept:
            told.append(f"{len(kept)} frames edited by hand are kept")
        if lost := sorted(set(edited) - kept):
            place = self.set_aside(spec.name, lost)
            told.append(f"{len(lost)} frames edited by hand no longer fit and were moved to {place}")
        finished |= {f"{folder}/{frame_name(frame, spec.suffix)}" for folder in spec.folders for frame in unchanged}
        gone = set(journal.entries) - kept - finished - set(spec.merged_outputs) - self.locked(spec)
        for name in gone:
            (self.shot.root / name).unlink(missing_ok=True)
        if gone:
            journal.forget(gone)
        shutil.rmtree(self.cache_folder(spec.name), ignore_errors=True)
        return told

    def _set_foreign_aside(self, spec: StageSpec) -> list[str]:
        journal = self.journal(spec.name)
        names = [
            f"{folder}/{frame_name(frame, spec.suffix)}"
            for folder in spec.folders
            for frame in list_frames(self.shot.root / folder, spec.suffix)
        ]
        locked = self.locked(spec)
        foreign = [name for name in names if name not in locked and journal.condition(name) == "foreign"]
        if not foreign:
            return []
        place = self.set_aside(spec.name, foreign)
        return [f"{len(foreign)} files that this stage did not make were moved to {place}"]

    def set_aside(self, stage: str, names: list[str]) -> str:
        """Move outputs of a stage that are the artist's and no longer fit; returns where to, relative to the shot."""
        place = self.shot.state / "replaced" / f"{stage}-{time.strftime('%Y%m%d-%H%M%S')}"
        for name in names:
            target = place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(self.shot.root / name, target)
        return place.relative_to(self.shot.root).as_posix()

    def cache_folder(self, stage: str) -> Path:
        """Private folder of a stage for work in progress."""
        return self.shot.state / "cache" / stage


def _same_footage(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return bool(old) and old.get("inputs", {}).get("footage") == new.get("inputs", {}).get("footage")


def difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    """The first difference of two fingerprints in words; empty when there is none."""
    if old.get("version") != new["version"]:
        return "this version of Lineboil makes it differently"
    for group, text in (("settings", "setting {key} was {old}, is {new}"), ("identity", "{key} is another version")):
        for key in _changed(old.get(group, {}), new[group]):
            before, now = old.get(group, {}).get(key), new[group].get(key)
            return text.format(key=key, old=_shown(before), new=_shown(now))
    for key in _changed(old.get("files", {}), new["files"]):
        return f"{key} has changed"
    for key in _changed(old.get("inputs", {}), new["inputs"]):
        return f"{key} was made anew or changed"
    return recipes_module.difference(old, new)


def _changed(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]


def _shown(value: Any) -> str:
    return json.dumps(value) if not isinstance(value, list) else json.dumps(cast(list[Any], value))


def reports(shot: Shot) -> list[Report]:
    """How every stage of a shot stands, in the order of the work."""
    state = ShotState(shot)
    found: list[Report] = []
    for spec in STAGES:
        try:
            found.append(state.report(spec.name))
        except InputError as error:
            found.append(Report(spec.name, "stale", why=error.sentence()))
    return found
