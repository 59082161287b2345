"""The docs are true: pages that are written from the code, links, and the commands they name."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from lineboil.addon.engine import cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "samples").glob("*.md")])


def test_the_settings_page_is_what_the_stages_say() -> None:
    spec = importlib.util.spec_from_file_location("settings_page", ROOT / "tools" / "settings_page.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run tools/settings_page.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_pictures_are_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_in_the_docs_are_understood(page: Path) -> None:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"^(?:\$ )?(?:\.venv/bin/)?lineboil (.+)$", text, re.MULTILINE):
        words = line.split("  #")[0].split(" #")[0].split()
        if not {"|", "…", "..."} & set(words):
            assert cli.parse(words).verb == words[0]


@pytest.mark.parametrize("target", ["demo", "test", "env", "lint", "bench"])
def test_the_makefile_has_what_the_readme_names(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
