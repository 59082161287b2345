"""Diffusion models in the true classes and the true layouts on the disk, tiny and of random weights.

Widths of the text are those of the real ones, so that families are told apart as they are in real files; all else is
small. Each is made once a session, in a temporary folder that goes with the process. Pictures of 64 x 64 take well
under a second a step.
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path

import tiny_diffusion_layouts as layouts

WORDS = ("a", "person", "oil", "painting", "ink", "drawing", "of", "the", "with", "red", "hair", "street", "house", ",")
_CHANNELS = {"sd15": (16, 32, 32, 32), "sdxl": (16, 32, 32)}
_WIDTH = {"sd15": 768, "sdxl": 2048}
_VAE_CHANNELS = (8, 16, 16, 16)


@cache
def root() -> Path:
    """Where everything is made."""
    place = Path(tempfile.mkdtemp(prefix="tiny_diffusion_"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


@cache
def folder(family: str = "sd15") -> Path:
    """A whole model in diffusers' layout, as a hub keeps it."""
    import diffusers

    place = root() / family
    parts = _parts(family)
    if family == "sd15":
        made = diffusers.StableDiffusionPipeline(
            **parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False
        )
    else:
        made = diffusers.StableDiffusionXLPipeline(**parts)
    made.save_pretrained(place)
    for name in ("tokenizer", "tokenizer_2")[: 1 if family == "sd15" else 2]:
        shutil.rmtree(place / name)
        _write_tokenizer(place / name)
    return place


@cache
def single_file(family: str = "sd15", v_prediction: bool = False) -> Path:
    """A checkpoint as artists have it: one file, original names. Its shape stands in the folder `<name>.config`."""
    from safetensors.torch import save_file

    parts = _parts(family)
    tensors = _under("model.diffusion_model.", layouts.original_unet(parts["unet"].state_dict(), family == "sdxl"))
    tensors |= _under("first_stage_model.", layouts.original_vae(parts["vae"].state_dict(), len(_VAE_CHANNELS)))
    first = layouts.with_text_model(parts["text_encoder"].state_dict())
    if family == "sd15":
        tensors |= _under("cond_stage_model.transformer.", first)
    else:
        tensors |= _under("conditioner.embedders.0.transformer.", first)
        tensors |= _under("conditioner.embedders.1.model.", layouts.open_clip(parts["text_encoder_2"].state_dict()))
    if v_prediction:
        import torch

        tensors |= {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}
    place = root() / "checkpoints" / f"{family}{'_v' if v_prediction else ''}.safetensors"
    place.parent.mkdir(exist_ok=True)
    save_file({name: tensor.clone() for name, tensor in tensors.items()}, place)
    _copy_config(family, place.with_name(f"{place.stem}.config"))
    return place


@cache
def controlnet(family: str = "sd15", kind: str = "depth", layout: str = "folder") -> Path:
    """A ControlNet: `layout` is folder, file (diffusers' names) or original (as first published, SD 1.5 only)."""
    from safetensors.torch import save_file

    net = _controlnet(family, kind)
    place = root() / "controlnets" / f"{family}_{kind}_{layout}"
    if layout == "folder":
        net.save_pretrained(place)
        return place
    place.parent.mkdir(exist_ok=True)
    tensors = net.state_dict()
    if layout == "original":
        tensors = _under("control_model.", layouts.original_unet(tensors, family == "sdxl"))
    place = place.with_suffix(".safetensors")
    save_file({name: tensor.clone() for name, tensor in tensors.items()}, place)
    return place


@cache
def union(layout: str = "folder") -> Path:
    """SDXL's ControlNet for all kinds (8 of them): `layout` is folder or file."""
    import diffusers
    from safetensors.torch import save_file

    like = diffusers.ControlNetUnionModel.from_unet(_parts("sdxl")["unet"], load_weights_from_unet=False).config
    # The width of what joins the kinds is the first layer's.
    width = _CHANNELS["sdxl"][0]
    shape = {name: value for name, value in like.items() if not name.startswith("_")}
    shape |= {"num_control_type": 8, "num_trans_channel": width, "num_proj_channel": width}
    net = _seeded(11, lambda: diffusers.ControlNetUnionModel(**shape))
    _fill_zero_layers(net)
    net = net.half()
    place = root() / "controlnets" / "sdxl_union"
    place.parent.mkdir(exist_ok=True)
    if layout == "folder":
        net.save_pretrained(place)
        return place
    place = place.with_suffix(".safetensors")
    save_file({name: tensor.clone() for name, tensor in net.state_dict().items()}, place)
    return place


@cache
def lora(family: str = "sd15", layout: str = "kohya") -> Path:
    """A LoRA of attention to the picture and to the text: `layout` is kohya (what most files are) or diffusers."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator("cpu").manual_seed(21)
    tensors = {}
    for name, module in _parts(family)["unet"].named_modules():
        if not name.endswith(("attn1.to_q", "attn2.to_k")):
            continue
        wide = module.in_features
        down, up = (torch.randn(size, generator=generator) for size in ((4, wide), (module.out_features, 4)))
        if layout == "kohya":
            own = layouts.kohya_lora_name(name, family == "sdxl")
            tensors |= {f"{own}.lora_down.weight": down, f"{own}.lora_up.weight": up, f"{own}.alpha": torch.tensor(4.0)}
        else:
            tensors |= {f"unet.{name}.lora_A.weight": down, f"unet.{name}.lora_B.weight": up}
    place = root() / "loras" / f"{family}_{layout}.safetensors"
    place.parent.mkdir(exist_ok=True)
    told = {"ss_base_model_version": "sd_v1" if family == "sd15" else "sdxl_base_v1-0"} if layout == "kohya" else None
    save_file(tensors, place, metadata=told)
    return place


@cache
def embedding(family: str = "sd15", name: str = "inkword", rows: int = 3) -> Path:
    """A word of the artist's own (textual inversion), as training programs write it."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator("cpu").manual_seed(61)
    widths = {"emb_params": 768} if family == "sd15" else {"clip_l": 768, "clip_g": 1280}
    place = root() / "embeddings" / family / f"{name}.safetensors"
    place.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: torch.randn((rows, wide), generator=generator) * 0.1 for key, wide in widths.items()}, place)
    return place


@cache
def ip_adapter(family: str = "sd15") -> Path:
    """A plain IP-Adapter of four tokens, in the published layout."""
    import torch
    from safetensors.torch import save_file

    generator = torch.Generator("cpu").manual_seed(31)
    width = _WIDTH[family]

    def some(*size: int) -> torch.Tensor:
        return torch.randn(size, generator=generator) * 0.1

    tensors = {"image_proj.proj.weight": some(4 * width, 32), "image_proj.proj.bias": some(4 * width)}
    tensors |= {"image_proj.norm.weight": torch.ones(width), "image_proj.norm.bias": torch.zeros(width)}
    number = 1
    for name in _parts(family)["unet"].attn_processors:
        # Adapters count self- and cross-attention together and keep the odd ones.
        if name.endswith("attn2.processor"):
            module = _parts(family)["unet"].get_submodule(name.removesuffix(".processor"))
            wide = module.to_q.out_features
            tensors |= {f"ip_adapter.{number}.to_{part}_ip.weight": some(wide, width) for part in "kv"}
            number += 2
    place = root() / "ip_adapters" / f"{family}.safetensors"
    place.parent.mkdir(exist_ok=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, place)
    return place


@cache
def image_encoder() -> Path:
    """The network that sees the reference of an IP-Adapter; a folder."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=32, intermediate_size=37, projection_dim=32, num_hidden_layers=2, num_attention_heads=4,
        image_size=32, patch_size=8,
    )
    place = root() / "image_encoder"
    _seeded(41, lambda: CLIPVisionModelWithProjection(config)).half().save_pretrained(place)
    return place


@cache
def vae(family: str = "sd15", layout: str = "folder") -> Path:
    """Another VAE than the checkpoint's: `layout` is folder or file (original names, as most are found)."""
    from safetensors.torch import save_file

    made = _vae(family, seed=51)
    place = root() / "vaes" / family
    if layout == "folder":
        made.save_pretrained(place)
        return place
    place.parent.mkdir(exist_ok=True)
    place = place.with_suffix(".safetensors")
    save_file(layouts.original_vae(made.state_dict(), len(_VAE_CHANNELS)), place)
    return place


@cache
def tiny_vae() -> Path:
    """The quick VAE of previews (the class of TAESD); a folder."""
    import diffusers

    place = root() / "taesd"
    made = _seeded(52, lambda: diffusers.AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8), decoder_block_out_channels=(8, 8, 8, 8),
        num_encoder_blocks=(1, 1, 1, 1), num_decoder_blocks=(1, 1, 1, 1),
    ))
    made.save_pretrained(place)
    return place


def truncated(path: Path, name: str = "torn.safetensors") -> Path:
    """A copy of a file that ends in the middle."""
    place = root() / name
    data = path.read_bytes()
    place.write_bytes(data[: len(data) // 2])
    return place


@cache
def _parts(family: str) -> dict:
    """What a pipeline is made of, in half precision as files are."""
    import diffusers
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    _write_tokenizer(root() / "tokenizer")
    common = {"vocab_size": len(_vocabulary()[0]), "max_position_embeddings": 77, "bos_token_id": 0, "eos_token_id": 2}
    first = CLIPTextConfig(
        hidden_size=768, intermediate_size=64, num_hidden_layers=3, num_attention_heads=12, projection_dim=768, **common
    )
    parts = {
        "unet": _unet(family), "vae": _vae(family, seed=2), "tokenizer": _tokenizer(),
        "text_encoder": _seeded(3, lambda: CLIPTextModel(first)).half().eval(),
    }
    betas = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
    if family == "sd15":
        return parts | {"scheduler": diffusers.PNDMScheduler(**betas, skip_prk_steps=True, set_alpha_to_one=False)}
    second = CLIPTextConfig(
        hidden_size=1280, intermediate_size=64, num_hidden_layers=2, num_attention_heads=20, projection_dim=1280,
        hidden_act="gelu", **common,
    )
    return parts | {
        "scheduler": diffusers.EulerDiscreteScheduler(**betas, timestep_spacing="leading"), "tokenizer_2": _tokenizer(),
        "text_encoder_2": _seeded(4, lambda: CLIPTextModelWithProjection(second)).half().eval(),
    }


def _unet(family: str):  # noqa: ANN202
    import diffusers

    shape: dict = {
        "sample_size": 64, "layers_per_block": 2, "block_out_channels": _CHANNELS[family], "norm_num_groups": 8,
        "cross_attention_dim": _WIDTH[family],
    }
    if family == "sd15":
        shape |= {"attention_head_dim": 2}
    else:
        shape |= {
            "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            "attention_head_dim": (2, 4, 4), "transformer_layers_per_block": (1, 1, 2), "use_linear_projection": True,
            "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
            "projection_class_embeddings_input_dim": 2816,
        }
    return _seeded(1, lambda: diffusers.UNet2DConditionModel(**shape)).half().eval()


def _vae(family: str, seed: int):  # noqa: ANN202
    import diffusers

    scale = 0.18215 if family == "sd15" else 0.13025
    return _seeded(seed, lambda: diffusers.AutoencoderKL(
        block_out_channels=_VAE_CHANNELS, layers_per_block=1, norm_num_groups=8, latent_channels=4, sample_size=64,
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, scaling_factor=scale,
    )).half().eval()


@cache
def _controlnet(family: str, kind: str):  # noqa: ANN202
    import diffusers

    seed = sum(kind.encode())
    net = _seeded(seed, lambda: diffusers.ControlNetModel.from_unet(_parts(family)["unet"].float()))
    _parts(family)["unet"].half()
    _fill_zero_layers(net)
    return net.half().eval()


def _fill_zero_layers(net) -> None:  # noqa: ANN001
    """A ControlNet fresh from its maker changes nothing; a trained one does."""
    import torch

    generator = torch.Generator("cpu").manual_seed(12)
    for name, tensor in net.named_parameters():
        if not bool(tensor.any()) and name.endswith("weight"):
            tensor.data.copy_(torch.randn(tensor.shape, generator=generator) * 0.2)


def _seeded(seed: int, make):  # noqa: ANN001, ANN202
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def _under(prefix: str, tensors: dict) -> dict:
    return {prefix + name: tensor for name, tensor in tensors.items()}


def _copy_config(family: str, to: Path) -> None:
    """All of a model's folder but its weights."""
    for path in folder(family).rglob("*"):
        if path.suffix in (".json", ".txt"):
            target = to / path.relative_to(folder(family))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


@cache
def _vocabulary() -> tuple[dict[str, int], list[str]]:
    """Token numbers in CLIP's order (bytes, bytes that end a word, merges, marks), and the merges of `WORDS`."""
    letters = [chr(code) for code in (*range(33, 127), *range(161, 173), *range(174, 256))]
    letters += [chr(256 + number) for number in range(256 - len(letters))]
    merges: list[str] = []
    for word in WORDS:
        pieces = [*word[:-1], word[-1] + "</w>"]
        while len(pieces) > 1:
            merge = f"{pieces[0]} {pieces[1]}"
            if merge not in merges:
                merges.append(merge)
            pieces = [pieces[0] + pieces[1], *pieces[2:]]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *(merge.replace(" ", "") for merge in merges)]
    tokens = [*dict.fromkeys(tokens), "<|startoftext|>", "<|endoftext|>"]
    return {token: number for number, token in enumerate(tokens)}, merges


def _tokenizer():  # noqa: ANN202
    from transformers import CLIPTokenizer

    return CLIPTokenizer.from_pretrained(root() / "tokenizer", local_files_only=True)


def _write_tokenizer(place: Path) -> None:
    """As hubs keep them: vocab.json and merges.txt."""
    place.mkdir(exist_ok=True)
    numbers, merges = _vocabulary()
    (place / "vocab.json").write_text(json.dumps(numbers), encoding="utf-8")
    (place / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")
    marks = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    # The second tokenizer of SDXL fills up with the token of number 0.
    marks |= {"pad_token": "!" if place.name == "tokenizer_2" else "<|endoftext|>"}
    told = {**marks, "tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True}
    (place / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")
    (place / "special_tokens_map.json").write_text(json.dumps(marks), encoding="utf-8")
