# SPDX-License-Identifier: GPL-3.0-or-later
"""ControlNets of one checkpoint: one a kind, or a union that stands for several."""

# pyright: basic, reportMissingImports=false, reportPrivateImportUsage=false

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import InputError
from .files import (
    another_family,
    check_class,
    check_file,
    check_width,
    folder_class,
    read_tensors,
    says_what_is_wrong,
    variant_of,
)

UNION_MODES = {
    "openpose": 0, "depth": 1, "softedge": 2, "lineart": 3, "canny": 3, "mlsd": 3, "normal": 4, "segmentation": 5,
    "tile": 6,
}
"""Kind of control and its number in the union ControlNets of SDXL."""
_UNION_MARK = "control_add_embedding.linear_1.weight"
_MARKS = ("control_model.", "controlnet_", "zero_convs.")


@dataclass(frozen=True)
class Loaded:
    """The ControlNets of a model.

    Attributes:
        by_kind: Kind → network; a union may stand for several.
        union: The union, when there is one: then it is the only network.
    """

    by_kind: dict[str, Any]
    union: Any = None

    def nets(self) -> list[Any]:
        """Each network once."""
        return list({id(net): net for net in self.by_kind.values()}.values())


def load_controlnets(wanted: tuple[tuple[str, Path], ...], unet: Any, dtype: Any) -> Loaded:
    """Load each file or folder once.

    Args:
        wanted: Kind and place.
        unet: Of the checkpoint; a ControlNet has its shape.
        dtype: Of the weights.

    Raises:
        InputError: One is damaged or of another family, or a union stands beside others; names it.
    """
    nets: dict[Path, Any] = {}
    for kind, path in wanted:
        if path not in nets:
            check_file(path, f"the ControlNet for {kind}")
            nets[path] = _load(path, unet, dtype)
            width, own = nets[path].config.cross_attention_dim, unet.config.cross_attention_dim
            if width != own:
                raise another_family(path, f"the ControlNet for {kind}", width, own)
    unions = [path for path, net in nets.items() if _is_union(net)]
    if unions and len(nets) > 1:
        raise InputError(
            "is a union ControlNet, which cannot be used together with others",
            where=str(unions[0]),
            remedy="Use it for all kinds of control, or none.",
        )
    for kind, path in wanted:
        if unions and kind not in UNION_MODES:
            raise InputError(f"is a union ControlNet, which does not know {kind}", where=str(path))
    return Loaded({kind: nets[path] for kind, path in wanted}, _ordered(nets[unions[0]]) if unions else None)


def as_one(loaded: Loaded, kinds: tuple[str, ...]) -> Any:
    """What a pipeline takes as its ControlNet for these kinds of control, in this order."""
    from diffusers.models.controlnets.multicontrolnet import MultiControlNetModel

    return loaded.union or MultiControlNetModel([loaded.by_kind[kind] for kind in kinds])


def _ordered(union: Any) -> Any:
    """A union that takes each of its controls for its own weight.

    The network of diffusers multiplies all it adds by the first control's weight: a first control that has come to its
    end would end the others too. So the strongest goes first, and those of weight 0 are left out.
    """

    def reorder(_: Any, words: tuple[Any, ...], named: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        weights, modes = named["conditioning_scale"], named["control_type_idx"]
        order = sorted(range(len(weights)), key=lambda number: -weights[number])
        order = [number for number in order if weights[number] > 0] or order[:1]
        types = named["control_type"].clone().zero_()
        types[:, [modes[number] for number in order]] = 1
        chosen = {
            name: [named[name][number] for number in order]
            for name in ("controlnet_cond", "control_type_idx", "conditioning_scale")
        }
        return words, named | chosen | {"control_type": types}

    union.register_forward_pre_hook(reorder, with_kwargs=True)
    return union


def _load(path: Path, unet: Any, dtype: Any) -> Any:
    import diffusers

    with says_what_is_wrong(path, "a ControlNet"):
        if path.is_dir():
            check_class(path, ("ControlNetModel", "ControlNetUnionModel"), "a ControlNet")
            kind = getattr(diffusers, folder_class(path))
            return kind.from_pretrained(
                str(path), dtype=dtype, use_safetensors=True, local_files_only=True, variant=variant_of(path, "")
            )
        check_width(path, unet, "the ControlNet")
        tensors = read_tensors(path)
        if _UNION_MARK in tensors:
            return _union(tensors, unet, dtype)
        if not any(name.startswith(_MARKS) for name in tensors):
            raise InputError("is not a ControlNet", where=str(path), remedy="Choose another in diffuse.controlnets.")
        del tensors
        with tempfile.TemporaryDirectory() as folder:
            # Its shape is that of the checkpoint's network; asked of the file alone, diffusers would fetch a config.
            _like(unet, diffusers.ControlNetModel).save_config(folder)
            return diffusers.ControlNetModel.from_single_file(
                str(path), config=folder, dtype=dtype, local_files_only=True
            )


def _like(unet: Any, kind: Any) -> Any:
    """A ControlNet in the shape of a drawing network, without memory for its numbers."""
    from accelerate import init_empty_weights

    with init_empty_weights():
        return kind.from_unet(unet, load_weights_from_unet=False)


def _union(tensors: dict[str, Any], unet: Any, dtype: Any) -> Any:
    import diffusers
    from accelerate import init_empty_weights

    kind = diffusers.ControlNetUnionModel
    number, width = tensors["task_embedding"].shape
    shape = {"num_control_type": number, "num_trans_channel": width}
    shape["num_proj_channel"] = tensors["spatial_ch_projs.weight"].shape[0]
    with init_empty_weights():
        # Not by `from_config`, which sets what once was a default back to its default.
        own = {name: value for name, value in _like(unet, kind).config.items() if not name.startswith("_")}
        net = kind(**{**own, **shape})
    net.load_state_dict(tensors, assign=True)
    return net.to(dtype).eval()


def _is_union(net: Any) -> bool:
    return type(net).__name__ == "ControlNetUnionModel"
