# SPDX-License-Identifier: GPL-3.0-or-later
"""A checkpoint of an artist's, a folder or a single file, as a pipeline of diffusers. Nothing is fetched."""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..family import recognise
from .files import check_class, check_file, folder_class, says_what_is_wrong, variant_of
from .request import Family, Model
from .shapes import write_config

_PIPELINES = {
    "sd15": "StableDiffusionImg2ImgPipeline",
    "sdxl": "StableDiffusionXLImg2ImgPipeline",
    "zimage": "ZImagePipeline",
}
_NAMES = {"sd15": "Stable Diffusion 1.5", "sdxl": "SDXL", "zimage": "Z-Image"}
_KINDS = {
    "lora": "a LoRA", "controlnet": "a ControlNet", "controlnet_union": "a ControlNet", "vae": "a VAE",
    "ip_adapter": "an IP-Adapter",
}


def load_checkpoint(model: Model, dtype: Any) -> Any:
    """The image-to-image pipeline of a checkpoint, on the processor.

    Args:
        model: What is wanted; its ControlNets and adapters are added elsewhere.
        dtype: Of the weights.

    Raises:
        MissingError: Nothing is there, or a single file's small files are not.
        InputError: No safetensors, damaged, or of another family; names it.
    """
    check_file(model.checkpoint, "the checkpoint")
    pipeline = _from_folder(model, dtype) if model.checkpoint.is_dir() else _from_file(model, dtype)
    if model.vae is not None:
        pipeline.register_modules(vae=_vae(model.vae, pipeline.vae, dtype))
    if pipeline.vae.config.force_upcast and model.family == "sdxl":
        # SDXL's own VAE overflows in half precision.
        pipeline.vae.float()
    return pipeline


def load_preview_vae(model: Model, dtype: Any, device: str) -> Any:
    """The small VAE of quick looks; None where none is wanted."""
    import diffusers

    if model.preview_vae is None:
        return None
    check_file(model.preview_vae, "the VAE of previews")
    check_class(model.preview_vae, ("AutoencoderTiny",), "a VAE of previews")
    with says_what_is_wrong(model.preview_vae, "a VAE of previews"):
        small: Any = diffusers.AutoencoderTiny.from_pretrained(
            str(model.preview_vae), dtype=dtype, use_safetensors=True, local_files_only=True
        )
        return small.to(device)


def predicts_velocity(model: Model) -> bool | None:
    """What the artist says, or else the checkpoint's own mark; None leaves it to its scheduler's config."""
    if model.v_prediction is None and model.checkpoint.is_file() and recognise(model.checkpoint).v_prediction:
        return True
    return model.v_prediction


def _from_folder(model: Model, dtype: Any) -> Any:
    import diffusers

    folder = model.checkpoint
    name = folder_class(folder)
    families: dict[str, Family] = {"StableDiffusionXL": "sdxl", "StableDiffusion": "sd15", "ZImage": "zimage"}
    found: Family | None = next((family for start, family in families.items() if name.startswith(start)), None)
    _check_family(model, found, name)
    drawing = "transformer" if model.family == "zimage" else "unet"
    with says_what_is_wrong(folder, "a checkpoint"):
        return getattr(diffusers, _PIPELINES[model.family]).from_pretrained(
            str(folder), dtype=dtype, use_safetensors=True, local_files_only=True,
            variant=variant_of(folder, drawing), **_without_checker(model.family),
        )


def _from_file(model: Model, dtype: Any) -> Any:
    import diffusers

    found = recognise(model.checkpoint)
    is_whole = found.kind == "checkpoint"
    if is_whole and found.problem:
        raise InputError(found.problem, where=str(model.checkpoint), remedy="Choose another in diffuse.model.")
    _check_family(model, found.family or None if is_whole else None, _KINDS.get(found.kind, ""))
    with _config_of(model) as config, says_what_is_wrong(model.checkpoint, "a checkpoint"):
        return getattr(diffusers, _PIPELINES[model.family]).from_single_file(
            str(model.checkpoint), config=str(config), dtype=dtype, local_files_only=True,
            **_without_checker(model.family),
        )


@contextmanager
def _config_of(model: Model) -> Iterator[Path]:
    """A folder with the small files of a single-file checkpoint."""
    beside = model.config or model.checkpoint.with_name(f"{model.checkpoint.stem}.config")
    if (beside / "model_index.json").is_file():
        yield beside
        return
    with tempfile.TemporaryDirectory() as folder:
        write_config(model.family, Path(folder))
        yield Path(folder)


def _without_checker(family: Family) -> dict[str, Any]:
    if family != "sd15":
        return {}
    return {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}


def _check_family(model: Model, found: Family | None, name: str) -> None:
    if found == model.family:
        return
    other = _NAMES[found] if found else name or "something else"
    raise InputError(
        f"holds {other}, not {_NAMES[model.family]}",
        where=str(model.checkpoint),
        remedy="Set diffuse.family to the checkpoint's own, or to auto." if found else "Choose a whole checkpoint.",
    )


def _vae(path: Path, own: Any, dtype: Any) -> Any:
    import diffusers

    check_file(path, "the VAE")
    kind = diffusers.AutoencoderKL
    with says_what_is_wrong(path, "a VAE"):
        if path.is_dir():
            check_class(path, ("AutoencoderKL",), "a VAE")
            return kind.from_pretrained(
                str(path), dtype=dtype, use_safetensors=True, local_files_only=True, variant=variant_of(path, "")
            )
        with tempfile.TemporaryDirectory() as folder:
            own.save_config(folder)
            return kind.from_single_file(str(path), config=folder, dtype=dtype, local_files_only=True)
