# SPDX-License-Identifier: GPL-3.0-or-later
"""What is added to a checkpoint: LoRAs, and the IP-Adapter that passes on the look of a picture."""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import InputError, MissingError
from .files import check_class, check_file, check_width, has_names, says_what_is_wrong, variant_of
from .request import Lora


def add_loras(pipeline: Any, loras: tuple[Lora, ...]) -> None:
    """Load LoRAs, of diffusers' or kohya's layout, and weigh them.

    Raises:
        MissingError: One is not there.
        InputError: One is damaged, of another family, or fits nothing of the checkpoint; names it.
    """
    names: list[str] = []
    for number, lora in enumerate(loras):
        check_file(lora.path, "the LoRA")
        if hasattr(pipeline, "unet"):
            check_width(lora.path, pipeline.unet, "the LoRA")
        name = f"lora_{number}"
        with says_what_is_wrong(lora.path, "a LoRA"):
            pipeline.load_lora_weights(
                str(lora.path.parent), weight_name=lora.path.name, adapter_name=name, local_files_only=True
            )
        if not any(name in adapters for adapters in pipeline.get_list_adapters().values()):
            raise InputError(
                "changes nothing of this checkpoint: it was made for another family, or is no LoRA",
                where=str(lora.path),
                remedy="Choose one of the checkpoint's family, or take it out of diffuse.loras.",
            )
        names.append(name)
    if names:
        pipeline.set_adapters(names, [lora.weight for lora in loras])


def add_reference(pipeline: Any, ip_adapter: Path, image_encoder: Path | None, dtype: Any) -> None:
    """Load an IP-Adapter and the encoder that looks at its picture.

    Raises:
        MissingError: One is not there.
        InputError: One is damaged or of another family; names it.
    """
    from transformers import CLIPImageProcessorPil, CLIPVisionModelWithProjection

    check_file(ip_adapter, "the IP-Adapter")
    if not hasattr(pipeline, "unet"):
        raise InputError("Z-Image has no IP-Adapter", where=str(ip_adapter), remedy="Clear diffuse.reference.")
    if image_encoder is None:
        raise MissingError(
            "the IP-Adapter's image encoder is not installed", where=str(ip_adapter), remedy="Install it beside it."
        )
    check_file(image_encoder, "the image encoder")
    check_class(image_encoder, ("CLIPVisionModelWithProjection",), "an image encoder")
    check_width(ip_adapter, pipeline.unet, "the IP-Adapter")
    if not has_names(ip_adapter, "image_proj."):
        raise InputError("is not an IP-Adapter", where=str(ip_adapter), remedy="Choose another.")
    with says_what_is_wrong(image_encoder, "an image encoder"):
        encoder = CLIPVisionModelWithProjection.from_pretrained(
            str(image_encoder), dtype=dtype, use_safetensors=True, local_files_only=True,
            variant=variant_of(image_encoder, ""),
        )
    size: Any = encoder.config.image_size
    looker = CLIPImageProcessorPil(size={"shortest_edge": size}, crop_size={"height": size, "width": size})
    pipeline.register_modules(image_encoder=encoder, feature_extractor=looker)
    with says_what_is_wrong(ip_adapter, "an IP-Adapter"):
        pipeline.load_ip_adapter(
            str(ip_adapter.parent), subfolder="", weight_name=ip_adapter.name, image_encoder_folder=None,
            local_files_only=True,
        )
