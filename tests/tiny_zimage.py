"""Z-Image in the true classes and layouts, tiny and of random weights; made as those of `tiny_diffusion`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tiny_diffusion import _seeded, root

_DIM, _HEADS, _LAYERS = 64, 2, 4
_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@cache
def folder() -> Path:
    """A whole model in diffusers' layout, as a hub keeps it."""
    import diffusers
    from transformers import Qwen3Config, Qwen3Model

    tokenizer = _tokenizer()
    text = Qwen3Config(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=32, num_hidden_layers=3, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, max_position_embeddings=1024,
    )
    vae = _seeded(62, lambda: diffusers.AutoencoderKL(
        block_out_channels=(8, 16, 16, 16), layers_per_block=1, norm_num_groups=8, latent_channels=16, sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        scaling_factor=0.3611, shift_factor=0.1159, use_quant_conv=False, use_post_quant_conv=False,
    ))
    made = diffusers.ZImagePipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0), vae=vae, tokenizer=tokenizer,
        text_encoder=_seeded(61, lambda: Qwen3Model(text)), transformer=_transformer(),
    )
    made.save_pretrained(root() / "zimage")
    return root() / "zimage"


@cache
def controlnet(layout: str = "file") -> Path:
    """The ControlNet for all kinds, as version 2.1 has it: `layout` is folder or file (as it is published)."""
    import diffusers
    import torch
    from safetensors.torch import save_file

    net = _seeded(63, lambda: diffusers.ZImageControlNetModel(
        control_layers_places=[0, 2], control_refiner_layers_places=[0, 1], control_in_dim=33,
        add_control_noise_refiner="control_noise_refiner", dim=_DIM, n_refiner_layers=2, n_heads=_HEADS,
        n_kv_heads=_HEADS,
    ))
    generator = torch.Generator("cpu").manual_seed(64)
    for tensor in net.parameters():
        if not bool(tensor.any()):
            # A ControlNet fresh from its maker changes nothing; a trained one does.
            tensor.data.copy_(torch.randn(tensor.shape, generator=generator) * 0.2)
    place = root() / "controlnets" / "zimage_union"
    place.parent.mkdir(exist_ok=True)
    if layout == "folder":
        net.save_pretrained(place)
        return place
    place = place.with_suffix(".safetensors")
    save_file({name: tensor.clone() for name, tensor in net.state_dict().items()}, place)
    return place


def _transformer():  # noqa: ANN202
    import diffusers

    return _seeded(60, lambda: diffusers.ZImageTransformer2DModel(
        in_channels=16, dim=_DIM, n_layers=_LAYERS, n_refiner_layers=2, n_heads=_HEADS, n_kv_heads=_HEADS,
        cap_feat_dim=32, axes_dims=[8, 12, 12], axes_lens=[1024, 64, 64],
    ))


def _tokenizer():  # noqa: ANN202
    from transformers import Qwen2Tokenizer

    letters = [chr(code) for code in (*range(33, 127), *range(161, 173), *range(174, 256))]
    letters += [chr(256 + number) for number in range(256 - len(letters))]
    numbers = {letter: number for number, letter in enumerate([*letters, "<|endoftext|>"])}
    made = Qwen2Tokenizer(vocab=numbers, merges=[])
    made.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    made.chat_template = _TEMPLATE
    return made
