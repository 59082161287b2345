"""Names that tensors have in the files artists get, made from those diffusers gives them."""

from __future__ import annotations

import re

RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1", "conv_shortcut": "skip_connection",
}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
TOP = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
}
HINT = {"conv_in": "0", **{f"blocks.{number}": str(2 * number + 2) for number in range(6)}, "conv_out": "14"}
LAYERS = 2


def original_unet(tensors: dict, attention_first: bool) -> dict:
    """Of the network that draws, or of a ControlNet.

    Args:
        tensors: By diffusers' names.
        attention_first: Whether the first upward block has attention, as SDXL's has and SD 1.5's has not.
    """
    return {_unet_name(name, attention_first): tensor for name, tensor in tensors.items()}


def _unet_name(name: str, attention_first: bool) -> str:
    for own, original in TOP.items():
        if name.startswith(f"{own}."):
            return name.replace(own, original, 1)
    if name.startswith("controlnet_cond_embedding."):
        part, kind = name.removeprefix("controlnet_cond_embedding.").rsplit(".", 1)
        return f"input_hint_block.{HINT[part]}.{kind}"
    if name.startswith("controlnet_down_blocks."):
        return re.sub(r"controlnet_down_blocks\.(\d+)\.", r"zero_convs.\1.0.", name)
    if name.startswith("controlnet_mid_block."):
        return name.replace("controlnet_mid_block.", "middle_block_out.0.")
    way, *rest = name.split(".", 1)
    if way == "mid_block":
        kind, number, inner = rest[0].split(".", 2)
        place = f"middle_block.{1 if kind == 'attentions' else 2 * int(number)}"
        return f"{place}.{_inner(kind, inner)}"
    block, kind, number, inner = rest[0].split(".", 3)
    if way == "down_blocks":
        if kind == "downsamplers":
            return f"input_blocks.{(LAYERS + 1) * (int(block) + 1)}.0.op.{inner.removeprefix('conv.')}"
        place = f"input_blocks.{(LAYERS + 1) * int(block) + int(number) + 1}"
    else:
        if kind == "upsamplers":
            slot = 2 if attention_first or int(block) else 1
            return f"output_blocks.{(LAYERS + 1) * int(block) + LAYERS}.{slot}.{inner}"
        place = f"output_blocks.{(LAYERS + 1) * int(block) + int(number)}"
    return f"{place}.{1 if kind == 'attentions' else 0}.{_inner(kind, inner)}"


def _inner(kind: str, inner: str) -> str:
    if kind == "attentions":
        return inner
    part, rest = inner.split(".", 1)
    return f"{RESNET[part]}.{rest}"


def original_vae(tensors: dict, blocks: int) -> dict:
    """Of the network between pictures and latents; `blocks` is how many sizes it has."""
    found = {}
    for name, tensor in tensors.items():
        new = name.replace("conv_norm_out", "norm_out").replace("mid_block.attentions.0.", "mid.attn_1.")
        new = re.sub(r"mid_block\.resnets\.(\d)", lambda match: f"mid.block_{int(match[1]) + 1}", new)
        new = re.sub(r"down_blocks\.(\d)\.resnets\.", r"down.\1.block.", new)
        new = re.sub(r"down_blocks\.(\d)\.downsamplers\.0\.", r"down.\1.downsample.", new)
        for own, original in {"resnets": "block", r"upsamplers\.0": "upsample"}.items():
            new = re.sub(
                rf"up_blocks\.(\d)\.{own}\.", lambda match: f"up.{blocks - 1 - int(match[1])}.{original}.", new  # noqa: B023
            )
        new = new.replace("conv_shortcut", "nin_shortcut")
        if "attn_1" in new:
            for own, original in VAE_ATTENTION.items():
                new = new.replace(f"attn_1.{own}.", f"attn_1.{original}.")
            tensor = tensor[:, :, None, None] if tensor.ndim == 2 else tensor
        found[new] = tensor.contiguous()
    return found


def with_text_model(tensors: dict) -> dict:
    """CLIP's tensors as all files have them; newer transformers leave the first word out."""
    return {
        name if name.startswith(("text_model.", "text_projection")) else f"text_model.{name}": tensor
        for name, tensor in tensors.items()
    }


def open_clip(tensors: dict) -> dict:
    """SDXL's second text encoder as OpenCLIP names it, with query, key and value in one."""
    import torch

    found, parts = {}, {}
    for name, tensor in with_text_model(tensors).items():
        if match := re.match(r"text_model\.encoder\.layers\.(\d+)\.self_attn\.([qkv])_proj\.(weight|bias)", name):
            parts.setdefault((match[1], match[3]), {})[match[2]] = tensor
            continue
        if name == "text_projection.weight":
            found["text_projection"] = tensor.T.contiguous()
            continue
        new = name.replace("text_model.embeddings.position_embedding.weight", "positional_embedding")
        new = new.replace("text_model.embeddings.token_embedding", "token_embedding")
        new = new.replace("text_model.final_layer_norm", "ln_final").replace("self_attn", "attn")
        new = new.replace("text_model.encoder.layers.", "transformer.resblocks.")
        for number in (1, 2):
            new = new.replace(f"layer_norm{number}", f"ln_{number}")
        found[new.replace("mlp.fc1", "mlp.c_fc").replace("mlp.fc2", "mlp.c_proj")] = tensor
    for (layer, kind), three in parts.items():
        found[f"transformer.resblocks.{layer}.attn.in_proj_{kind}"] = torch.cat([three[part] for part in "qkv"])
    return found


def kohya_lora_name(module: str, is_sdxl: bool) -> str:
    """The name that the usual trainer gives to a layer of the drawing network: SDXL's by the original blocks."""
    if is_sdxl:
        # The closing dot stands for the parameter that the renaming expects.
        module = _unet_name(f"{module}.", attention_first=True).rstrip(".")
    return "lora_unet_" + module.replace(".", "_")
