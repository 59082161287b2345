# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of the artist's own (textual inversion): read from their files, and seen by the text encoders.

Neither tokenizer nor encoder is changed: while a part of a prompt is read, rows of the artist's stand where the encoder
looks up its words, so that nothing is left of them for the next prompt.
"""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ...errors import InputError
from .files import check_file, read_tensors, says_what_is_wrong
from .request import Embedding

OwnWords = list[dict[str, Any]]
"""For each text encoder, rows (words, width) by name."""


def own_words(embeddings: Iterable[Embedding], pipeline: Any) -> OwnWords:
    """The rows of embeddings for each text encoder of a pipeline.

    Raises:
        MissingError: A file is not there.
        InputError: It is damaged, or was made for other text encoders.
    """
    encoders = [encoder for name in ("text_encoder", "text_encoder_2") if (encoder := getattr(pipeline, name, None))]
    widths = [encoder.get_input_embeddings().embedding_dim for encoder in encoders]
    found: OwnWords = [{} for _ in encoders]
    for embedding in embeddings:
        rows = _rows(embedding)
        if sorted(rows) != sorted(widths):
            raise InputError(
                f"is an embedding for text encoders {_named(rows)} wide, the checkpoint's are {_named(widths)}",
                where=str(embedding.path), remedy="Choose one that was made for the checkpoint's family.",
            )
        for words, width in zip(found, widths, strict=True):
            words[embedding.name] = rows[width]
    return found


@contextmanager
def looked_up(encoder: Any, rows: Mapping[int, Any]) -> Iterator[None]:
    """While this is entered, the encoder sees these rows.

    Args:
        encoder: Of text.
        rows: Of its width, by place in the text.
    """
    if not rows:
        yield
        return

    def exchanged(_: Any, __: Any, looked: Any) -> Any:
        looked = looked.clone()
        for place, row in rows.items():
            looked[:, place] = row.to(looked.device, looked.dtype)
        return looked

    hook = encoder.get_input_embeddings().register_forward_hook(exchanged)
    try:
        yield
    finally:
        hook.remove()


def _rows(embedding: Embedding) -> dict[int, Any]:
    """The tensors of a file by their width; the width tells the text encoder, whatever their names are."""
    check_file(embedding.path, "an embedding")
    tensors = read_tensors(embedding.path).values()
    with says_what_is_wrong(embedding.path, "an embedding"):
        return {tensor.shape[-1]: tensor.reshape(-1, tensor.shape[-1]).float() for tensor in tensors}


def _named(widths: Iterable[int]) -> str:
    return " and ".join(map(str, sorted(widths)))
