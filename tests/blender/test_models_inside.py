"""Models of diffusion inside Blender."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from blender_inside import Inside
from lineboil.addon.engine.shot import create

SCRIPTED = Path(__file__).with_name("scripted_worker.py")


def write_head(path: Path, shapes: dict[str, list[int]]) -> None:
    """A file that has tensors of these shapes, all of one byte each as far as its size goes."""
    head, at = {}, 0
    for name, shape in shapes.items():
        size = 2
        for side in shape:
            size *= side
        head[name] = {"dtype": "F16", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(head).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + at)


@pytest.fixture(scope="module")
def found(inside: Inside, tmp_path_factory: pytest.TempPathFactory) -> dict:
    folder = tmp_path_factory.mktemp("models")
    create(folder / "shot", {})
    down = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"
    write_head(
        folder / "comfy/models/loras/ink.safetensors",
        {f"{down}.lora_down.weight": [4, 768], f"{down}.lora_up.weight": [320, 4], f"{down}.alpha": []},
    )
    write_head(
        folder / "comfy/models/checkpoints/mine.safetensors",
        {
            "model.diffusion_model.input_blocks.0.0.weight": [320, 4, 3, 3],
            "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": [320, 768],
            "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": [1, 768],
            "first_stage_model.decoder.conv_in.weight": [1, 4, 3, 3],
        },
    )
    return inside.run("models", folder, SCRIPTED, XDG_DATA_HOME=str(folder / "data"), HF_HOME=str(folder / "hub"))


def test_own_folders_are_looked_into(found: dict) -> None:
    assert found["folder"] == "FINISHED" and "nowhere" in found["no folder"]
    assert found["own"] == [["mine", True]] and found["loras"] == ["ink"]


def test_what_is_missing_follows_the_settings(found: dict) -> None:
    assert found["lacking"][0] == "sd15" and {"sd15-depth", "sd15-openpose"} <= set(found["lacking"])
    assert not {"sd15-depth", "sd15-openpose"} & set(found["fewer"]) and "sd15" in found["fewer"]


def test_models_are_chosen_and_loras_weighed(found: dict) -> None:
    assert found["family"] == ["sd15", "sdxl"]
    assert found["chosen"] == ["FINISHED", "sdxl", "auto", "sdxl"]
    assert found["vae"] == ["FINISHED", "sdxl-vae"]
    assert found["added"] == "/a/deep_folder/rain.safetensors:1, ink:1"
    assert found["weighed"] == ["FINISHED", "/a/deep_folder/rain.safetensors:1, ink:0.5"]
    assert "no such LoRA" in found["beyond"]
    assert found["removed"] == ["FINISHED", "ink:0.5"]


def test_buttons_ask_the_worker_after_telling_the_licence(found: dict) -> None:
    get, remove, said = found["commands"]
    assert get == ["models", "get", "sd15", "--accept-licence"] and remove == ["models", "remove", "sd15", "--sure"]
    assert "2.1 GB" in said and "read and accept" in said
    assert found["online"] == "online" or "Allow Online Access" in found["online"]
