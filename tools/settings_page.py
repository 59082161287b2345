# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes docs/settings.md from the stages' own descriptions; a test keeps the page true."""

from __future__ import annotations

from pathlib import Path

from lineboil.addon.engine.schema.base import StageSpec
from lineboil.addon.engine.schema.registry import STAGES
from lineboil.addon.engine.settings import fields_of, toml_text

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"
HEAD = """\
# Settings

Every setting of `shot.toml`, by stage, in the order of the work. `lineboil set SHOT matte.engine=chroma` changes one.
This page is written by `tools/settings_page.py`.
"""


def page() -> str:
    """The page as it should be."""
    return HEAD + "".join(map(_stage, STAGES))


def _stage(spec: StageSpec) -> str:
    rows = "".join(
        f"| `{field.name}` | `{toml_text(field.default)}` | {_cell(field.bounds.doc)} *{_cell(field.allowed())}* |\n"
        for field in fields_of(spec.settings)
    )
    return f"\n## {spec.name}\n\n{spec.doc}\n\n| setting | default | what it does |\n|---|---|---|\n{rows}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8", newline="\n")
