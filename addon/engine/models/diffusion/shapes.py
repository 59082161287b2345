# SPDX-License-Identifier: GPL-3.0-or-later
"""The small files that a single-file checkpoint lacks: the shapes of its networks and the words of its tokenizer.

A single file holds tensors only. Shapes are the same for all checkpoints of a family and are written down here; the
words of CLIP are a model file of the registry. What diffusers assumes by itself is left out.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from .. import registry
from .request import Family

WORDS = "clip_words"
"""The registry's name of CLIP's words."""
_LETTERS, _TOKENS = 256, 49408
_DIFFUSERS = {"_diffusers_version": "0.42.1"}
_SCHEDULER: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "num_train_timesteps": 1000,
    "prediction_type": "epsilon",
    "steps_offset": 1,
    "timestep_spacing": "leading",
}
_VAE: dict[str, Any] = {
    "_class_name": "AutoencoderKL",
    "in_channels": 3,
    "out_channels": 3,
    "latent_channels": 4,
    "block_out_channels": [128, 256, 512, 512],
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "layers_per_block": 2,
    "norm_num_groups": 32,
    "act_fn": "silu",
}
_CLIP_L: dict[str, Any] = {
    "architectures": ["CLIPTextModel"],
    "model_type": "clip_text_model",
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "projection_dim": 768,
    "hidden_act": "quick_gelu",
    "max_position_embeddings": 77,
    "vocab_size": _TOKENS,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "pad_token_id": 1,
}
_CLIP_G = _CLIP_L | {
    "architectures": ["CLIPTextModelWithProjection"],
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 20,
    "projection_dim": 1280,
    "hidden_act": "gelu",
}
_SD15: dict[str, dict[str, Any]] = {
    "unet/config.json": {
        "_class_name": "UNet2DConditionModel",
        "sample_size": 64,
        "in_channels": 4,
        "out_channels": 4,
        "layers_per_block": 2,
        "block_out_channels": [320, 640, 1280, 1280],
        "down_block_types": [*["CrossAttnDownBlock2D"] * 3, "DownBlock2D"],
        "up_block_types": ["UpBlock2D", *["CrossAttnUpBlock2D"] * 3],
        "cross_attention_dim": 768,
        "attention_head_dim": 8,
    },
    "vae/config.json": _VAE | {"sample_size": 512, "scaling_factor": 0.18215},
    "text_encoder/config.json": _CLIP_L,
    "scheduler/scheduler_config.json": _SCHEDULER
    | {"_class_name": "PNDMScheduler", "skip_prk_steps": True, "set_alpha_to_one": False},
    "model_index.json": {
        "_class_name": "StableDiffusionPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "scheduler": ["diffusers", "PNDMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "safety_checker": [None, None],
        "feature_extractor": [None, None],
        "requires_safety_checker": False,
    },
}
_SDXL: dict[str, dict[str, Any]] = {
    "unet/config.json": {
        "_class_name": "UNet2DConditionModel",
        "sample_size": 128,
        "in_channels": 4,
        "out_channels": 4,
        "layers_per_block": 2,
        "block_out_channels": [320, 640, 1280],
        "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        "cross_attention_dim": 2048,
        "attention_head_dim": [5, 10, 20],
        "transformer_layers_per_block": [1, 2, 10],
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
    },
    "vae/config.json": _VAE | {"sample_size": 1024, "scaling_factor": 0.13025, "force_upcast": True},
    "text_encoder/config.json": _CLIP_L,
    "text_encoder_2/config.json": _CLIP_G,
    "scheduler/scheduler_config.json": _SCHEDULER | {"_class_name": "EulerDiscreteScheduler"},
    "model_index.json": {
        "_class_name": "StableDiffusionXLPipeline",
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
        "scheduler": ["diffusers", "EulerDiscreteScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "text_encoder_2": ["transformers", "CLIPTextModelWithProjection"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "tokenizer_2": ["transformers", "CLIPTokenizer"],
        "image_encoder": [None, None],
        "feature_extractor": [None, None],
        "force_zeros_for_empty_prompt": True,
    },
}
_FILES: dict[Family, dict[str, dict[str, Any]]] = {"sd15": _SD15, "sdxl": _SDXL}


def write_config(family: Family, folder: Path) -> None:
    """The small files of a family in a folder, as diffusers lays them out.

    Raises:
        MissingError: CLIP's words are not installed.
    """
    words = clip_words(registry.model_path(WORDS))
    for name, content in _FILES[family].items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(_DIFFUSERS | content), encoding="utf-8")
        if path.parent.name.startswith("text_encoder"):
            _write_tokenizer(folder / path.parent.name.replace("text_encoder", "tokenizer"), *words)


def clip_words(path: Path) -> tuple[dict[str, int], list[str]]:
    """Tokens with their numbers and the pairs that are joined, in order, from the file that OpenCLIP publishes."""
    lines = gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()
    merges = lines[1 : _TOKENS - 2 * _LETTERS - 2 + 1]
    letters = [chr(code) for code in (*range(33, 127), *range(161, 173), *range(174, 256))]
    # Bytes that cannot be seen stand for themselves as letters beyond.
    letters += [chr(_LETTERS + number) for number in range(_LETTERS - len(letters))]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *(merge.replace(" ", "") for merge in merges)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    return {token: number for number, token in enumerate(tokens)}, merges


def _write_tokenizer(folder: Path, numbers: dict[str, int], merges: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(numbers), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")
    marks = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    # SDXL's second text encoder was trained with the token of number 0 after the end.
    marks |= {"pad_token": "!" if folder.name == "tokenizer_2" else "<|endoftext|>"}
    told = {**marks, "tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")
    (folder / "special_tokens_map.json").write_text(json.dumps(marks), encoding="utf-8")
