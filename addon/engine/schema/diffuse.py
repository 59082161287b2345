# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the diffuse stage: what the keys look like redrawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .. import grid_plan
from ..key_list import FILE_NAME, key_frames, load_keys, locked_frames
from ..models import embeddings
from ..models.hub_catalogue import BY_NAME
from ..models.locate import identity_of, weighed
from ..settings import option
from .base import StageSpec
from .diffuse_model import ModelSettings, whole_prompt

FOLDER = "styled"


@dataclass(frozen=True)
class DiffuseSettings(ModelSettings):
    """How the keys are redrawn."""

    look: Literal["toon", "ink", "pencil"] = option(
        "toon",
        "filter: toon has flat colours and dark lines; ink is bolder, with few colours; pencil is lines and soft tone "
        "on paper.",
    )
    line_weight: float = option(
        1.0, "filter: thickness of the lines; 1 is the look's own.", minimum=0.3, maximum=4.0
    )
    line_amount: float = option(
        1.0, "filter: how many lines are drawn; 0 draws none, 1 is the look's own.", minimum=0.0, maximum=3.0
    )
    colour_levels: int = option(
        0, "filter: steps of brightness; 0 takes the look's own number.", minimum=0, maximum=32
    )
    saturation: float = option(1.0, "filter: strength of the colours; 1 is the look's own.", minimum=0.0, maximum=3.0)
    smoothing: float = option(
        1.0, "filter: how much detail is painted over; 1 is the look's own.", minimum=0.0, maximum=3.0
    )
    background: float = option(
        0.6,
        "filter: how much quieter the background is drawn than the character: fewer lines, less detail. 0 draws both "
        "alike.",
        minimum=0.0,
        maximum=1.0,
    )
    ink_colour: str = option(
        "", 'filter: colour of the lines, like "#1a1420"; empty takes the look\'s own. Pure black looks printed.'
    )
    paper_colour: str = option(
        "", 'filter: colour of the paper, like "#fff8e8", which tints the whole picture; empty takes the look\'s own.'
    )
    folder: str = option(
        "painted",
        "painted: where your pictures are, relative to the shot. Each is named by its frame, like 000012.png.",
    )
    transparency: Literal["white", "keep"] = option(
        "white",
        "painted: what becomes of transparent places in your pictures: white paper, or kept, so that the carried "
        "frames are transparent there too.",
    )


def painted_folder(settings: DiffuseSettings, shot_root: Path) -> Path:
    """Where the artist's pictures are."""
    path = Path(settings.folder).expanduser()
    return path if path.is_absolute() else shot_root / path


def _files(settings: DiffuseSettings, shot_root: Path) -> list[Path]:
    keys = [shot_root / FILE_NAME]
    if settings.engine == "painted":
        return [*keys, painted_folder(settings, shot_root)]
    if settings.engine != "diffusion":
        return keys
    own = [shot_root / name for name in _model_names(settings) if name not in BY_NAME]
    if settings.reference:
        own.append(shot_root / Path(settings.reference).expanduser())
    own += embeddings.named_files(prompts_of(settings, shot_root), settings.embeddings, shot_root)
    # A model by the name the artist's other programs know it by, or away, is the identity's affair.
    return [*keys, *sorted({path for path in own if path.exists()})]


def prompts_of(settings: DiffuseSettings, shot_root: Path) -> list[str]:
    """All words that are read for a shot: the settings', and those of single keys."""
    path = shot_root / FILE_NAME
    own = [key.more.get("prompt") for key in load_keys(path).keys] if path.is_file() else []
    keys = (whole_prompt(settings, prompt) for prompt in own if isinstance(prompt, str))
    words = [whole_prompt(settings), whole_prompt(settings, settings.background_prompt), settings.negative_prompt]
    return list(dict.fromkeys([*words, *keys]))


def _identity(settings: DiffuseSettings) -> dict[str, str]:
    """Which versions of its models a diffusion engine takes."""
    if settings.engine != "diffusion":
        return {}
    return {name: _version(name) for name in _model_names(settings)}


def _version(name: str) -> str:
    # What comes from the hub is checked when it is fetched: nothing of it is read again at every status.
    if name in BY_NAME:
        return f"{BY_NAME[name].repository} {BY_NAME[name].revision}"
    return identity_of(name)


def _model_names(settings: DiffuseSettings) -> list[str]:
    """Every model the settings name, or take without being told."""
    family = "sd15" if settings.family == "auto" else settings.family
    names = [settings.model or family, settings.vae, *(name for name, _ in weighed(settings.loras))]
    names += [part.partition("=")[2].strip() for part in settings.controlnets.split(",")]
    return [name for name in names if name]


SPEC = StageSpec(
    name="diffuse",
    version=1,
    settings=DiffuseSettings,
    inputs=("footage", "matte", "keys", "controls"),
    folders=(FOLDER,),
    doc="The keys redrawn: by a filter, by a diffusion model, or by your own hand.",
    files=_files,
    identity=_identity,
    frames=key_frames,
    locked=locked_frames,
    enabled=lambda settings: settings.engine != "off",
    cut_from=grid_plan.cut_from,
)
