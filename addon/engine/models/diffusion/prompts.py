# SPDX-License-Identifier: GPL-3.0-or-later
"""Prompts of any length as what the text encoders make of them.

CLIP reads 75 words or parts of words at once. A longer prompt is read in parts whose results are put one after the
other, as artists know it from other programs; what is beyond the last part is cut, and told.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .emphasis import pieces

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


def encode(pipeline: Any, prompt: str, negative: str, clip_skip: int = 0) -> Encoded:
    """Both prompts, by all text encoders of a pipeline of diffusers.

    Args:
        pipeline: Of SD 1.5 or SDXL.
        prompt: What the picture should show.
        negative: What it should not show.
        clip_skip: How many of the encoders' last layers are left out.
    """
    import torch

    pairs = [(pipeline.tokenizer, pipeline.text_encoder)]
    if getattr(pipeline, "text_encoder_2", None) is not None:
        pairs.append((pipeline.tokenizer_2, pipeline.text_encoder_2))
    is_sdxl = len(pairs) > 1
    read, states = [], []
    pooled: tuple[Any, ...] = (None, None)
    for tokenizer, encoder in pairs:
        both = [_parts(tokenizer, text) for text in (prompt, negative)]
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


_Part = list[tuple[int, float]]
"""Token numbers, each with its weight."""


def _parts(tokenizer: Any, text: str) -> tuple[list[_Part], str]:
    """Tokens in parts that fit the encoder, one at least, and what is told of the rest.

    Parts end where words do, so that no word is torn in two, and where the artist says so.
    """
    parts: list[_Part] = []
    beyond: list[int] = []
    for section in _sections(tokenizer, text):
        ends = [token.endswith("</w>") for token in tokenizer.convert_ids_to_tokens([number for number, _ in section])]
        while section and len(parts) < MOST_PARTS:
            length = _whole_words(ends, _room(tokenizer))
            parts.append(section[:length])
            section, ends = section[length:], ends[length:]
        beyond += [number for number, _ in section]
    return parts or [[]], _told_of(tokenizer, beyond)


def _whole_words(ends: list[bool], room: int) -> int:
    """How many tokens fit without tearing a word, given which tokens end one."""
    if len(ends) <= room:
        return len(ends)
    return next((number for number in range(room, 0, -1) if ends[number - 1]), room)


def _sections(tokenizer: Any, text: str) -> list[_Part]:
    """Tokens between the places where the artist ends a part."""
    sections: list[_Part] = [[]]
    for piece in pieces(text):
        if piece.begins_part:
            sections.append([])
        sections[-1] += [(number, piece.weight) for number in _ids(tokenizer, piece.text)]
    return sections


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, truncation=False, add_special_tokens=False, verbose=False).input_ids)


def _told_of(tokenizer: Any, beyond: list[int]) -> str:
    if not beyond:
        return ""
    words = tokenizer.decode(beyond).split()
    start = " ".join(words[:_SHOWN]) + (" …" if len(words) > _SHOWN else "")
    return f'the last {len(beyond)} are left out, from "{start}" on'


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
        padded = [tokenizer.bos_token_id, *(number for number, _ in part), tokenizer.eos_token_id]
        padded += [tokenizer.pad_token_id] * (tokenizer.model_max_length - len(padded))
        with torch.no_grad():
            told = encoder(torch.tensor([padded], device=encoder.device), output_hidden_states=True)
        summary = told[0] if summary is None else summary
        states.append(_weighed(_state(encoder, told, clip_skip, is_sdxl), part))
    return torch.cat(states, dim=1), summary


def _weighed(state: Any, part: _Part) -> Any:
    """A part's state (1, 77, width) with every word as strong as it shall be.

    A word's row is multiplied, and the whole brought back to its mean, as A1111's web UI does: the weights that artists
    know mean the same here.
    """
    weights = [weight for _, weight in part]
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
