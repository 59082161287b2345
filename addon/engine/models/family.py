# SPDX-License-Identifier: GPL-3.0-or-later
"""What a model file is, and which checkpoints it goes with, from the names and shapes of its tensors alone.

Three layouts of names are known: that of the models as first published, kohya's for LoRAs, and diffusers'.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from .safetensors_header import Header, read_header

Family = Literal["sd15", "sdxl", "zimage", ""]
Kind = Literal["checkpoint", "lora", "controlnet", "controlnet_union", "vae", "ip_adapter", "embedding", "unknown"]


@dataclass(frozen=True)
class Recognised:
    """What a file or folder is.

    Attributes:
        kind: Of model.
        family: What it goes with; "" where it does not show, or is none of those that are known.
        v_prediction: Whether a checkpoint was trained to tell velocity.
        problem: Why it cannot be used although it is whole, as a clause; "" when it can.
    """

    kind: Kind
    family: Family
    v_prediction: bool = False
    problem: str = ""


_UNET = r"(down_blocks|up_blocks|mid_block|input_blocks|output_blocks|middle_block)[._]"
# Layers that look at the text: how wide it is tells the family. Video models have such layers too, in other blocks.
_TEXT_LAYER = re.compile(rf"{_UNET}.*attn2[._](processor[._])?to_k([._].*)?(weight|hada_w[12]_b)$|to_k_ip\.weight$")
_LORA = re.compile(
    r"[._]lora[._]?(down|up|A|B|a|b)\b|lora_(down|up|A|B)\b|\.hada_w1|\.lokr_w|\.lora\.|lora_linear_layer\."
)
# The half of a LoRA that ends in the layer's other side says nothing of the text.
_LORA_UP = re.compile(r"lora[._]?up|lora_B|lora\.up")
_LORA_TEXT = re.compile(r"^(lora_te_|text_encoder\.).*(q_proj|fc1).*(lora[._]?down|lora_A|lora\.down)")
# Only SDXL has more than one of these in a block.
_DEEP = re.compile(rf"{_UNET}.*transformer_blocks[._][1-9]")
_LORA_ZIMAGE = re.compile(
    r"(diffusion_model\.|transformer\.|lora_unet_|lora_transformer_|base_model\.model\.)+"
    r"(layers|noise_refiner|context_refiner|cap_embedder)[._]\d"
)
_WIDTHS: dict[int, Family] = {768: "sd15", 2048: "sdxl"}
_STRANGERS = {
    1024: "was made for Stable Diffusion 2, which is not supported",
    1280: "belongs to SDXL's refiner, which cannot draw alone",
}
_NOTED: tuple[tuple[str, Family], ...] = (
    ("stable-diffusion-xl", "sdxl"), ("sdxl", "sdxl"), ("stable-diffusion-v1", "sd15"), ("sd_v1", "sd15"),
    ("sd_1.5", "sd15"), ("z-image", "zimage"), ("zimage", "zimage"), ("z_image", "zimage"),
)
_ZIMAGE = ("context_refiner.", "noise_refiner.", "cap_embedder.")
_UNION = ("task_embedding", "control_add_embedding.", "spatial_ch_projs.", "transformer_layes.")
_WHOLE = "model.diffusion_model."
_PART = "holds only the network that draws, without text encoder and VAE"
_ONE_FILE = "is Z-Image in one file, which is used only as a folder in diffusers' layout"
_OWN_INPUT = "was made for inpainting or editing by instruction ({} channels), which another road needs"
MOST_ROWS = 75
"""Words that an embedding may have: as many as the text encoders read at once."""
_ENCODERS: dict[tuple[int, ...], tuple[Family, str]] = {
    (768,): ("sd15", ""), (768, 1280): ("sdxl", ""), (1024,): ("", _STRANGERS[1024]),
    (1280,): ("", "has words for one of SDXL's two text encoders only"),
}
_NETWORKS: dict[str, tuple[Kind, Family]] = {
    "ControlNetModel": ("controlnet", ""), "ControlNetUnionModel": ("controlnet_union", ""),
    "ZImageControlNetModel": ("controlnet_union", "zimage"), "AutoencoderKL": ("vae", ""),
    "AutoencoderTiny": ("vae", ""),
}
# Any pipeline of a family will do: its parts are taken, not itself.
_PIPELINES: dict[str, Family] = {
    "StableDiffusionXL": "sdxl", "StableDiffusion3": "", "StableDiffusion": "sd15", "ZImage": "zimage",
}


def recognise(path: Path) -> Recognised:
    """What a .safetensors file, or a folder in diffusers' layout, is.

    Raises:
        MissingError: It is not there.
        InputError: The file is damaged or of another kind.
    """
    return _of_folder(path) if path.is_dir() else of_header(read_header(path))


def of_header(header: Header) -> Recognised:
    """What a file with this head is."""
    names = header.shapes
    if any(name.startswith(("ip_adapter.", "image_proj.")) or "to_k_ip" in name for name in names):
        return Recognised("ip_adapter", _by_width(header))
    if any(_LORA.search(name) for name in names):
        return Recognised("lora", _lora_family(header), problem=_stranger(header))
    if _has(header, _WHOLE):
        return _checkpoint(header)
    if _has(header, "control_layers."):
        return Recognised("controlnet_union", "zimage")
    if any("controlnet_cond_embedding." in name or "input_hint_block." in name for name in names):
        return _controlnet(header)
    if _is_vae(header):
        return Recognised("vae", _vae_family(header))
    return _embedding(header) or _other(header)


def _embedding(header: Header) -> Recognised | None:
    """Words of the artist's own: rows as wide as the words of a text encoder, one tensor for each encoder."""
    rows = {shape[-1]: (1, *shape)[-2] for shape in header.shapes.values() if 0 < len(shape) <= 2}
    if not rows or len(rows) < len(header.shapes) or not all(0 < count <= MOST_ROWS for count in rows.values()):
        return None
    found = _ENCODERS.get(tuple(sorted(rows)))
    if found is not None and len(set(rows.values())) > 1:
        return Recognised("embedding", found[0], problem="has not as many words for one text encoder as for the other")
    return Recognised("embedding", found[0], problem=found[1]) if found else None


def _has(header: Header, *starts: str) -> bool:
    return any(name.startswith(starts) for name in header.shapes)


def _checkpoint(header: Header) -> Recognised:
    if _has(header, *(_WHOLE + part for part in _ZIMAGE)):
        return Recognised("checkpoint", "zimage", problem=_ONE_FILE)
    problem = _stranger(header)
    if not problem and not _has(header, "cond_stage_model.", "conditioner.", "first_stage_model."):
        problem = _PART
    channels = header.shapes.get(_WHOLE + "input_blocks.0.0.weight", ())
    if len(channels) == 4 and channels[1] != 4:
        problem = _OWN_INPUT.format(channels[1])
    return Recognised("checkpoint", _by_width(header), _tells_velocity(header), problem)


def _controlnet(header: Header) -> Recognised:
    problem = _stranger(header)
    if "lora_controlnet" in header.shapes:
        problem = "is a Control-LoRA, which holds only differences and cannot be used"
    return Recognised("controlnet_union" if _has(header, *_UNION) else "controlnet", _by_width(header), problem=problem)


def _other(header: Header) -> Recognised:
    """A network that draws, without all that a checkpoint has beside it, or something else."""
    bare = {name.removeprefix("diffusion_model.") for name in header.shapes}
    if any(name.startswith(_ZIMAGE) for name in bare):
        return Recognised("unknown", "zimage", problem=_PART)
    family = _by_width(header)
    return Recognised("unknown", family, problem=_PART if family else "is no kind of model that is known here")


def _lora_family(header: Header) -> Family:
    found = _by_width(header)
    if found:
        return found
    for name, shape in header.shapes.items():
        if name.startswith(("lora_te2_", "text_encoder_2.")) or _DEEP.search(name):
            return "sdxl"
        if _LORA_ZIMAGE.match(name):
            return "zimage"
        if _LORA_TEXT.match(name) and len(shape) >= 2 and shape[1] == 768:
            # The first text encoder of SDXL is as wide, but is numbered or comes with the second.
            return _noted(header) or ("sdxl" if _has(header, "text_encoder_2.") else "sd15")
    return _noted(header)


def _noted(header: Header) -> Family:
    """The family that the file's maker wrote into its notes."""
    told = " ".join(header.notes.get(name, "").lower() for name in ("modelspec.architecture", "ss_base_model_version"))
    for words, family in _NOTED:
        if words in told:
            return family
    return ""


def _by_width(header: Header) -> Family:
    """The family by how wide the text is that a layer takes."""
    width = _text_width(header)
    if width:
        return _WIDTHS.get(width, "")
    # The small ControlNets of SDXL look at no text; but they too take the picture's size.
    sizes = ("add_embedding.linear_1.weight", "label_emb.0.0.weight")
    return "sdxl" if any(name.endswith(sizes) and shape[-1] == 2816 for name, shape in header.shapes.items()
                         if shape) else ""


def _text_width(header: Header) -> int:
    for name, shape in header.shapes.items():
        if len(shape) >= 2 and _TEXT_LAYER.search(name) and not _LORA_UP.search(name):
            # Some LoRAs keep a layer as a convolution of one pixel: (out, in, 1, 1).
            return shape[1] if len(shape) == 4 else shape[-1]
    return 0


def _stranger(header: Header) -> str:
    return _STRANGERS.get(_text_width(header), "")


def _tells_velocity(header: Header) -> bool:
    told = header.notes.get("modelspec.prediction_type", "").lower()
    return "v_pred" in header.shapes or told.startswith("v") or header.notes.get("ss_v_parameterization") == "True"


def _is_vae(header: Header) -> bool:
    bare = {name.removeprefix("first_stage_model.") for name in header.shapes}
    return "decoder.conv_in.weight" in bare or any(name.startswith("decoder.layers.") for name in bare)


def _vae_family(header: Header) -> Family:
    """Z-Image's by its 16 channels; those of SD 1.5 and SDXL have one shape, so only notes tell them apart."""
    found = (shape for name, shape in header.shapes.items() if name.endswith("decoder.conv_in.weight"))
    shape = next(found, ())
    return "zimage" if len(shape) == 4 and shape[1] == 16 else _noted(header)


def _of_folder(path: Path) -> Recognised:
    pipeline = str(_json(path / "model_index.json").get("_class_name", ""))
    if pipeline:
        start = next((start for start in _PIPELINES if pipeline.startswith(start)), "StableDiffusion3")
        velocity = _json(path / "scheduler" / "scheduler_config.json").get("prediction_type") == "v_prediction"
        unet = _json(path / "unet" / "config.json")
        channels = _number(unet.get("in_channels"))
        problem = _OWN_INPUT.format(channels) if channels not in (0, 4) else ""
        width = _number(unet.get("cross_attention_dim"))
        if width in _STRANGERS:
            return Recognised("checkpoint", "", velocity, _STRANGERS[width])
        return Recognised("checkpoint", _PIPELINES[start], velocity, problem)
    told = _json(path / "config.json")
    kind, family = _NETWORKS.get(str(told.get("_class_name", "")), ("unknown", ""))
    width = _number(told.get("cross_attention_dim"))
    if kind == "vae" and _number(told.get("latent_channels")) == 16:
        family = "zimage"
    return Recognised(kind, family or _WIDTHS.get(width, ""), problem=_STRANGERS.get(width, ""))


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
