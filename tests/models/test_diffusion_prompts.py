"""Prompts of any length, and the small files that a checkpoint in one file lacks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from lineboil.addon.engine.models.diffusion.request import Model, Request

pytest.importorskip("diffusers")

import tiny_diffusion as tiny
from lineboil.addon.engine.models.diffusion import shapes
from lineboil.addon.engine.models.diffusion.diffuser import diffuser_for
from lineboil.addon.engine.models.diffusion.emphasis import pieces, plain

FAMILIES = ("sd15", "sdxl")
BASE = Request(prompt="a person", image=np.full((64, 64, 3), 128, np.uint8), steps=4, strength=0.5)


def model(family: str) -> Model:
    return Model(family, tiny.folder(family))


def test_prompts_are_read_as_the_library_reads_them() -> None:
    import torch
    from lineboil.addon.engine.models.diffusion.prompts import encode

    for family in FAMILIES:
        pipeline = diffuser_for(model(family), "cpu")._base
        # The library's own clip skip fails with SD 1.5 and this transformers.
        for prompt, negative, skip in (("a red house", "ink", 0), ("a person", "", 1 if family == "sdxl" else 0)):
            wanted = pipeline.encode_prompt(
                prompt=prompt, negative_prompt=negative or None, device="cpu", num_images_per_prompt=1,
                do_classifier_free_guidance=True, clip_skip=skip or None,
            )
            found = encode(pipeline, prompt, negative, skip)
            parts = [found.prompt, found.negative, found.pooled, found.negative_pooled][: len(wanted)]
            assert all(torch.equal(*pair) for pair in zip(parts, wanted, strict=True))


def test_long_prompts_are_read_in_parts_and_what_is_cut_is_told() -> None:
    told: list[str] = []
    diffuser = diffuser_for(model("sdxl"), "cpu", told.append)
    long = diffuser.draw(replace(BASE, prompt="a person, " * 40))
    other = diffuser.draw(replace(BASE, prompt="a person, " * 39 + "a house"))
    assert told == [] and not np.array_equal(long, other)
    diffuser.draw(replace(BASE, prompt="red hair, " * 130, negative_prompt="ink " * 400))
    assert "300 words or parts of words are read" in told[0] and 'from "' in told[0]
    assert "negative prompt" in told[1] and "the last 100 are left out" in told[1]


@pytest.mark.parametrize(
    ("prompt", "wanted"),
    [
        ("a red house", [("a red house", 1)]),
        ("(red)", [("red", 1.1)]), ("((red))", [("red", 1.21)]), ("[red]", [("red", 1 / 1.1)]),
        ("a (red:1.5) house", [("a ", 1), ("red", 1.5), (" house", 1)]),
        ("(a (red:1.5) house:.5)", [("a ", 0.5), ("red", 0.75), (" house", 0.5)]),
        (r"smile \(wide\) \\", [("smile (wide) \\", 1)]),
        ("a (red house", [("a (red house", 1)]), ("a red) house]", [("a red) house]", 1)]),
        ("(a [red) house", [("a [red", 1.1), (" house", 1)]),
        ("at 5:30, (red:x)", [("at 5:30, ", 1), ("red:x", 1.1)]), ("(red:-0.5)", [("red", -0.5)]),
        ("", [("", 1)]), ("()", [("", 1)]),
    ],
)  # fmt: skip
def test_brackets_weigh_words_as_artists_write_them(prompt: str, wanted: list[tuple[str, float]]) -> None:
    found = pieces(prompt)
    assert [piece.text for piece in found] == [text for text, _ in wanted]
    assert [piece.weight for piece in found] == pytest.approx([weight for _, weight in wanted])


def test_break_ends_a_part() -> None:
    assert [(piece.text, piece.begins_part) for piece in pieces("a dog BREAK (snow) BREAKFAST")] == [
        ("a dog", False), ("snow", True), (" BREAKFAST", False),
    ]  # fmt: skip
    assert plain("a  (dog:1.2) BREAK [snow] BREAKFAST") == "a dog snow BREAKFAST"


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_act_on_their_words_and_keep_the_mean(family: str) -> None:
    import torch
    from lineboil.addon.engine.models.diffusion.prompts import encode, token_count

    pipeline = diffuser_for(model(family), "cpu")._base
    usual = encode(pipeline, "a red house", "ink")
    assert torch.equal(encode(pipeline, "a (red:1.0) house", "(ink:1)").prompt, usual.prompt)
    strong = encode(pipeline, "a (red:1.4) house", "(ink:0.5)")
    assert not torch.equal(strong.prompt, usual.prompt) and not torch.equal(strong.negative, usual.negative)
    if family == "sd15":
        assert float(strong.prompt.mean()) == pytest.approx(float(usual.prompt.mean()), rel=1e-3, abs=1e-5)
        share = strong.prompt[0] / usual.prompt[0]
        count = token_count(pipeline.tokenizer, "a ")
        red = slice(1 + count, 1 + count + token_count(pipeline.tokenizer, "(red:1.4)"))
        rest = share[0].median()
        assert torch.allclose(share[red].median() / rest, torch.tensor(1.4), atol=1e-3)
    two = encode(pipeline, "a red BREAK house", "")
    assert two.parts == 2 and two.prompt.shape == two.negative.shape


def test_the_shapes_of_a_lone_checkpoint_are_the_real_ones(tmp_path) -> None:
    from accelerate import init_empty_weights
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

    sizes = {}
    for family in FAMILIES:
        shapes.write_config(family, tmp_path / family)
        with init_empty_weights():
            for part, kind in (("unet", UNet2DConditionModel), ("vae", AutoencoderKL)):
                made = kind.from_config(kind.load_config(tmp_path / family / part))
                sizes[family, part] = sum(tensor.numel() for tensor in made.parameters())
            for part, kind in (("text_encoder", CLIPTextModel), ("text_encoder_2", CLIPTextModelWithProjection)):
                if (tmp_path / family / part).is_dir():
                    made = kind(CLIPTextConfig.from_pretrained(tmp_path / family / part))
                    sizes[family, part] = sum(tensor.numel() for tensor in made.parameters())
    assert sizes == {
        ("sd15", "unet"): 859520964, ("sd15", "vae"): 83653863, ("sd15", "text_encoder"): 123060480,
        ("sdxl", "unet"): 2567463684, ("sdxl", "vae"): 83653863, ("sdxl", "text_encoder"): 123060480,
        ("sdxl", "text_encoder_2"): 694659840,
    }
    words = CLIPTokenizer.from_pretrained(tmp_path / "sd15" / "tokenizer", local_files_only=True)
    known = [49406, 320, 1125, 539, 550, 18376, 6765, 320, 4558, 525, 7496, 49407]
    assert words("a photo of an astronaut riding a horse on mars").input_ids == known
