# SPDX-License-Identifier: GPL-3.0-or-later
"""Textual inversions: words of the artist's own for a prompt, each a small file, and where prompts name them.

A prompt names one by its file's name as in A1111's web UI, or marked: `<name>`, or `embedding:name` as in ComfyUI.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import EngineError
from . import artist_folders
from .artist_folders import Own
from .family import recognise
from .locate import locate
from .safetensors_header import REFUSED, SUFFIX

_FOLDER = "embeddings"
_NOTHING = re.compile(r"(?!)")
_MARKED = re.compile(r"<\s*([^<>]+?)\s*>|\bembedding:\s*([\w.-]+)", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """A name that a prompt has.

    Attributes:
        name: In small letters.
        files: All that are called so.
        is_marked: Whether it can be nothing but an embedding: marked in the prompt, or named in the setting.
    """

    name: str
    files: tuple[Own, ...]
    is_marked: bool


def known(setting: str = "", root: Path | None = None) -> dict[str, tuple[Own, ...]]:
    """Every embedding by its name, in small letters: those of the artist's folders, and those of a setting before them.

    Args:
        setting: Files or names between commas.
        root: What its paths may be relative to.

    Raises:
        MissingError: One that the setting names is not there.
        InputError: It cannot be read.
    """
    found: dict[str, tuple[Own, ...]] = {}
    for own in artist_folders.lately():
        if _is_embedding(own):
            name = own.path.stem.lower()
            found[name] = (*found.get(name, ()), own)
    return found | {path.stem.lower(): (_own(path),) for path in given(setting, root)}


def given(setting: str, root: Path | None) -> list[Path]:
    """The files that a setting names.

    Raises:
        MissingError: One is not there.
    """
    return [locate(part.strip(), root, what="embedding") for part in setting.split(",") if part.strip()]


def named(texts: Iterable[str], all_known: Mapping[str, tuple[Own, ...]], setting: str = "") -> list[Named]:
    """The embeddings that texts name, each once.

    Args:
        texts: Prompts.
        all_known: See `known`.
        setting: See `known`.
    """
    meant = {os.path.splitext(os.path.basename(part.strip()))[0].lower() for part in setting.split(",")}
    found: dict[str, bool] = {}
    for text in texts:
        for words, name in split(text, all_known):
            if name:
                found[name] = found.get(name, False) or name in meant or _MARKED.search(words) is not None
    return [Named(name, all_known[name], is_marked) for name, is_marked in found.items()]


def named_files(texts: Iterable[str], setting: str, root: Path) -> list[Path]:
    """Every file that has a say in what texts mean; none that cannot be found or read."""
    with suppress(EngineError):
        found = named(texts, known(setting, root), setting)
        return sorted({own.path for one in found for own in one.files})
    return []


def unknown(texts: Iterable[str], all_known: Mapping[str, object]) -> list[str]:
    """What texts mark as embeddings and is none."""
    rest = (words for text in texts for words, name in split(text, all_known) if not name)
    return list(dict.fromkeys(match[0] for words in rest for match in _MARKED.finditer(words)))


def split(text: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """A text in parts: words with "", and what stands for an embedding with the embedding's name.

    >>> list(split("a dog, <Ink> (oil)", ["ink", "oil"]))
    [('a dog, ', ''), ('<Ink>', 'ink'), (' (', ''), ('oil', 'oil'), (')', '')]
    """
    start = 0
    for match in _pattern(names).finditer(text):
        name = match[1] or match[2]
        if not name:
            continue
        if match.start() > start:
            yield text[start : match.start()], ""
        yield match[0], name.lower()
        start = match.end()
    if start < len(text):
        yield text[start:], ""


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    """The longest name counts where several begin alike; a name within a word is none."""
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    if not either:
        return _NOTHING
    ending = rf"(?:{re.escape(SUFFIX)})?"
    return re.compile(
        # What is marked as something else, like a LoRA, is stepped over whole.
        rf"<\s*({either}){ending}\s*>|<[^<>]*>|(?<![\w-])(?:embedding:\s*)?({either}){ending}(?![\w-])",
        re.IGNORECASE,
    )


def _is_embedding(own: Own) -> bool:
    if own.kind == "embedding":
        return True
    # What may not be opened is told by where it lies.
    folders = (part.lower() for part in own.path.parts[:-1])
    return own.path.suffix.lower() in REFUSED and _FOLDER in folders


def _own(path: Path) -> Own:
    what = recognise(path)
    return Own(path, what.kind, what.family, False, 0, what.problem)
