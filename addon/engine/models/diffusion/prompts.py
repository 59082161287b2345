# SPDX-License-Identifier: GPL-3.0-or-later
"""Prompts of any length as what the text encoders make of them.

CLIP reads 75 words or parts of words at once. A longer prompt is read in parts whose results are put one after the
other, as artists know it from other programs; what is beyond the last part is cut, and told.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ..embeddings import split
from .emphasis import pieces
from .own_words import OwnWords, looked_up

MOST_PARTS = 4
_SHOWN = 8
_LEAST_MEAN = 1e-6


@dataclass(frozen=True)
class Encoded:
    """A prompt and its negative, tensors of the encoders' type and device.

    Attributes:
        prompt: (1, 77 * parts, width).
        negative: The same shape.
        pooled: (1, width) of SDXL's second encoder; None with SD 1.5.
        negative_pooled: Likewise.
        parts: In how many parts they were read.
        cut: What of the prompt was left out, in words; "" when all was read.
        negative_cut: The same of the negative prompt.
        most: How many words or parts of words are read at most.
    """

    prompt: Any
    negative: Any
    pooled: Any
    negative_pooled: Any
    parts: int
    cut: str
    negative_cut: str
    most: int


def encode(pipeline: Any, prompt: str, negative: str, clip_skip: int = 0, own: OwnWords | None = None) -> Encoded:
    """Both prompts, by all text encoders of a pipeline of diffusers.

    Args:
        pipeline: Of SD 1.5 or SDXL.
        prompt: What the picture should show.
        negative: What it should not show.
        clip_skip: How many of the encoders' last layers are left out.
        own: The artist's own words, for each encoder.
    """
    import torch

    pairs = [(pipeline.tokenizer, pipeline.text_encoder)]
    if getattr(pipeline, "text_encoder_2", None) is not None:
        pairs.append((pipeline.tokenizer_2, pipeline.text_encoder_2))
    is_sdxl = len(pairs) > 1
    read, states = [], []
    pooled: tuple[Any, ...] = (None, None)
    for (tokenizer, encoder), words in zip(pairs, own or [{}] * len(pairs), strict=True):
        both = [_parts(tokenizer, text, words) for text in (prompt, negative)]
        count = max(len(both[0][0]), len(both[1][0]))
        read.append((count, both[0][1], both[1][1]))
        found = [_read(tokenizer, encoder, parts, count, clip_skip, is_sdxl) for parts, _ in both]
        states.append([state for state, _ in found])
        pooled = tuple(summary for _, summary in found)
    joined = [torch.cat([state[side] for state in states], dim=-1) for side in (0, 1)]
    if is_sdxl and not negative.strip() and pipeline.config.get("force_zeros_for_empty_prompt", False):
        # SDXL was trained with nothing at all where no prompt is given.
        joined[1], pooled = torch.zeros_like(joined[1]), (pooled[0], torch.zeros_like(pooled[0]))
    first, second = pooled if is_sdxl else (None, None)
    count, cut, negative_cut = read[0]
    return Encoded(joined[0], joined[1], first, second, count, cut, negative_cut, MOST_PARTS * _room(pairs[0][0]))


def token_count(tokenizer: Any, text: str) -> int:
    """How many tokens a prompt takes, without the marks of its start and end."""
    return sum(len(_ids(tokenizer, piece.text)) for piece in pieces(text))


@dataclass(frozen=True)
class _Token:
    """A word or a part of one, or one row of a word of the artist's own.

    Attributes:
        number: Of the tokenizer.
        weight: How much it counts.
        ends: Whether a word ends with it.
        name: Of the artist's own word; "" for the tokenizer's.
        row: What the encoder sees in place of the tokenizer's word, (width,).
    """

    number: int
    weight: float
    ends: bool
    name: str = ""
    row: Any = None


_Part = list[_Token]


def _parts(tokenizer: Any, text: str, own: dict[str, Any]) -> tuple[list[_Part], str]:
    """Tokens in parts that fit the encoder, one at least, and what is told of the rest.

    Parts end where words do, so that no word is torn in two, and where the artist says so.
    """
    parts: list[_Part] = []
    beyond: _Part = []
    for section in _sections(tokenizer, text, own):
        while section and len(parts) < MOST_PARTS:
            length = _whole_words(section, _room(tokenizer))
            parts.append(section[:length])
            section = section[length:]
        beyond += section
    return parts or [[]], _told_of(tokenizer, beyond)


def _whole_words(section: _Part, room: int) -> int:
    """How many tokens fit without tearing a word."""
    if len(section) <= room:
        return len(section)
    return next((number for number in range(room, 0, -1) if section[number - 1].ends), room)


def _sections(tokenizer: Any, text: str, own: dict[str, Any]) -> list[_Part]:
    """Tokens between the places where the artist ends a part."""
    sections: list[_Part] = [[]]
    for piece in pieces(text):
        if piece.begins_part:
            sections.append([])
        for words, name in split(piece.text, own):
            rows = own.get(name)
            sections[-1] += _read_words(tokenizer, words, piece.weight) if rows is None else [
                # The number only keeps the place.
                _Token(0, piece.weight, count == len(rows), name, row) for count, row in enumerate(rows, 1)
            ]
    return sections


def _read_words(tokenizer: Any, words: str, weight: float) -> _Part:
    numbers = _ids(tokenizer, words)
    tokens = tokenizer.convert_ids_to_tokens(numbers)
    return [_Token(number, weight, token.endswith("</w>")) for number, token in zip(numbers, tokens, strict=True)]


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, truncation=False, add_special_tokens=False, verbose=False).input_ids)


def _told_of(tokenizer: Any, beyond: _Part) -> str:
    if not beyond:
        return ""
    words = _spelled(tokenizer, beyond)
    start = " ".join(words[:_SHOWN]) + (" …" if len(words) > _SHOWN else "")
    return f'the last {len(beyond)} are left out, from "{start}" on'


def _spelled(tokenizer: Any, tokens: Iterable[_Token]) -> list[str]:
    """The words that tokens stand for; one of the artist's own is told by its name."""
    words: list[str] = []
    for name, run in groupby(tokens, key=lambda token: token.name):
        words += [name] if name else tokenizer.decode([token.number for token in run]).split()
    return words


def _room(tokenizer: Any) -> int:
    """How many tokens one part holds, without the marks of its start and end."""
    return tokenizer.model_max_length - 2


def _read(
    tokenizer: Any, encoder: Any, parts: list[_Part], count: int, clip_skip: int, is_sdxl: bool
) -> tuple[Any, Any]:
    """The states of all parts one after the other (1, 77 * count, width), and the first part's summary."""
    import torch

    states, summary = [], None
    for part in [*parts, *([[]] * (count - len(parts)))]:
        padded = [tokenizer.bos_token_id, *(token.number for token in part), tokenizer.eos_token_id]
        padded += [tokenizer.pad_token_id] * (tokenizer.model_max_length - len(padded))
        rows = {place: token.row for place, token in enumerate(part, 1) if token.row is not None}
        with torch.no_grad(), looked_up(encoder, rows):
            told = encoder(torch.tensor([padded], device=encoder.device), output_hidden_states=True)
        summary = told[0] if summary is None else summary
        states.append(_weighed(_state(encoder, told, clip_skip, is_sdxl), part))
    return torch.cat(states, dim=1), summary


def _weighed(state: Any, part: _Part) -> Any:
    """A part's state (1, 77, width) with every word as strong as it shall be.

    A word's row is multiplied, and the whole brought back to its mean, as A1111's web UI does: the weights that artists
    know mean the same here.
    """
    weights = [token.weight for token in part]
    if all(weight == 1 for weight in weights):
        return state
    made = state.clone()
    made[:, 1 : 1 + len(part)] *= state.new_tensor(weights)[None, :, None]
    mean = made.float().mean()
    return made * (state.float().mean() / mean).to(made.dtype) if abs(float(mean)) > _LEAST_MEAN else made


def _state(encoder: Any, told: Any, clip_skip: int, is_sdxl: bool) -> Any:
    """The layer that counts; SDXL was trained on the one before the last, without the closing norm."""
    if is_sdxl:
        return told.hidden_states[-(clip_skip + 2)]
    if clip_skip == 0:
        return told.last_hidden_state
    inner = getattr(encoder, "text_model", encoder)
    return inner.final_layer_norm(told.hidden_states[-(clip_skip + 1)])
