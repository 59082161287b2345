# SPDX-License-Identifier: GPL-3.0-or-later
"""Attention in parts, on devices whose PyTorch writes down the whole matrix of who looks at whom.

Apple's does, and so do some of AMD's cards: the usual grid would take 30 GB for it. Every place looks for itself, so
the places are asked in groups and the result is the same.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LARGEST_BYTES = 1 << 30


@contextmanager
def in_parts(device: str, largest: int = _LARGEST_BYTES, *, always: bool = False) -> Iterator[None]:
    """While this is entered, attention keeps its matrix small where the device would write it down.

    Args:
        device: cuda (also AMD's), mps or cpu.
        largest: Bytes of the matrix.
        always: On any device.
    """
    import torch
    from torch.nn import functional

    if not (always or device == "mps" or (device == "cuda" and torch.version.hip)):
        yield
        return
    whole = functional.scaled_dot_product_attention

    def parts(query: Any, key: Any, value: Any, attn_mask: Any = None, *more: Any, **named: Any) -> Any:
        row = query.element_size() * key.shape[-2] * (query.numel() // (query.shape[-1] * query.shape[-2]))
        count = max(1, largest // max(1, row))
        # A causal mask depends on where a group begins; only text encoders have one, and they are small.
        if count >= query.shape[-2] or more or named.get("is_causal"):
            return whole(query, key, value, attn_mask, *more, **named)
        return torch.cat(
            [
                whole(query[..., at : at + count, :], key, value, _rows(attn_mask, at, count), **named)
                for at in range(0, query.shape[-2], count)
            ],
            dim=-2,
        )

    functional.scaled_dot_product_attention = parts
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = whole


def _rows(mask: Any, at: int, count: int) -> Any:
    if mask is None or mask.dim() < 2 or mask.shape[-2] == 1:
        return mask
    return mask[..., at : at + count, :]
