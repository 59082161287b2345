"""The artist's own words: found in a prompt, seen by the text encoders, counted and cut as whole words."""

from __future__ import annotations

from pathlib import Path

import pytest
from lineboil.addon.engine import errors
from lineboil.addon.engine.models.diffusion.request import Embedding, Model
from lineboil.addon.engine.models.embeddings import known, named, split, unknown

FAMILIES = ("sd15", "sdxl")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a dog", []), ("ink", ["ink"]), ("an INK, dog", ["ink"]), ("(ink:1.2)", ["ink"]),
        ("<ink> <Ink-2>", ["ink", "ink-2"]), ("embedding:ink", ["ink"]), ("embedding:ink.safetensors", ["ink"]),
        ("ink-2 is no ink", ["ink-2", "ink"]), ("inks, pink, ink-3, my_ink, <lora:ink:1>", []),
        ("by v1.0 (x), <a b>", ["v1.0", "a b"]),
    ],
)  # fmt: skip
def test_names_are_found_where_they_stand_alone(text: str, wanted: list[str]) -> None:
    found = list(split(text, ["ink", "ink-2", "v1.0", "a b"]))
    assert [name for _, name in found if name] == wanted
    assert "".join(words for words, _ in found) == text


def test_what_is_marked_and_not_known_is_told() -> None:
    assert unknown(["<lora:ink:0.8> <ink> embedding:lost"], {"ink": ()}) == ["<lora:ink:0.8>", "embedding:lost"]


def test_one_named_in_the_setting_goes_before_others_and_is_marked(tmp_path: Path) -> None:
    pytest.importorskip("diffusers")
    import tiny_diffusion as tiny

    path = tiny.embedding("sdxl")
    setting = f"{path.name}, "
    all_known = known(setting, path.parent)
    (found,) = named(["an inkword"], all_known, setting)
    assert found.is_marked and found.files[0].path == path and found.files[0].family == "sdxl"
    assert named(["a dog"], all_known, setting) == []
    with pytest.raises(errors.MissingError, match=r"no embedding .*gone"):
        known("gone", tmp_path)


def _pipeline(family: str):  # noqa: ANN202
    pytest.importorskip("diffusers")
    import tiny_diffusion as tiny
    from lineboil.addon.engine.models.diffusion.diffuser import diffuser_for

    return diffuser_for(Model(family, tiny.folder(family)), "cpu")._base


@pytest.mark.parametrize("family", FAMILIES)
def test_encoders_see_the_rows_of_a_file(family: str) -> None:
    pipeline = _pipeline(family)
    import tiny_diffusion as tiny
    import torch
    from lineboil.addon.engine.models.diffusion.own_words import own_words
    from lineboil.addon.engine.models.diffusion.prompts import encode
    from safetensors.torch import load_file

    own = own_words([Embedding("inkword", tiny.embedding(family))], pipeline)
    plain = encode(pipeline, "a red house", "")
    # Nothing is left of an embedding where it is not named, nor after it was.
    found = encode(pipeline, "a red inkword house", "ink", 0, own)
    assert torch.equal(encode(pipeline, "a red house", "", 0, own).prompt, plain.prompt)
    assert torch.equal(encode(pipeline, "a red house", "").prompt, plain.prompt)
    assert torch.equal(found.prompt, encode(pipeline, "a red <InkWord> house", "ink", 0, own).prompt)
    assert not torch.equal(found.prompt, encode(pipeline, "a red inkword house", "ink").prompt)
    strong = encode(pipeline, "a red (inkword:1.4) house", "ink", 0, own)
    assert not torch.equal(found.prompt, strong.prompt)
    # The library's way: as many new words in tokenizer and encoder.
    rows = load_file(tiny.embedding(family))
    wanted = _as_the_library(pipeline, family, rows, "a red {} house", "ink")
    assert torch.allclose(found.prompt, wanted, atol=2e-3)


def _as_the_library(pipeline, family: str, rows: dict, prompt: str, negative: str):  # noqa: ANN001, ANN202
    """The prompt as diffusers encodes it with new words; the pipeline is as before afterwards."""
    from copy import deepcopy

    made = type(pipeline)(**{name: deepcopy(part) for name, part in pipeline.components.items()}, **(
        {"requires_safety_checker": False} if family == "sd15" else {}
    ))
    pairs = [(made.text_encoder, made.tokenizer, rows.get("emb_params", rows.get("clip_l")))]
    if family == "sdxl":
        pairs.append((made.text_encoder_2, made.tokenizer_2, rows["clip_g"]))
    for encoder, tokenizer, tensor in pairs:
        made.load_textual_inversion(tensor.clone(), token="inversion", text_encoder=encoder, tokenizer=tokenizer)
    return made.encode_prompt(
        prompt=prompt.format("inversion"), negative_prompt=negative, device="cpu", num_images_per_prompt=1,
        do_classifier_free_guidance=True,
    )[0]


def test_a_word_of_many_rows_is_not_torn_and_what_is_cut_names_it() -> None:
    pipeline = _pipeline("sd15")
    import tiny_diffusion as tiny
    from lineboil.addon.engine.models.diffusion.own_words import own_words
    from lineboil.addon.engine.models.diffusion.prompts import _parts

    own = own_words([Embedding("long", tiny.embedding("sd15", "long", 60))], pipeline)[0]
    parts, cut = _parts(pipeline.tokenizer, "a a long " * 5, own)
    assert [len(part) for part in parts] == [64, 62, 62, 62] and 'the last 60 are left out, from "long" on' in cut


def test_a_file_for_other_encoders_is_told() -> None:
    pipeline = _pipeline("sdxl")
    import tiny_diffusion as tiny
    from lineboil.addon.engine.models.diffusion.own_words import own_words

    with pytest.raises(errors.InputError, match=r"encoders 768 wide, the checkpoint's are 768 and 1280"):
        own_words([Embedding("inkword", tiny.embedding("sd15"))], pipeline)
