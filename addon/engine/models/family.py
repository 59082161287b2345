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
Kind = Literal["checkpoint", "lora", "controlnet", "controlnet_union", "vae", "ip_adapter", "unknown"]


@dataclass(frozen=True)
class Recognised:
    """What a file or folder is.

    Attributes:
        kind: Of model.
        family: What it goes with; "" where it does not show, or is none of those that are known.
        v_prediction: Whether a checkpoint was trained to tell velocity.
    """

    kind: Kind
    family: Family
    v_prediction: bool = False


# Layers that look at the text: how wide it is tells the family.
_TEXT_LAYER = re.compile(r"(attn2[._]to_k|to_k_ip)[._].*weight$|(attn2[._]to_k|to_k_ip)\.weight$")
_LORA = re.compile(r"[._]lora[._]?(down|up|A|B|a|b)\b|lora_(down|up|A|B)|\.hada_w1|\.lokr_w|\.lora\.")
# The half of a LoRA that ends in the layer's other side says nothing of the text.
_LORA_UP = re.compile(r"lora[._]?up|lora_B|lora\.up")
_WIDTHS: dict[int, Family] = {768: "sd15", 2048: "sdxl"}
_ZIMAGE = ("context_refiner.", "noise_refiner.", "cap_embedder.")
_UNION = ("task_embedding", "control_add_embedding.", "spatial_ch_projs.", "transformer_layes.")
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
    if any(_LORA.search(name) for name in names):
        return Recognised("lora", _lora_family(header))
    if _has(header, "model.diffusion_model."):
        return Recognised("checkpoint", _checkpoint_family(header), _tells_velocity(header))
    if any(name.startswith(("ip_adapter.", "image_proj.")) or "to_k_ip" in name for name in names):
        return Recognised("ip_adapter", _by_width(header))
    if _has(header, "control_layers."):
        return Recognised("controlnet_union", "zimage")
    if any("controlnet_cond_embedding." in name or "input_hint_block." in name for name in names):
        return Recognised("controlnet_union" if _has(header, *_UNION) else "controlnet", _by_width(header))
    if _is_vae(header):
        return Recognised("vae", "")
    return Recognised("unknown", _by_width(header))


def _has(header: Header, *starts: str) -> bool:
    return any(name.startswith(starts) for name in header.shapes)


def _checkpoint_family(header: Header) -> Family:
    if _has(header, *(f"model.diffusion_model.{part}" for part in _ZIMAGE)):
        return "zimage"
    # The refiner of SDXL has only the second of its text encoders, and cannot draw alone.
    return _by_width(header)


def _lora_family(header: Header) -> Family:
    found = _by_width(header)
    if found:
        return found
    if any(name.startswith(("lora_te2_", "text_encoder_2.")) for name in header.shapes):
        return "sdxl"
    if any(re.match(r"(diffusion_model|transformer)\.(layers|noise_refiner|context_refiner)\.", name)
           for name in header.shapes):
        return "zimage"
    return ""


def _by_width(header: Header) -> Family:
    """The family by how wide the text is that a layer takes."""
    for name, shape in header.shapes.items():
        if len(shape) >= 2 and _TEXT_LAYER.search(name) and not _LORA_UP.search(name):
            # Some LoRAs keep a layer as a convolution of one pixel: (out, in, 1, 1).
            return _WIDTHS.get(shape[1] if len(shape) == 4 else shape[-1], "")
    return ""


def _tells_velocity(header: Header) -> bool:
    told = header.notes.get("modelspec.prediction_type", "").lower()
    return "v_pred" in header.shapes or told.startswith("v")


def _is_vae(header: Header) -> bool:
    bare = {name.removeprefix("first_stage_model.") for name in header.shapes}
    return "decoder.conv_in.weight" in bare or any(name.startswith("decoder.layers.") for name in bare)


def _of_folder(path: Path) -> Recognised:
    pipeline = str(_json(path / "model_index.json").get("_class_name", ""))
    if pipeline:
        start = next((start for start in _PIPELINES if pipeline.startswith(start)), "StableDiffusion3")
        velocity = _json(path / "scheduler" / "scheduler_config.json").get("prediction_type") == "v_prediction"
        return Recognised("checkpoint", _PIPELINES[start], velocity)
    told = _json(path / "config.json")
    kind, family = _NETWORKS.get(str(told.get("_class_name", "")), ("unknown", ""))
    return Recognised(kind, family or _WIDTHS.get(_number(told.get("cross_attention_dim")), ""))


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
