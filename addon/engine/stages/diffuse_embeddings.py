# SPDX-License-Identifier: GPL-3.0-or-later
"""The artist's own words (embeddings) that a shot's prompts name, and what is told of those that cannot be used."""

from __future__ import annotations

from collections.abc import Callable

from ..cache import file_identity
from ..errors import InputError, SettingError
from ..models.diffusion.request import Embedding, Family
from ..models.embeddings import Named, given, known, named, unknown
from ..models.fits import check_fits
from ..schema.diffuse import DiffuseSettings, prompts_of
from .context import StageContext

_LORA = "<lora:"


def embeddings_of(context: StageContext, settings: DiffuseSettings, family: Family) -> tuple[Embedding, ...]:
    """The embeddings that the prompts of the settings and of single keys name.

    One that is marked as such, or that the settings name, has to be usable. A plain word that happens to be the name of
    one that is not is told, and read as a word.

    Raises:
        MissingError: One that the settings name is not there.
        InputError: It is damaged, of another kind or family, or may not be opened.
        SettingError: Several are called so.
    """
    root = context.shot.root
    for path in given(settings.embeddings, root):
        if path.is_dir():
            raise InputError("is a folder, not an embedding", where=str(path), remedy="Name the .safetensors file.")
        check_fits(path, "embedding", family)
    all_known = known(settings.embeddings, root)
    texts = prompts_of(settings, root)
    for text in unknown(texts, all_known):
        remedy = "LoRAs belong into diffuse.loras." if text.lower().startswith(_LORA) else (
            "Put its .safetensors file into your embeddings folder, or name it in diffuse.embeddings."
        )
        context.warn(f"{text} in the prompt is no embedding that is known, and is read as words. {remedy}")
    found = (_usable(one, family, context.warn) for one in named(texts, all_known, settings.embeddings))
    return tuple(one for one in found if one is not None)


def _usable(one: Named, family: Family, warn: Callable[[str], None]) -> Embedding | None:
    """The file of a name that goes with the checkpoint; None for a plain word without one."""
    fitting = [own for own in one.files if own.kind == "embedding" and not own.problem and own.family == family]
    # Copies in several programs' folders are one.
    different = {file_identity(own.path): own.path for own in fitting}
    if len(different) > 1:
        shown = ", ".join(map(str, different.values()))
        raise SettingError(
            f'{len(different)} embeddings are called "{one.name}"', where=shown,
            remedy="Give the path of the one you mean in diffuse.embeddings.",
        )
    path = next(iter(different.values()), one.files[0].path)
    try:
        check_fits(path, "embedding", family)
    except InputError as error:
        if one.is_marked:
            raise
        warn(f'"{one.name}" in the prompt is read as words: the embedding {path.name} {error.what}.')
        return None
    return Embedding(one.name, path)
