# SPDX-License-Identifier: GPL-3.0-or-later
r"""Weights of words in a prompt, written as artists know it from other programs.

`(word)` counts 1.1 times, `((word))` 1.21 times, `[word]` as much less, `(word:1.3)` as written. `\(` is a bracket and
nothing else. BREAK ends a part of the prompt. A bracket without its counterpart is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_STEP = 1.1
_TOKENS = re.compile(
    r"""
    (?P<escaped>\\[\\()\[\]])
    | :\s*(?P<weight>[+-]?(?:\d+\.?\d*|\.\d+))\s*(?P<weighed>\))
    | (?P<bracket>[()\[\]])
    | \s*\b(?P<part>BREAK)\b\s*
    | (?P<text>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass
class Piece:
    """Words that count alike.

    Attributes:
        text: The words.
        weight: How much they count; 1 is usual.
        begins_part: Whether a new part of the prompt begins with them.
    """

    text: str
    weight: float = 1.0
    begins_part: bool = False


def pieces(prompt: str) -> list[Piece]:
    """A prompt's words with their weights, in order; one piece at least.

    >>> [(piece.text, round(piece.weight, 3)) for piece in pieces("a (red:1.5) [old] house")]
    [('a ', 1.0), ('red', 1.5), (' ', 1.0), ('old', 0.909), (' house', 1.0)]
    """
    found: list[Piece] = [Piece("")]
    opened: dict[str, list[int]] = {"(": [], "[": []}
    for token in _TOKENS.finditer(prompt):
        _take(token, found, opened)
    return _joined(found)


def plain(prompt: str) -> str:
    """The words alone, for models that do not know weights."""
    return " ".join("".join(" " * piece.begins_part + piece.text for piece in pieces(prompt)).split())


def _take(token: re.Match[str], found: list[Piece], opened: dict[str, list[int]]) -> None:
    bracket = token["bracket"] or token["weighed"]
    if token["part"]:
        found.append(Piece("", begins_part=True))
    elif bracket in ("(", "["):
        # Stands as text until its counterpart comes.
        opened[bracket].append(len(found))
        found.append(Piece(bracket))
    elif bracket and opened["(" if bracket == ")" else "["]:
        _close(token, bracket, found, opened)
    else:
        text = token[0]
        found.append(Piece(text[1:] if token["escaped"] else text))


def _close(token: re.Match[str], bracket: str, found: list[Piece], opened: dict[str, list[int]]) -> None:
    start = opened["(" if bracket == ")" else "["].pop()
    by = float(token["weight"]) if token["weight"] else (_STEP if bracket == ")" else 1 / _STEP)
    found[start].text = ""
    for piece in found[start:]:
        piece.weight *= by
    # What was opened within and not closed stays text.
    for stack in opened.values():
        stack[:] = [index for index in stack if index < start]


def _joined(found: list[Piece]) -> list[Piece]:
    """Neighbours of one weight as one piece, empty ones left out."""
    joined: list[Piece] = []
    begins = False
    for piece in found:
        begins = begins or piece.begins_part
        if not piece.text:
            continue
        if joined and not begins and joined[-1].weight == piece.weight:
            joined[-1].text += piece.text
        else:
            joined.append(Piece(piece.text, piece.weight, begins and bool(joined)))
        begins = False
    return joined or [Piece("")]
