# SPDX-License-Identifier: GPL-3.0-or-later
"""The descriptor of a stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def _always(settings: Any) -> bool:
    return True


def _no_identity(settings: Any) -> dict[str, str]:
    return {}


def _no_frames(shot_root: Path) -> tuple[int, ...]:
    return ()


def _no_files(settings: Any, shot_root: Path) -> list[Path]:
    return []


def _no_spans(settings: Mapping[str, Any], shot_root: Path) -> dict[str, tuple[str, ...]]:
    return {}


def _not_cut(shot_root: Path) -> dict[int, tuple[str, str]]:
    return {}


@dataclass(frozen=True)
class Recipe:
    """What one output of a stage is made from, where not every output is made from the same.

    Attributes:
        settings: Names of the stage's settings that shape it.
        files: What it is made from, relative to the shot.
        outputs: Other outputs of the stage that it is made from; their recipes come before.
        identity: Networks that are asked, with their versions.
        version: Raise it when the same gives another output.
        is_wanted: False where the settings leave it out: what is there stays, for when it is wanted again.
    """

    settings: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    identity: tuple[tuple[str, str], ...] = ()
    version: int = 1
    is_wanted: bool = True


@dataclass(frozen=True)
class Situation:
    """What a stage may know of its shot before it runs.

    Attributes:
        root: The shot's folder.
        settings: Of all stages.
        is_enabled: Whether the shot uses a stage.
        facts: What another stage told of itself.
    """

    root: Path
    settings: Mapping[str, Any]
    is_enabled: Callable[[str], bool]
    facts: Callable[[str], Mapping[str, Any]]


def _none_of_others(settings: Mapping[str, Any], shot_root: Path) -> list[Path]:
    return []


@dataclass(frozen=True)
class StageSpec:
    """One stage of the road.

    Attributes:
        name: Also the table in `shot.toml` and the module under `stages`.
        version: Raise it when the same inputs and settings give another output.
        settings: Settings dataclass, fields made by `option`.
        inputs: Stages whose outputs are read directly.
        folders: Folders of numbered frames the stage writes. A frame is finished when it is in all of them.
        doc: One sentence for the artist.
        suffix: Of the numbered files.
        picture: The folder of this stage that later stages read as the film's picture; empty when it makes none.
        identity: Engine versions and weights (sha256) that these settings may use.
        files: The artist's own files that shape the output.
        shot_files: The same where the settings of other stages name them: told the settings of all stages.
        enabled: False makes the stage a pass-through.
        shot_enabled: The same, told the settings of all stages.
        frames: Frames the stage makes, when not every frame of the shot (keys only).
        locked: Frames whose file in `folders` is the artist's own when it is there (locked keys): never made.
        extra_outputs: Other outputs, relative to the shot; removed when the stage becomes stale.
        products: Files that become the artist's own (a .blend) and are never removed; without them it is not done.
        merged_outputs: Outputs that also hold the artist's decisions: never removed, the stage merges into them.
        on_request: Not part of `run` unless named (`build`, `render`).
        requires: Stages that must be in use; where one is a pass-through, this one is too.
        spans: Runs of frames ("13-24") with the files they are made from, where no frame needs all of them; told the
            settings of all stages.
        span_inputs: Stages, and files of the artist's, of which `spans` tells all: when only these change, the runs
            whose own files are as they were stay finished.
        recipes: By output, relative to the shot, what it alone is made from; None where all are made from the same.
            Outputs whose recipe is unchanged stay finished. Of the inputs in `span_inputs` the recipes tell all.
        cut_from: Frames cut from another output of the stage: its name, and its identity then where it was the
            artist's own. They are made again when the artist has changed it since.
        frame_local: An excerpt can be made alone: of other such stages only the same frames are read.
    """

    name: str
    version: int
    settings: type[Any]
    inputs: tuple[str, ...]
    folders: tuple[str, ...]
    doc: str
    suffix: str = ".png"
    picture: str = ""
    identity: Callable[[Any], dict[str, str]] = _no_identity
    files: Callable[[Any, Path], list[Path]] = _no_files
    shot_files: Callable[[Mapping[str, Any], Path], list[Path]] = _none_of_others
    enabled: Callable[[Any], bool] = _always
    shot_enabled: Callable[[Mapping[str, Any]], bool] = _always
    frames: Callable[[Path], tuple[int, ...]] | None = None
    locked: Callable[[Path], tuple[int, ...]] = _no_frames
    extra_outputs: tuple[str, ...] = ()
    products: Callable[[Any, Path], list[Path]] = _no_files
    merged_outputs: tuple[str, ...] = ()
    on_request: bool = False
    requires: tuple[str, ...] = ()
    spans: Callable[[Mapping[str, Any], Path], dict[str, tuple[str, ...]]] = _no_spans
    span_inputs: tuple[str, ...] = ()
    recipes: Callable[[Situation], dict[str, Recipe]] | None = None
    cut_from: Callable[[Path], dict[int, tuple[str, str]]] = _not_cut
    frame_local: bool = False
