# SPDX-License-Identifier: GPL-3.0-or-later
"""The words a setting is shown with in Blender: its label, its unit, what each choice means."""

from __future__ import annotations

import re
import typing

from .engine.schema.base import StageSpec
from .engine.settings import Field

_LABELS = {
    "build.set": "Set",
    "build.file": "Blend File",
    "depth.field_of_view": "Field of View",
    "encode.codec": "Format",
    "footage.source": "Clip",
    "footage.bits": "Bit Depth",
    "footage.long_side": "Working Size",
    "footage.start_seconds": "Start",
    "footage.end_seconds": "End",
    "footage.minimum_scene": "Shortest Scene",
    "footage.no_cuts": "Cuts to Ignore",
    "footage.cuts": "More Cuts",
    "footage.multiple": "Crop to Multiple of",
    "footage.hdr_peak": "HDR Peak",
    "keys.count": "Number of Keys",
    "matte.box": "Boxes",
    "matte.cut": "Use GrabCut",
    "render.engine": "Render Engine",
}
_CHOICES = {
    "h264": "H.264",
    "prores4444": "ProRes 4444",
    "bt601": "BT.601",
    "bt709": "BT.709",
    "bt2020": "BT.2020",
    "sdr": "SDR",
    "hlg": "HLG",
    "pq": "PQ",
    "cpu": "CPU",
    "gpu": "GPU",
    "dis": "DIS",
    "eevee": "EEVEE",
    "realesrgan": "Real-ESRGAN",
    "8": "8 Bit",
    "16": "16 Bit",
    "2": "2 Times",
    "4": "4 Times",
}
_SMALL_WORDS = {"of", "to", "and", "the", "in"}
_UNITS_BLENDER_SHOWS = {"px", "s"}


def label(spec: StageSpec, field: Field) -> str:
    """The setting's name as Blender writes labels; the unit in brackets where Blender cannot show it itself.

    >>> from .engine.schema.registry import BY_NAME
    >>> from .engine.settings import fields_of
    >>> [label(BY_NAME["depth"], field) for field in fields_of(BY_NAME["depth"].settings)][7]
    'Background Distance (m)'
    """
    text = _LABELS.get(f"{spec.name}.{field.name}", "") or title(field.name)
    unit = {"degrees": "°"}.get(field.bounds.unit, field.bounds.unit)
    return f"{text} ({unit})" if unit and unit not in _UNITS_BLENDER_SHOWS | {"frames"} else text


def title(name: str) -> str:
    """Words in title case from an identifier ("field_of_view" becomes "Field of View")."""
    words = name.split("_")
    return " ".join(word if index and word in _SMALL_WORDS else word.capitalize() for index, word in enumerate(words))


def choice_label(choice: str) -> str:
    """A choice as it stands in a menu."""
    return _CHOICES.get(choice, "") or title(choice)


def choice_text(field: Field, choice: str) -> str:
    """What the setting's own words say of one choice; all of them where they do not speak of it alone."""
    names = "|".join(re.escape(str(name)) for name in typing.get_args(field.kind))
    start = re.search(rf"(?i)(?:^|[.;,:]\s+)(?:{re.escape(choice)})\b:?\s+(?=[a-z])", field.bounds.doc)
    if start is None:
        return tooltip(field)
    rest = field.bounds.doc[start.end() :]
    end = re.search(rf"(?i)[.;,]\s+(?:{names})\b|\.\s|\.$|;\s", rest)
    words = rest[: end.start()] if end else rest
    return words[:1].upper() + words[1:]


def tooltip(field: Field) -> str:
    """The setting's description. Blender puts the full stop itself."""
    return field.bounds.doc.rstrip().removesuffix(".")
