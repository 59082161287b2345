# SPDX-License-Identifier: GPL-3.0-or-later
"""The words a setting is shown with in Blender: its label, its unit, its description."""

from __future__ import annotations

import typing

from .choice_text import CHOICES
from .engine.schema.base import StageSpec
from .engine.settings import Field

# Short enough for the sidebar as wide as it is at first.
LABELS = {
    "build.set": "Set",
    "controls.lineart": "Line Art",
    "controls.softedge": "Soft Edges",
    "controls.openpose": "OpenPose",
    "controls.mlsd": "MLSD",
    "controls.canny_low": "Canny Goes On",
    "controls.canny_high": "Canny Begins",
    "build.file": "Blend File",
    "depth.background_distance": "Wall Away",
    "depth.camera_height": "Cam Height",
    "depth.field_of_view": "Field of View",
    "depth.smoothness": "Blur",
    "depth.subject_height": "Height",
    "diffuse.agree_anchor": "Hold Anchor",
    "diffuse.agree_attention": "Share Attention",
    "diffuse.agree_colour": "Match Colours",
    "diffuse.agree_reference": "Anchor as Reference",
    "diffuse.cell_multiple": "Sides Divide by",
    "diffuse.grid_cells": "Keys a Grid",
    "diffuse.grid_long_side": "Grid Size",
    "diffuse.loras": "LoRAs",
    "diffuse.background_prompt": "Background",
    "diffuse.embeddings": "Embeddings",
    "diffuse.vae": "VAE",
    "diffuse.clip_skip": "CLIP Skip",
    "diffuse.mlsd_weight": "MLSD Weight",
    "diffuse.mlsd_start": "MLSD Start",
    "diffuse.mlsd_end": "MLSD End",
    "diffuse.controlnets": "ControlNets",
    "diffuse.negative_prompt": "Negative",
    "encode.codec": "Format",
    "footage.source": "Clip",
    "footage.bits": "Bit Depth",
    "footage.long_side": "Working Size",
    "footage.start_seconds": "Start",
    "footage.end_seconds": "End",
    "footage.minimum_scene": "Shortest Scene",
    "footage.no_cuts": "Cuts to Ignore",
    "footage.cuts": "More Cuts",
    "footage.multiple": "Crop Sides to",
    "footage.cut_minimum_change": "Least Change",
    "footage.hdr_peak": "HDR Peak",
    "keys.count": "Number of Keys",
    "matte.box": "Boxes",
    "matte.cut": "Use GrabCut",
    "matte.shadow_tolerance": "Shadows",
    "render.engine": "Render Engine",
    "render.preview_long_side": "Preview Size",
    "render.preview_samples": "Samples",
}
_SMALL_WORDS = {"of", "to", "and", "the", "in"}
_UNITS_BLENDER_SHOWS = {"px", "s"}


def label(spec: StageSpec, field: Field) -> str:
    """The setting's name as Blender writes labels; the unit in brackets where Blender cannot show it itself.

    >>> from .engine.schema.registry import BY_NAME
    >>> from .engine.settings import fields_of
    >>> [label(BY_NAME["depth"], field) for field in fields_of(BY_NAME["depth"].settings)][7]
    'Wall Away (m)'
    """
    text = LABELS.get(f"{spec.name}.{field.name}", "") or title(field.name)
    unit = {"degrees": "°"}.get(field.bounds.unit, field.bounds.unit)
    return f"{text} ({unit})" if unit and unit not in _UNITS_BLENDER_SHOWS | {"frames"} else text


def title(name: str) -> str:
    """Words in title case from an identifier ("field_of_view" becomes "Field of View")."""
    words = name.split("_")
    return " ".join(word if index and word in _SMALL_WORDS else word.capitalize() for index, word in enumerate(words))


def choices(spec: StageSpec, field: Field) -> list[tuple[str, str, str]]:
    """Identifier, label and description of each choice, as Blender's menus want them."""
    words = CHOICES.get(f"{spec.name}.{field.name}", {})
    names = [str(choice) for choice in typing.get_args(field.kind)]
    return [(name, *words.get(name, (title(name), tooltip(field)))) for name in names]


def tooltip(field: Field) -> str:
    """The setting's description. Blender puts the full stop itself."""
    return field.bounds.doc.rstrip().removesuffix(".")
